import { parse } from 'csv-parse';
import { Readable } from 'node:stream';
import { PEEKED_ROWS, type Peek } from './peek.ts';
import { placeOf, readAddress } from './query-address.ts';
import type { QueryRequest } from './query-session.ts';
import { readStatement } from './query-text.ts';
import type { QueryKind } from './query.ts';
import { SyncError } from './error.ts';

/** Nobody waits longer for a first look. */
const TIMEOUT_MS = 60_000;

/**
 * Runs a query that takes no `{since}` and reads its first rows, in a transaction that only reads.
 * @throws SyncError `ARGUMENT_WRONG` where the URL is none; else what the database has to say
 */
export async function peekQuery(
  kind: QueryKind,
  { url, query }: { url: string; query: string },
  signal: AbortSignal,
): Promise<Peek> {
  const address = readAddress(url, kind);
  if ('problem' in address) {
    throw new SyncError({ code: 'ARGUMENT_WRONG', what: `The URL ${address.problem}.`, fix: 'Correct it.' });
  }
  const statement = readStatement(query, kind.dialect);
  if ('problem' in statement) throw new TypeError(`The query ${statement.problem}`);
  const driver = await kind.driver();
  const where = `${kind.type} ${placeOf(address)}`;
  const request: QueryRequest = { address, where, statement, timeout_ms: TIMEOUT_MS, signal };
  try {
    const session = await driver.connect(request);
    try {
      const columns = await session.describe();
      const rows: string[][] = [];
      const text = Readable.from(session.read(() => ''));
      for await (const row of text.pipe(parse({ relax_column_count: true }))) {
        rows.push((row as string[]).map((cell) => (cell === NULL ? '' : cell)));
        if (rows.length >= PEEKED_ROWS) break;
      }
      return { columns: columns.map(({ name, type }) => ({ name, type })), rows };
    } finally {
      await session.close();
    }
  } catch (error) {
    signal.throwIfAborted();
    throw error instanceof SyncError ? error : driver.explain(error, request);
  }
}

const NULL = String.raw`\N`;
