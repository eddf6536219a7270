import type { z } from 'zod';
import type { Page } from './records.ts';

/** What the run hands to a source. */
export type SourceContext = {
  /** Folder that relative paths in the job file are relative to. */
  folder: string;
  /** IANA zone for dates that carry none. */
  timezone: string;
  /** ISO 4217 code for amounts that carry none. */
  currency: string;
  signal: AbortSignal;
};

/**
 * A kind of source. This part is light (no SDK, no driver), so that loading a job file stays fast;
 * `open` loads the rest.
 */
export type SourceDefinition<Settings = unknown> = {
  type: string;
  title: string;
  settings: z.ZodType<Settings>;
  /** What tells this source from another in the store; records of a source that left the job no longer count. */
  identity(settings: Settings): string;
  /** Names of what else its customers carry (`Customer.extra`), as these settings say. */
  extra_fields?(settings: Settings): string[];
  open(settings: Settings, context: SourceContext): Promise<Source>;
};

export type Source = {
  /**
   * Proves that the source can be read, without reading it all: one line of fact per file, table or permission.
   * @throws SyncError where it cannot
   */
  check(): Promise<string[]>;
  /**
   * Yields every record, page by page, in bounded memory. A row that cannot be read becomes a rejection and the
   * rest goes on.
   * @throws SyncError when the source as a whole cannot be read (a missing file or column)
   */
  pull(): AsyncIterable<Page>;
};
