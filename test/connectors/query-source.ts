import { parse } from 'csv-parse/sync';
import { sources } from '../../connectors/index.ts';
import type { Page } from '../../connectors/records.ts';
import type { PullFrom, Source } from '../../connectors/source.ts';
import type { Table } from '../../connectors/table.ts';
import type { Engine } from './database-connection.ts';

/** A kind of source whose rows are the result of a query. */
export type Kind = Engine | 'clickhouse';

export type Opening = {
  timezone?: string;
  signal?: AbortSignal;
  log?: (message: string, fields?: object) => void;
};

export function definitionOf(kind: Kind) {
  return sources[kind]!;
}

/** Opens a source with settings as they would stand in a job file. */
export async function openSource(kind: Kind, settings: object, opening: Opening = {}): Promise<Source> {
  const definition = definitionOf(kind);
  return definition.open(definition.settings.parse(settings), {
    folder: '/',
    timezone: opening.timezone ?? 'UTC',
    currency: 'EUR',
    signal: opening.signal ?? new AbortController().signal,
    backoff_ms: 1,
    log: opening.log ?? (() => undefined),
  });
}

export type Reading = {
  /** By table: its rows, null where they say so. */
  tables: { rows_before?: number; rows: Record<string, string | null>[] }[];
  rows: Record<string, string | null>[];
  /** In the order in which they came. */
  marks: string[];
  pages: Page[];
};

/** Pulls as the run does: a page is stored before the next is asked for. */
export async function read(source: Source, from: { mark?: string; since?: string } = {}): Promise<Reading> {
  const reading: Reading = { tables: [], rows: [], marks: [], pages: [] };
  for await (const page of source.pull(pullFrom(from))) {
    reading.pages.push(page);
    for (const table of page.tables ?? []) {
      const rows = rowsOf(Buffer.concat(await Array.fromAsync(bytesOf(table))));
      reading.tables.push({ rows_before: table.rows_before, rows });
      reading.rows.push(...rows);
    }
    if (page.marks) reading.marks.push(page.marks.query!);
  }
  return reading;
}

/** What a table streams. */
export function bytesOf({ rows }: Table): AsyncIterable<Uint8Array> {
  if (rows.format !== 'csv') throw new Error(`a table in ${rows.format}`);
  return rows.stream();
}

export function pullFrom({ mark, since = mark }: { mark?: string; since?: string }): PullFrom {
  const of = (text?: string) => new Map(text === undefined ? [] : [['query', text]]);
  return { marks: of(mark), since: of(since) };
}

/** Unquoted `\N` is null; quoted it is a text. */
function rowsOf(csv: Buffer): Record<string, string | null>[] {
  return parse(csv, {
    columns: true,
    cast: (cell, { quoting }) => (cell === '\\N' && !quoting ? null : cell),
  });
}
