import type { ColumnSettings } from './columns.ts';
import type { Page } from './records.ts';

/**
 * Rows as they are at the source, for the engine to read whole: there may be millions of them, and to look at each in
 * this process would take longest of all. What the columns mean is told as data; the run makes records of the rows,
 * with the reasons of those that are none.
 */
export type Table = {
  /** As people know it: the name of a file, or `query`. Rejections name it. */
  name: string;
  rows: TableRows;
  /** For a part of a longer result: how many of its rows came before. Such a part may be empty. */
  rows_before?: number;
  meaning: TableMeaning;
  /** The version of every row without `updated_at`, as in the records. */
  version: number;
  /** ISO time of descriptions without `updated_at`: when the file was changed, or the query made. */
  modified_at: string;
  /** The lines on which rows begin, by their ordinals; without it a row is told by its ordinal. */
  linesOf?(rows: readonly number[]): Promise<number[]>;
  /** The same records, read row by row: taken where the engine cannot split the rows, of which then none is kept. */
  oneByOne?(): AsyncIterable<Page>;
};

/** What the columns of a table mean. Texts are read as in the CSV source. */
export type TableMeaning = Omit<ColumnSettings, 'columns'> & {
  columns: NonNullable<ColumnSettings['columns']>;
  dates: 'iso' | 'ymd' | 'dmy' | 'mdy';
  decimal: '.' | ',';
};

/**
 * Where the rows come from. A stream is bytes in UTF-8, read once, before the next page is asked for:
 * `csv` is RFC 4180 with a line of column names; `\N` without quotes stands for null in rows of a database. A file is read by the engine itself where it can: Parquet, whose dates with a type
 * are read whatever `dates` says, or JSON, an object a line. A line that is none is rejected; of nested objects a
 * column is named with dots (`customer.email`). A query reads tables that the engine's own server holds beside ours.
 */
export type TableRows =
  | { format: 'csv'; from: 'database' | 'file'; delimiter?: string; stream(): AsyncIterable<Uint8Array> }
  | { format: 'parquet' | 'jsonl'; file: LocalFile | StoredFile }
  | { format: 'query'; query: PlacedQuery };

/** A query that the engine reads itself, proved to be one SELECT. */
export type PlacedQuery = {
  /** Its columns are texts or null, c1, c2 and so on, in the order of `names`. */
  sql: string;
  params: Record<string, unknown>;
  names: readonly string[];
  /** Settings that it is to be read with, as SQL. */
  settings: readonly string[];
  /** Makes our error of what the engine throws. */
  explain(error: unknown): unknown;
};

/**
 * What Google Analytics 4 exported of a site, an event a row, under its own names of columns: for the engine to make of
 * it one visit of each person and day, and to find who placed which order.
 */
export type AnalyticsTable = { name: string; rows: FileRows };

export type FileRows = Extract<TableRows, { file: unknown }>;

/** A file of this machine, by its full path; packed where the name ends so. */
type LocalFile = { path: string; packed?: 'gz' | 'zst' };

/** An object in S3-compatible storage. Without keys it is asked for as anybody may. */
type StoredFile = { url: string; access_key?: string; secret_key?: string; packed?: 'gz' | 'zst' };
