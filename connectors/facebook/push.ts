import { randomInt } from 'node:crypto';
import { z } from 'zod';
import { batches } from '../batches.ts';
import type { Acknowledgement, Change, Member, Outcome } from '../destination.ts';
import { SyncError } from '../error.ts';
import type { MatchKey } from './hash.ts';
import { ADD_SCHEMA, addition, REMOVE_SCHEMA, removal, type Upload } from './rows.ts';
import { ROWS_PER_REQUEST } from './schema.ts';
import { TOO_SMALL } from './verdict.ts';

/** The body of `POST /<audience>/users`; `method` turns the same request into a removal. */
type UsersRequest = {
  payload: { schema: readonly MatchKey[]; data: string[][] };
  session: { session_id: number; batch_seq: number; last_batch_flag: boolean; estimated_num_total: number };
  method?: 'DELETE';
};

/** Meta reports on a batch as a whole; a row is only named where it is among the samples. */
export const UsersAnswer = z.object({
  num_received: z.coerce.number(),
  num_invalid_entries: z.coerce.number().default(0),
  invalid_entry_samples: z.unknown(),
});
export type UsersAnswer = z.output<typeof UsersAnswer>;

/** What a push needs of the destination: one request, retried and explained, and the log. */
export type Sending = {
  send: (request: UsersRequest, attempted: () => void) => Promise<UsersAnswer>;
  log: (message: string, fields: Record<string, unknown>) => void;
};

/** Sends additions, then removals: they cannot share a request. */
export async function* pushChange(change: Change, sending: Sending): AsyncGenerator<Acknowledgement> {
  for await (const { outcomes, requests } of sendAll(change, 'add', sending)) {
    yield { added: outcomes, removed: [], requests };
  }
  for await (const { outcomes, requests } of sendAll(change, 'remove', sending)) {
    yield { added: [], removed: outcomes, requests };
  }
}

type Answered = { outcomes: Outcome[]; requests: number };

async function* sendAll(
  change: Change,
  direction: 'add' | 'remove',
  { send, log }: Sending,
): AsyncGenerator<Answered> {
  const adding = direction === 'add';
  // Unique within the ad account, and small enough that JSON numbers keep every digit.
  const session_id = randomInt(1, 2 ** 48 - 1);
  let batch_seq = 0;
  for await (const { batch, last } of uploads(change[direction](), adding ? addition : removal)) {
    const rows = batch.flatMap(({ row }) => (row ? [row] : []));
    if (rows.length === 0) {
      yield { outcomes: batch.map((upload) => outcomeOf(upload)), requests: 0 };
      continue;
    }
    batch_seq += 1;
    const dropped = batch.reduce((sum, upload) => sum + (upload.row ? upload.dropped : 0), 0);
    if (dropped > 0) log('identifiers dropped that cannot be hashed', { dropped });
    const request: UsersRequest = {
      payload: { schema: adding ? ADD_SCHEMA : REMOVE_SCHEMA, data: rows },
      session: {
        session_id,
        batch_seq,
        last_batch_flag: last,
        estimated_num_total: change.counts[direction],
      },
      ...(adding ? {} : { method: 'DELETE' }),
    };
    let requests = 0;
    const answer = await send(request, () => (requests += 1)).catch(ifTooSmall);
    if (answer instanceof SyncError) {
      log('removal refused', { reason: answer.problem.what, members: rows.length });
      yield { outcomes: batch.map((upload) => outcomeOf(upload, answer)), requests };
      continue;
    }
    const invalid = invalidKeys(batch, answer.invalid_entry_samples);
    const counted = answer.num_invalid_entries;
    if (counted > 0) log('rows counted as invalid by Meta', { invalid: counted, named: invalid.size });
    yield { outcomes: batch.map((upload) => outcomeOf(upload, invalid)), requests };
  }
}

/**
 * Groups members into requests and marks the last one, by reading one batch ahead: the announced count is only an
 * estimate. Members that cannot be sent take no row; a batch of nothing else is passed on at once.
 */
async function* uploads(
  members: AsyncIterable<Member>,
  prepare: (member: Member) => Upload,
): AsyncGenerator<{ batch: Upload[]; last: boolean }> {
  const rows = { limit: ROWS_PER_REQUEST, of: (upload: Upload) => (upload.row ? 1 : 0) };
  let waiting: Upload[] | undefined;
  for await (const batch of batches(mapped(members, prepare), 2 * ROWS_PER_REQUEST, rows)) {
    if (!batch.some((upload) => upload.row)) {
      yield { batch, last: false };
      continue;
    }
    if (waiting) yield { batch: waiting, last: false };
    waiting = batch;
  }
  if (waiting) yield { batch: waiting, last: true };
}

async function* mapped<T, U>(items: AsyncIterable<T>, change: (item: T) => U): AsyncGenerator<U> {
  for await (const item of items) yield change(item);
}

/** Everything Meta did not name is done: there is no word on any other row. */
function outcomeOf(upload: Upload, trouble?: ReadonlySet<string> | SyncError): Outcome {
  const { key } = upload;
  if (!upload.row) return { key, result: 'refused', reason: upload.reason, permanent: true };
  if (trouble instanceof SyncError) {
    return { key, result: 'refused', reason: trouble.problem.what, permanent: false };
  }
  if (trouble?.has(key)) return { key, result: 'refused', reason: 'invalid entry', permanent: true };
  return { key, result: 'done' };
}

function ifTooSmall(error: unknown): SyncError {
  if (error instanceof SyncError && error.problem.code === TOO_SMALL) return error;
  throw error;
}

/** Members whose hashed e-mail address or phone number is among the samples, whatever shape those have. */
function invalidKeys(batch: readonly Upload[], samples: unknown): Set<string> {
  const hashes = new Set(JSON.stringify(samples ?? '').match(/[\da-f]{64}/g));
  if (hashes.size === 0) return new Set();
  const named = batch.filter(({ row }) => row?.slice(0, 2).some((cell) => hashes.has(cell)));
  return new Set(named.map(({ key }) => key));
}
