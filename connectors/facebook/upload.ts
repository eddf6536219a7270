import { randomInt } from 'node:crypto';
import { z } from 'zod';
import { batches } from '../batches.ts';
import type { Member } from '../destination.ts';
import type { Log } from './outcome.ts';
import type { Column, Row, Upload } from './rows.ts';
import { ROWS_PER_REQUEST } from './schema.ts';

/** The body of `POST /<audience>/users` and `/usersreplace`; `method` turns the first into a removal. */
type UsersRequest = {
  payload: { schema: readonly Column[]; data: Row[] };
  session: { session_id: number; batch_seq: number; last_batch_flag: boolean; estimated_num_total: number };
  method?: 'DELETE';
};

/** Meta reports on a batch as a whole; a row is only named where it is among the samples. */
export const UsersAnswer = z.object({
  num_received: z.coerce.number(),
  num_invalid_entries: z.coerce.number().default(0),
  invalid_entry_samples: z.unknown().optional(),
});
export type UsersAnswer = z.output<typeof UsersAnswer>;

/** Sends one request, again where that helps; `attempted` is called for each time. */
export type Send = (request: UsersRequest, attempted: () => void) => Promise<UsersAnswer>;

/** What a push needs of the destination. */
export type Sending = {
  /** Whether the audience ranks its members by value. */
  valued: boolean;
  /** Present where the audience may be written whole: nobody else puts people into it. */
  replace?: Send;
  send: Send;
  log: Log;
};

/**
 * Opens an upload session: one schema, batches counted from 1. A batch that fails keeps its number.
 *
 * @param total how many members are to come, as far as known
 */
export function openSession(
  schema: readonly Column[],
  total: number,
  send: Send,
  method?: 'DELETE',
): (rows: Row[], last: boolean, attempted: () => void) => Promise<UsersAnswer> {
  // Unique within the ad account, and small enough that JSON numbers keep every digit.
  const session_id = randomInt(1, 2 ** 48 - 1);
  let sent = 0;
  return async (rows, last_batch_flag, attempted) => {
    const session = { session_id, batch_seq: sent + 1, last_batch_flag, estimated_num_total: total };
    const request = { payload: { schema, data: rows }, session, ...(method ? { method } : {}) };
    const answer = await send(request, attempted);
    sent += 1;
    return answer;
  };
}

export type Batch = { uploads: Upload[]; last: boolean };

/**
 * Groups members into requests and marks the last one, by reading one batch ahead: the announced count is only an
 * estimate. Members that cannot be sent take no row; a batch of nothing else is passed on at once.
 */
export async function* inBatches(
  members: AsyncIterable<Member>,
  prepare: (member: Member) => Upload,
): AsyncGenerator<Batch> {
  const rows = { limit: ROWS_PER_REQUEST, of: (upload: Upload) => (upload.row ? 1 : 0) };
  let waiting: Upload[] | undefined;
  for await (const uploads of batches(mapped(members, prepare), 2 * ROWS_PER_REQUEST, rows)) {
    if (!uploads.some((upload) => upload.row)) {
      yield { uploads, last: false };
      continue;
    }
    if (waiting) yield { uploads: waiting, last: false };
    waiting = uploads;
  }
  if (waiting) yield { uploads: waiting, last: true };
}

async function* mapped<T, U>(items: AsyncIterable<T>, change: (item: T) => U): AsyncGenerator<U> {
  for await (const item of items) yield change(item);
}
