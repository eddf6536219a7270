import type { Address } from './query-address.ts';
import type { SyncError } from './error.ts';
import type { Statement } from './query-text.ts';

/** What the values of a column are, as far as cursors care; `list` is several in one. */
export type ColumnKind = 'instant' | 'local_time' | 'date' | 'integer' | 'list' | 'other';

/** A column of a query's result; `type` is the server's own name of it. */
export type QueryColumn = { name: string; type: string; kind: ColumnKind };

/** The least values that a server compares with, in its own words. */
type Earliest = { time: string; integer: string };

/** Writes where the pull begins as a value of that kind, for the server to compare with; an instant is in UTC. */
export type SinceText = (kind: ColumnKind, earliest: Earliest) => string;

/** Who asks whom what. */
export type QueryRequest = {
  address: Address;
  /** The database, for people. */
  where: string;
  /** Certificates to trust instead of the usual ones, as PEM. */
  ca?: string;
  statement: Statement;
  /** The column that `{since}` is compared with. */
  cursor?: string;
  /** How long the server may work on the statement. */
  timeout_ms: number;
  signal: AbortSignal;
};

/**
 * One connection to a database, in a transaction that only reads and sees the data as they were when it began. All of
 * it throws what the driver throws; `explain` makes that ours.
 */
export type Session = {
  /** `PostgreSQL 15.20`. */
  server: string;
  /** The version of TLS, if it is used. */
  tls?: string;
  /** No connection: the engine reads the rows where they are. */
  in_place?: true;
  /** When the transaction began by the server's clock, ISO. */
  now: string;
  /** Proves the query, without running it. */
  describe(): Promise<QueryColumn[]>;
  /** Whether an index finds the rows after `{since}`. */
  usesIndex(since: SinceText): Promise<boolean>;
  /**
   * Runs the query: RFC 4180 in UTF-8 without a line of names, `\N` for null, line feeds behind rows, cut anywhere.
   * Times are ISO with a space and digits down to what the column holds; instants carry their offset.
   */
  read(since: SinceText): AsyncIterable<Uint8Array>;
  /** Leaves; a statement that still runs is stopped on the server. */
  close(): Promise<void>;
};

/** A host that is up answers within this, TLS and password included. */
export const CONNECT_MS = 10_000;

/** What a server is given beyond its own limit of time to say that the limit is reached. */
export const GRACE_MS = 10_000;

/** A kind of database. */
export type Driver = {
  connect(request: QueryRequest): Promise<Session>;
  /** @returns our error for what `connect` or a session threw; nothing of rows or secrets is in it */
  explain(error: unknown, request: QueryRequest): SyncError;
};
