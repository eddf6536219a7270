import type { Acknowledgement, Change, Outcome } from '../destination.ts';
import { SyncError } from '../error.ts';
import { findInvalid } from './invalid.ts';
import { logDropped, logInvalid, outcomeOf } from './outcome.ts';
import { readWhole, replaceAll } from './replace.ts';
import { ADD_SCHEMA, addition, REMOVE_SCHEMA, removal, VALUE_SCHEMA, valuedAddition } from './rows.ts';
import { inBatches, openSession, type Batch, type Sending } from './upload.ts';
import { TOO_SMALL } from './verdict.ts';

/**
 * Sends removals, then additions; they cannot share a request unless the audience is written whole. Someone whose
 * address changed leaves under the old one and joins under the new, and for Meta both may be one person, who must end
 * up inside: so removals come first. One that would leave too few people is sent again after the additions.
 */
export async function* pushChange(change: Change, sending: Sending): AsyncGenerator<Acknowledgement> {
  const whole = sending.replace && (await readWhole(change, sending.valued));
  if (whole && (yield* replaceAll(change, whole, sending))) return;

  const leaving = openLane(change, 'remove', sending);
  const joining = openLane(change, 'add', sending);
  try {
    let small: Sent | undefined;
    while (!small) {
      const sent = await leaving.next();
      if (!sent) break;
      if (sent.too_small && change.counts.add > 0) small = sent;
      else yield { added: [], removed: sent.outcomes, requests: sent.requests };
    }
    for (let sent = await joining.next(); sent; sent = await joining.next()) {
      yield { added: sent.outcomes, removed: [], requests: sent.requests };
    }
    if (!small) return;
    const { outcomes, requests } = await leaving.again();
    yield { added: [], removed: outcomes, requests: small.requests + requests };
    for (let sent = await leaving.next(); sent; sent = await leaving.next()) {
      yield { added: [], removed: sent.outcomes, requests: sent.requests };
    }
  } finally {
    await Promise.all([leaving.close(), joining.close()]);
  }
}

type Sent = { outcomes: Outcome[]; requests: number; too_small: boolean };

/** One direction of a change: its batches, in one session. `again` repeats the batch sent last. */
function openLane(change: Change, direction: 'add' | 'remove', { valued, send, log }: Sending) {
  const adding = direction === 'add';
  const schema = adding ? (valued ? VALUE_SCHEMA : ADD_SCHEMA) : REMOVE_SCHEMA;
  const prepare = adding ? (valued ? valuedAddition : addition) : removal;
  const method = adding ? undefined : 'DELETE';
  const total = change.counts[direction];
  const session = openSession(schema, total, send, method);
  const batches = inBatches(change[direction](), prepare);
  let current: Batch = { uploads: [], last: false };

  async function deliver(): Promise<Sent> {
    const { uploads, last } = current;
    const rows = uploads.flatMap(({ row }) => (row ? [row] : []));
    const sent = { requests: 0, too_small: false };
    const attempted = () => void (sent.requests += 1);
    if (rows.length === 0) return { ...sent, outcomes: uploads.map((upload) => outcomeOf(upload)) };
    logDropped(uploads, log);
    const answer = await session(rows, last, attempted).catch(ifTooSmall);
    if (answer instanceof SyncError) {
      log('removal refused', { reason: answer.problem.what, members: rows.length });
      const outcomes = uploads.map((upload) => outcomeOf(upload, answer));
      return { requests: sent.requests, outcomes, too_small: true };
    }
    const invalid = await findInvalid(uploads, answer, (rest) =>
      openSession(schema, rest.length, send, method)(rest, true, attempted),
    );
    logInvalid(invalid, log);
    return { ...sent, outcomes: uploads.map((upload) => outcomeOf(upload, invalid)) };
  }

  return {
    async next(): Promise<Sent | undefined> {
      const step = await batches.next();
      if (step.done) return undefined;
      current = step.value;
      return deliver();
    },
    again: deliver,
    close: () => batches.return(undefined),
  };
}

function ifTooSmall(error: unknown): SyncError {
  if (error instanceof SyncError && error.problem.code === TOO_SMALL) return error;
  throw error;
}
