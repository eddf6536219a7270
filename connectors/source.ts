import type { z } from 'zod';
import type { Peek, PeekPlace } from './peek.ts';
import type { Page } from './records.ts';

/** The ClickHouse server that holds the program's own tables, as far as a source that lives there may use it. */
export type EngineServer = {
  host: string;
  port: number;
  user: string;
  database: string;
  /** Reads a small result, all rows at once; 64-bit integers are texts. */
  query<Row>(sql: string, params?: Record<string, unknown>): Promise<Row[]>;
};

/** What the run hands to a source. */
export type SourceContext = {
  /** Folder that relative paths in the job file are relative to. */
  folder: string;
  /** IANA zone for dates that carry none. */
  timezone: string;
  /** ISO 4217 code for amounts that carry none. */
  currency: string;
  /** Aborts waiting and reading. */
  signal: AbortSignal;
  /** First wait before a request is tried again, in milliseconds; it doubles from there. */
  backoff_ms: number;
  /** Absent where the engine is the one that comes with the program, which holds nothing but our tables. */
  engine?: EngineServer;
  /** One structured line; `fields` hold no personal content and no secret. */
  log(message: string, fields?: Record<string, unknown>): void;
};

/**
 * How a part of a source tells what is new: by a field that grows whenever a record changes.
 * The next pull asks for what is no older than the greatest value seen, less `lag_ms` for records that come late.
 */
export type Cursor = {
  /** The field, as the source calls it. */
  field: string;
  lag_ms: number;
  /** Where the first pull begins, an ISO time; everything there is unless given. */
  start?: string;
};

/** Where a pull begins. */
export type PullFrom = {
  /**
   * By part of the source, in its own words (`orders`, the name of a file): how far earlier pulls came, as their pages
   * said. Empty at the first pull, when the settings of the source changed, and when all is asked for anew.
   */
  marks: ReadonlyMap<string, string>;
  /**
   * By part with a cursor: records that changed at this moment or later are asked for. It is the mark less the lag, or
   * what the operator or `start` says; absent where everything is asked for.
   */
  since: ReadonlyMap<string, string>;
};

/** The first pull of a source without a start. */
export const FROM_THE_BEGINNING: PullFrom = { marks: new Map(), since: new Map() };

/**
 * A kind of source. This part is light (no SDK, no driver), so that loading a job file stays fast;
 * `open` loads the rest.
 */
export type SourceDefinition<Settings = unknown> = {
  type: string;
  title: string;
  settings: z.ZodType<Settings>;
  /**
   * What tells this source from another in the store; records of a source that left the job no longer count.
   * Holds no secret.
   */
  identity(settings: Settings): string;
  /** The parts that can tell what is new, as these settings say; a part without a cursor is read whole each time. */
  cursors?(settings: Settings): Record<string, Cursor>;
  /** Names of what else its customers carry (`Customer.extra`), as these settings say. */
  extra_fields?(settings: Settings): string[];
  open(settings: Settings, context: SourceContext): Promise<Source>;
  /** Looks at a table that no job describes yet; absent where a source needs no columns told. */
  peek?(place: PeekPlace, signal: AbortSignal): Promise<Peek>;
};

export type Source = {
  /**
   * Proves that the source can be read, without reading it all: one line of fact per file, table or permission.
   * @throws SyncError where it cannot
   */
  check(): Promise<string[]>;
  /**
   * Yields the records from there on, page by page, in bounded memory. A row that cannot be read becomes a rejection
   * and the rest goes on. The marks of a page are kept once it and all before it are stored: a pull that is cut off
   * goes on from them, and the next one begins there.
   * @throws SyncError when the source as a whole cannot be read (a missing file or column, a refused key)
   */
  pull(from: PullFrom): AsyncIterable<Page>;
};
