import type { TableMeaning } from '../../../connectors/index.ts';
import type { Columns } from './sql.ts';

/** What the rows of a table are read with, beside their meaning. */
export type Reading = {
  meaning: TableMeaning;
  /** For amounts that carry no currency. */
  currency: string;
  /** Of rows without `updated_at`. */
  version: number;
  modified_at: string;
  /** Every column of the table as it stands there, in its order. */
  row: readonly string[];
};

/** Something worth telling once per table: how often `where` is true, and the words that show it. */
export type Note = { what: string; where: string; word?: string };

/** Records that a kind of rows makes: a table of the store, and the value of each of its columns. */
export type Made = { table: string; where?: string; columns: Columns };

/**
 * How one kind of rows is read. Rows are read once into a table of their own, as far as the cells alone say; what
 * needs more (the clock of the zone, the form of phone numbers, who was erased) is added when records are made of it.
 */
export type Kind = {
  /**
   * From `t_FIELD`, the trimmed cells, to `stored`; beside those `reason`, '' or why (part of) the row was left out,
   * and `taken`, whether it is a record.
   */
  steps: Columns[];
  /** What is kept of a row, and its type. */
  stored: Record<string, string>;
  /** Columns of dates among them: milliseconds, of the local clock where `NAME_local`. */
  dates: readonly string[];
  /** In the order in which one row makes them. */
  notes: readonly Note[];
  /**
   * In the order in which they are stored. They may use what is stored, dates as milliseconds of UTC, `email`, and
   * `e164` in place of `phone`.
   */
  makes: readonly Made[];
};
