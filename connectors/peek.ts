/** Where a table is, of which nothing is known but that: a file by its full path, or a query by the URL of its database. */
export type PeekPlace = { path: string; encoding?: string } | { url: string; query: string };

/** The first rows of a table, as texts; what is not there is ''. */
export type Peek = {
  columns: { name: string; /** The server's own name of it, where there is one. */ type?: string }[];
  rows: string[][];
  /** The encoding that was found, of a file of text. */
  encoding?: string;
};

/** So many rows at most are looked at. */
export const PEEKED_ROWS = 10_000;
