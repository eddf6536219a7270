import type { Acknowledgement, Change, Member, Outcome } from '../destination.ts';
import { SyncError } from '../error.ts';
import { findInvalid } from './invalid.ts';
import { logDropped, logInvalid, outcomeOf } from './outcome.ts';
import { ADD_SCHEMA, addition, VALUE_SCHEMA, valuedAddition, type Upload } from './rows.ts';
import { ROWS_PER_REQUEST } from './schema.ts';
import { openSession, type Sending } from './upload.ts';
import { REPLACING } from './verdict.ts';

/**
 * Reads everyone who shall be in the audience, where writing it whole takes fewer requests than the change.
 *
 * Only what fits one request is ever replaced. A replacement of several is not whole until its last batch: were it cut
 * short, the audience would hold what had arrived while the ledger still counts everyone else, and Meta never tells
 * who is inside. An empty audience is not written whole either: Meta is said to refuse that.
 *
 * @returns undefined where the change is to be sent instead
 */
export async function readWhole(change: Change, valued: boolean): Promise<Upload[] | undefined> {
  const { add, remove } = change.counts;
  if (Math.ceil(add / ROWS_PER_REQUEST) + Math.ceil(remove / ROWS_PER_REQUEST) < 2) return undefined;
  const whole: Upload[] = [];
  for await (const member of change.wanted()) {
    whole.push(valued ? valuedAddition(member) : addition(member));
    if (whole.length > ROWS_PER_REQUEST) return undefined;
  }
  return whole.some(({ row }) => row) ? whole : undefined;
}

/**
 * Writes an audience whole in one request.
 *
 * @returns false where Meta refuses to, and nothing was changed
 */
export async function* replaceAll(
  change: Change,
  whole: readonly Upload[],
  { valued, replace, log }: Sending,
): AsyncGenerator<Acknowledgement, boolean> {
  if (!replace) return false;
  const schema = valued ? VALUE_SCHEMA : ADD_SCHEMA;
  const rows = whole.flatMap(({ row }) => (row ? [row] : []));
  let requests = 0;
  const attempted = () => void (requests += 1);
  logDropped(whole, log);
  const answer = await openSession(schema, rows.length, replace)(rows, true, attempted).catch(
    (error: unknown) => ifWritten(error, requests, rows.length),
  );
  if (answer instanceof SyncError) {
    log('the audience cannot be written whole', { reason: answer.problem.why ?? answer.problem.what });
    return false;
  }
  // While Meta still writes it takes no other rows, so nothing is sent again to name more.
  const invalid = await findInvalid(whole, answer);
  logInvalid(invalid, log);

  const inside = new Map(whole.map((upload) => [upload.key, upload]));
  const added = (member: Member): Outcome => {
    const upload = inside.get(member.key);
    return upload ? outcomeOf(upload, invalid) : unsure(member.key);
  };
  const removed = ({ key }: Member): Outcome => (inside.has(key) ? unsure(key) : { key, result: 'done' });
  for await (const outcomes of pages(change.add(), added)) {
    yield { added: outcomes, removed: [], requests };
    requests = 0;
  }
  for await (const outcomes of pages(change.remove(), removed)) {
    yield { added: [], removed: outcomes, requests };
    requests = 0;
  }
  return true;
}

/** A plan that does not fit what was wanted when the audience was written; the next run sees to it. */
function unsure(key: string): Outcome {
  return { key, result: 'retry', reason: 'the plan changed while the audience was written' };
}

/**
 * After an attempt without an answer, Meta's word that the session is running or over means that it was taken.
 *
 * @returns the refusal where Meta would not have the audience written whole at all
 */
function ifWritten(error: unknown, requests: number, rows: number) {
  if (!(error instanceof SyncError)) throw error;
  if (error.problem.code === REPLACING && requests > 1) {
    return { num_received: rows, num_invalid_entries: 0, invalid_entry_samples: undefined };
  }
  if (error.problem.code === 'DESTINATION_REJECTED' && error.retry === 'never') return error;
  throw error;
}

async function* pages(
  members: AsyncIterable<Member>,
  outcome: (member: Member) => Outcome,
): AsyncGenerator<Outcome[]> {
  let page: Outcome[] = [];
  for await (const member of members) {
    page.push(outcome(member));
    if (page.length < ROWS_PER_REQUEST) continue;
    yield page;
    page = [];
  }
  if (page.length > 0) yield page;
}
