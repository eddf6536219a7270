import type { Page } from '../records.ts';
import type { Api } from './api.ts';
import { endOf, markOf, startBulk, type Ended } from './bulk.ts';
import { download } from './download.ts';
import { problem } from './failure.ts';
import { families } from './join.ts';
import { CHILDREN, TYPES, type Part } from './queries.ts';
import type { Raw, RecordReader } from './records.ts';
import type { Spool } from './spool.ts';

/** A part that is read by a bulk operation: what it was asked, and which one works on it. */
export type Bulk = { part: Part; query: string; id: string };

const ROOTS_A_PAGE = 500;
/** An operation that failed or is there no more is begun anew once in a pull. */
const ATTEMPTS = 2;

/** The mark that lets a killed run go on with the operation instead of beginning another. */
export function bulkMark({ part, query, id }: Bulk): Record<string, string> {
  return { [`${part}.bulk`]: markOf(id, query) };
}

/**
 * Waits for the operation, brings its result and yields the records in it; the last page carries the mark of the part,
 * which is when the operation began by Shopify's own clock: what changed since then is read again by the next pull.
 * @param incomplete gets a sentence where there is no whole result
 */
export async function* bulkPages(
  api: Api,
  bulk: Bulk,
  reader: RecordReader,
  incomplete: string[],
): AsyncGenerator<Page> {
  const { part, query } = bulk;
  let why = '';
  for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
    if (attempt > 1) {
      bulk.id = await startBulk(api, query);
      yield { marks: bulkMark(bulk) };
    }
    const ended = await endOf(api, bulk.id);
    if (ended.how === 'completed') {
      // Orders come last, so that from here on it is known how much there is in all.
      if (part === 'orders') yield { expected: reader.seen() + ended.state.rootObjectCount };
      await using spool = ended.state.url ? await download(api, bulk.id) : undefined;
      const isWhole = spool ? yield* spoolPages(spool, part, reader) : !ended.state.url;
      if (isWhole) {
        yield { marks: { [part]: ended.state.createdAt, [`${part}.bulk`]: '' } };
        return;
      }
    }
    why = whyNot(api.shop, part, ended);
  }
  yield { marks: { [`${part}.bulk`]: '' } };
  incomplete.push(why);
}

/** @returns false when the file turns out to be cut off; the records before are harmless upserts */
async function* spoolPages(spool: Spool, part: Part, reader: RecordReader): AsyncGenerator<Page, boolean> {
  try {
    for await (const raws of rawsIn(spool, part)) yield reader.read(part, raws).page;
    return true;
  } catch (error) {
    if (error instanceof SyntaxError) return false;
    throw error;
  }
}

/** Records as the pages of the API have them. */
async function* rawsIn(spool: Spool, part: Part): AsyncGenerator<Raw[]> {
  if (!CHILDREN[part]) {
    for await (const lines of spool.lines()) {
      for (const some of chunks(lines)) yield some.map((line) => ({ node: JSON.parse(line), children: [] }));
    }
    return;
  }
  for await (const heap of families(spool, TYPES[part])) {
    for (const some of chunks(heap)) {
      yield some.map(({ root, children }) => ({
        node: JSON.parse(root) as unknown,
        children: children.map((child) => JSON.parse(child) as unknown),
      }));
    }
  }
}

function* chunks<T>(items: readonly T[]): Generator<T[]> {
  for (let at = 0; at < items.length; at += ROOTS_A_PAGE) yield items.slice(at, at + ROOTS_A_PAGE);
}

/** @throws SyncError where asking again is of no use */
function whyNot(shop: string, part: Part, ended: Ended): string {
  if (ended.how !== 'failed') return `Shopify's result with all ${part} was there no more, twice.`;
  if (ended.code === 'ACCESS_DENIED') {
    throw problem(shop, {
      code: 'SOURCE_PERMISSION',
      retry: 'never',
      what: `The app may not read all that is asked of ${part}.`,
      why: 'The bulk operation ended with ACCESS_DENIED.',
      fix: 'Give it the scopes of the README, and access to protected customer data; `check` says what is missing.',
    });
  }
  return `Shopify could not put all ${part} together (${ended.code}), twice.`;
}
