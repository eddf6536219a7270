import type { Field, TableMeaning } from '../../../connectors/index.ts';
import { type Columns, together } from './sql.ts';

/** What the rows of a table are read with, beside their meaning. */
export type Reading = {
  meaning: TableMeaning;
  /** For amounts that carry no currency. */
  currency: string;
  /** Of rows without `updated_at`. */
  version: number;
  modified_at: string;
  /** Fields whose column holds dates as dates: the engine writes them as ISO, whatever `dates` says. */
  iso: ReadonlySet<string>;
  /**
   * Whether only cells are read that are written as programs write them, which is most rows of most tables and far
   * cheaper; `plain` then says of which rows what was read holds.
   */
  quick: boolean;
};

/** Some columns of a kind: how they are read of the cells and kept, or what they are where the table lacks them. */
export type Part = Pick<Kind, 'steps' | 'stored' | 'absent' | 'plain'>;

/** Columns that are read of one cell each: the field, SQL over `t_FIELD`, its type, and its value without the field. */
export function part(
  { meaning }: Reading,
  columns: Record<string, [field: Field, sql: string, type?: string, absent?: string]>,
): Part {
  const steps: Columns = {};
  const stored: Record<string, string> = {};
  const absent: Columns = {};
  for (const [name, [field, sql, type = 'String', otherwise = "''"]] of Object.entries(columns)) {
    if (meaning.columns[field] === undefined) absent[name] = otherwise;
    else {
      steps[name] = sql;
      stored[name] = type;
    }
  }
  return { steps: [steps], stored, absent };
}

export function parts(...all: readonly Part[]): Part {
  return {
    steps: together(...all.map(({ steps }) => steps)),
    stored: Object.assign({}, ...all.map(({ stored }) => stored)) as Part['stored'],
    absent: Object.assign({}, ...all.map(({ absent }) => absent)) as Columns,
    plain: all.flatMap(({ plain = [] }) => plain),
  };
}

/** Something worth telling once per table: how often `where` is true, and the words that show it. */
export type Note = { what: string; where: string; word?: string };

/** Records that a kind of rows makes: a table of the store, and the value of each of its columns. */
export type Made = {
  table: string;
  where?: string;
  columns: Columns;
  /** Many rows say the same, in these of their columns: they make one record, with the greatest of some SQL as `newest`. */
  newest?: { of: string; says: readonly string[] };
};

/**
 * How one kind of rows is read. Rows are read once into a table of their own, as far as the cells alone say; what
 * needs more (the clock of the zone, the form of phone numbers, who was erased) is added when records are made of it.
 */
export type Kind = {
  /**
   * From `t_FIELD`, the trimmed cells, and `whole`, all cells of the row as they stand there, to `stored`; beside those `reason`, '' or why (part of) the row was left out,
   * and `taken`, whether it is a record.
   */
  steps: Columns[];
  /** What is kept of a row, and its type. Of dates: milliseconds, of the local clock where `NAME_local`. */
  stored: Record<string, string>;
  /** What the rest is, because the table lacks the column. */
  absent: Columns;
  /** Read quickly, what was read holds where all of these are true. */
  plain?: readonly string[];
  /** In the order in which one row makes them. */
  notes: readonly Note[];
  /** A column that is to be told of where a record has the same as the one before it. */
  repeats?: { what: string; column: string };
  /**
   * One list after the other, those of a list side by side. They may use what is stored, dates as milliseconds of UTC, `email`, and
   * `e164` in place of `phone`.
   */
  makes: readonly (readonly Made[])[];
};
