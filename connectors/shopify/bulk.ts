import { hash } from 'node:crypto';
import { pause } from '../clock.ts';
import type { Api } from './api.ts';
import { problem, scrub } from './failure.ts';
import { LOOK_AT_BULK, START_BULK } from './queries.ts';
import { BulkLook, BulkStart, type BulkState } from './replies.ts';

/** The first look comes soon, since an operation on a small shop is a matter of seconds. */
const FIRST_LOOK_MS = 1_000;
const LONGEST_LOOK_MS = 60_000;
/** An operation may take days; a run does not wait for so long. The next one goes on with it. */
const LONGEST_WAIT_MS = 6 * 3_600_000;
/** Others of the same app may have their five operations under way. */
const LONGEST_QUEUE_MS = 30 * 60_000;
const QUEUE_LOOK_MS = 15_000;

/** How an operation ended: with a result (none where it is empty), failed, or in a way that leaves nothing. */
export type Ended =
  { how: 'completed'; state: BulkState } | { how: 'failed'; code: string } | { how: 'gone' };

/** The mark of an operation under way: which one, and what it was asked. */
export function markOf(id: string, query: string): string {
  return `${id} ${digest(query)}`;
}

/** @returns the operation in a mark, if it was asked the same */
export function operationIn(mark: string | undefined, query: string): string | undefined {
  const [id, asked] = mark?.split(' ') ?? [];
  return asked === digest(query) ? id : undefined;
}

function digest(query: string): string {
  return hash('sha256', query).slice(0, 16);
}

/**
 * Starts an operation, after others of the same app where all places are taken.
 * @returns its id
 * @throws SyncError when Shopify refuses the query, or no place becomes free
 */
export async function startBulk(api: Api, query: string): Promise<string> {
  for (let waited = 0; ; waited += QUEUE_LOOK_MS) {
    const { data } = await api.ask(START_BULK, { query }, BulkStart);
    const { bulkOperation, userErrors } = data.bulkOperationRunQuery;
    if (bulkOperation) return bulkOperation.id;
    const [first] = userErrors;
    const full = userErrors.some(({ code }) => code === 'LIMIT_REACHED' || code === 'OPERATION_IN_PROGRESS');
    if (!full || waited >= LONGEST_QUEUE_MS) throw notStarted(api.shop, full, first?.message ?? '');
    await pause(api.clock, QUEUE_LOOK_MS, api.signal);
  }
}

/**
 * Waits until an operation has ended.
 * @throws SyncError after six hours; the operation goes on and the next run with it
 */
export async function endOf(api: Api, id: string): Promise<Ended> {
  let wait = FIRST_LOOK_MS;
  for (let waited = 0; waited < LONGEST_WAIT_MS; waited += wait) {
    const state = await lookAt(api, id);
    const ended = endIn(state);
    if (ended) return ended;
    await pause(api.clock, wait, api.signal);
    wait = Math.min(LONGEST_LOOK_MS, wait * 1.5);
  }
  throw problem(api.shop, {
    code: 'SOURCE_NOT_READY',
    retry: 'next_run',
    what: 'Shopify has been putting the records together for six hours, and is not done.',
    fix: 'Nothing to do: Shopify goes on, and the next run takes the result.',
  });
}

export async function lookAt(api: Api, id: string): Promise<BulkState | null> {
  const { data } = await api.ask(LOOK_AT_BULK, { id }, BulkLook);
  return data.bulkOperation;
}

function endIn(state: BulkState | null): Ended | undefined {
  switch (state?.status) {
    case 'CREATED':
    case 'RUNNING':
    case 'CANCELING':
      return undefined;
    case 'COMPLETED':
      // No file is right only where there was nothing to write.
      return state.url || state.objectCount === 0 ? { how: 'completed', state } : { how: 'gone' };
    case 'FAILED':
      return { how: 'failed', code: state.errorCode ?? 'unknown' };
    default:
      return { how: 'gone' };
  }
}

function notStarted(shop: string, full: boolean, said: string) {
  const why = said ? `Shopify says: "${scrub(said)}".` : undefined;
  if (full) {
    return problem(shop, {
      code: 'SOURCE_THROTTLED',
      retry: 'next_run',
      what: 'Five bulk operations of this app have been under way for half an hour; there is no place for another.',
      why,
      fix: 'See what else uses the same app, or give this program an app of its own.',
    });
  }
  return problem(shop, {
    code: 'SOURCE_ANSWER',
    retry: 'never',
    what: 'Shopify refuses the bulk operation.',
    why,
    fix: 'See that the app has the scopes of the README, as `check` lists them; else report it.',
  });
}
