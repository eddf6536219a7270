import { stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { mkdtemp, rm } from 'node:fs/promises';
import { basename, extname, join, resolve } from 'node:path';
import { PEEKED_ROWS, sources, SyncError, type Peek } from '../../../connectors/index.ts';
import { literal } from '../../engine/literal.ts';
import type { CommandContext } from '../command.ts';
import { readTables, type Tables } from './tables.ts';

/** What stands at the place that was named. */
export type Look =
  | { type: 'csv'; path: string; shopify: boolean; peek: Peek }
  | { type: 'files'; path: string; format: 'parquet' | 'jsonl'; peek: Peek }
  | { type: 'postgres' | 'mysql'; url: string; /** As `${NAME}`. */ secret: string; tables: Tables };

/** How a place was named on the command line. */
type Named = { source: string; format?: string; encoding?: string };

/**
 * Looks at a file or a database.
 * @throws SyncError `ARGUMENT_WRONG` where there is nothing that init knows, else what the source has to say
 */
export async function look(context: CommandContext, { source, format, encoding }: Named): Promise<Look> {
  const type = databaseOf(source, context.env);
  if (type) return { ...type, tables: await readTables(type, context.signal) };
  const path = resolve(source);
  const found = await stat(path).catch(() => undefined);
  if (!found?.isFile()) throw noFile(source, found?.isDirectory() ?? false);
  const kind = format === 'shopify' || format === 'csv' ? undefined : (kindOf(format) ?? kindOf(endOf(path)));
  if (kind) return { type: 'files', path, format: kind, peek: await peekFile(context, path, kind) };
  const peek = await sources['csv']!.peek!({ path, encoding }, context.signal);
  const names = peek.columns.map(({ name }) => name);
  const isExport = SHOPIFY.every((name) => names.includes(name));
  if (format === 'shopify' && !isExport)
    throw noExport(
      source,
      SHOPIFY.filter((name) => !names.includes(name)),
    );
  return { type: 'csv', path, shopify: isExport && format !== 'csv', peek };
}

/** Columns that together only Shopify's export of orders has. */
const SHOPIFY = ['Name', 'Email', 'Financial Status', 'Created at', 'Lineitem name'];

/** A name for a job that reads this: of the file, or of the database. */
export function nameOf(found: Look): string {
  const text = 'url' in found ? new URL(found.url).pathname : basename(found.path).replace(/\..*$/, '');
  const plain = text
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-+|-+$/g, '');
  return plain || 'shop';
}

export type Database = { type: 'postgres' | 'mysql'; url: string; secret: string };

const SCHEMES = { postgres: 'postgres', postgresql: 'postgres', mysql: 'mysql', mariadb: 'mysql' } as const;

/** A URL, or a variable that holds one: `${SHOP_DB_URL}`. */
function databaseOf(source: string, env: CommandContext['env']): Database | undefined {
  const [, variable] = /^\$\{(\w+)\}$/.exec(source) ?? [];
  const url = variable === undefined ? source : env[variable];
  if (variable !== undefined && !url) {
    throw new SyncError({
      code: 'ARGUMENT_WRONG',
      what: `The variable ${variable} is not set.`,
      fix: `Set it to the URL of the database, as in export ${variable}=postgres://user:password@host/shop.`,
    });
  }
  const scheme = /^([a-z]+):\/\//.exec(url ?? '')?.[1] ?? '';
  const type = SCHEMES[scheme as keyof typeof SCHEMES];
  return type && { type, url: url!, secret: `\${${variable ?? 'SHOP_DB_URL'}}` };
}

function endOf(path: string): string {
  return extname(path).slice(1).toLowerCase();
}

function kindOf(word: string | undefined): 'parquet' | 'jsonl' | undefined {
  if (word === 'parquet' || word === 'pq') return 'parquet';
  return word === 'jsonl' || word === 'ndjson' || word === 'json' ? 'jsonl' : undefined;
}

/** The engine reads the first rows; it works in a store of its own, which is gone at the end. */
async function peekFile(context: CommandContext, path: string, kind: 'parquet' | 'jsonl'): Promise<Peek> {
  const state = await mkdtemp(join(tmpdir(), 'segment-sync-init-'));
  try {
    const engine = await context.engine(state);
    const table = `file(${literal(path)}, ${kind === 'parquet' ? 'Parquet' : 'JSONEachRow'})`;
    const rows = await engine.query<Record<string, unknown>>(`SELECT * FROM ${table} LIMIT ${PEEKED_ROWS}`);
    const flat = rows.map((row) => flattened(row));
    const names = [...new Set(flat.flatMap((row) => [...row.keys()]))];
    return {
      columns: names.map((name) => ({ name })),
      rows: flat.map((row) => names.map((name) => row.get(name) ?? '')),
    };
  } finally {
    await context.closeEngine();
    await rm(state, { recursive: true, force: true, maxRetries: 20 });
  }
}

/** Nested objects by names with dots, as the source `files` knows them. */
function flattened(row: Record<string, unknown>, before = ''): Map<string, string> {
  return new Map(
    Object.entries(row).flatMap(([key, value]): [string, string][] => {
      const name = `${before}${key}`;
      if (value && typeof value === 'object' && !Array.isArray(value))
        return [...flattened(value as Record<string, unknown>, `${name}.`)];
      return [[name, value === null ? '' : Array.isArray(value) ? value.join(',') : String(value)]];
    }),
  );
}

function noFile(source: string, isFolder: boolean): SyncError {
  return new SyncError({
    code: 'ARGUMENT_WRONG',
    what: isFolder ? `${source} is a folder.` : `There is no file ${source}.`,
    fix: 'Name a file (CSV, Parquet, lines of JSON) or the URL of a database (postgres://…, mysql://…) with --source.',
  });
}

function noExport(source: string, missing: readonly string[]): SyncError {
  return new SyncError({
    code: 'ARGUMENT_WRONG',
    what: `${source} is not Shopify's export of orders.`,
    why: `It has no column ${missing.map((name) => `"${name}"`).join(', ')}.`,
    fix: 'In Shopify: Orders, Export, plain CSV. Leave --format out for a file of any other shape.',
  });
}
