import { SyncError, type Destination } from '../../connectors/index.ts';
import { LEDGER, NO_LONGER_THERE, type Account } from '../ledger/ledger.ts';
import type { PlannedDestination } from './destinations.ts';
import { accountOf, type PlannedAudience } from './plan.ts';
import { asProblem } from './problem.ts';
import type { RunContext } from './run.ts';

/** What reading an audience showed. */
export type Reconciled = {
  /** Members of ours that it had lost; the run offers those who still belong there again. */
  repaired: number;
  /** People there whom this job did not put in; they are left alone. */
  foreign: number;
};

/**
 * Compares the ledger with what a destination's platform says of its audiences, where it tells. A destination that
 * cannot be read gets a problem: it is not sent to.
 */
export async function reconcile(
  run: RunContext,
  planned: PlannedDestination,
  audiences: readonly PlannedAudience[],
): Promise<void> {
  const { destination, connection, warnings } = planned;
  if (!connection || planned.problem) return;
  const account = accountOf(run.job.name, destination);
  const kinds = destination.definition.identifiers.length;
  if (!connection.members) {
    warnings.push(`${destination.name} does not tell who is in an audience: nothing to reconcile`);
    return;
  }
  try {
    for (const { index, name, remote_id } of audiences) {
      if (remote_id === undefined) continue;
      const reconciled = await reconcileAudience(run, connection, { ...account, remote_id, index }, kinds);
      if (!reconciled) continue;
      planned.reconciled.set(index, reconciled);
      const { repaired, foreign } = reconciled;
      if (repaired + foreign === 0) continue;
      warnings.push(
        `${destination.name}, ${name}: ${repaired} members of ours were gone, those who belong there are added again; ${foreign} people whom others added are left alone`,
      );
    }
  } catch (error) {
    planned.problem = asProblem(error, destination.name);
  }
}

const READ = `SELECT member FROM remote_members
  WHERE job = {job:String} AND run_id = {run:String} AND audience = {index:UInt32}`;
const HELD = `SELECT member FROM (${LEDGER}) WHERE remote_id = {remote_id:String} AND held`;

/**
 * Reads who is in an audience and notes in the ledger who is not any more. Members whom the ledger does not know are
 * counted only. Safe to repeat.
 * @param kinds how many kinds of identifier the destination takes: with several, a person may have a key of each
 * @returns nothing where the platform does not tell, or the audience has gone meanwhile
 * @throws SyncError when it cannot be read; the ledger is as it was then
 */
async function reconcileAudience(
  run: RunContext,
  connection: Destination,
  audience: Account & { remote_id: string; index: number },
  kinds: number,
): Promise<Reconciled | undefined> {
  const { index, ...place } = audience;
  const keys = connection.members?.(place);
  if (!keys) return undefined;
  const ids = { job: run.job.name, run: run.run_id, index };
  try {
    await run.engine.insert('remote_members', rowsOf(keys, run, index));
  } catch (error) {
    if (error instanceof SyncError && error.problem.code === 'AUDIENCE_GONE') return undefined;
    throw error;
  }
  const clock = run.clock();
  const params = { ...place, ...ids, now_ms: clock };
  const [row] = await run.engine.query<{ lost: number; foreign: number; kept: number }>(
    `SELECT toUInt32(countIf(held AND NOT there)) AS lost, toUInt32(countIf(NOT held)) AS foreign,
       toUInt32(countIf(held AND there)) AS kept
     FROM (SELECT member, max(is_held) AS held, max(is_there) AS there
           FROM (SELECT member, true AS is_held, false AS is_there FROM (${HELD})
                 UNION ALL SELECT member, false, true FROM (${READ}))
           GROUP BY member)`,
    params,
  );
  const { lost = 0, foreign = 0, kept = 0 } = row ?? {};
  if (lost > 0) {
    await run.engine.command(
      `INSERT INTO ledger (job, destination, account, remote_id, member, op, result, reason, run_id, seq)
       SELECT {job:String}, {destination:String}, {account:String}, {remote_id:String}, member, 'remove', 'done',
         '${NO_LONGER_THERE}', {run:String}, {seq:UInt64}
       FROM (${HELD}) WHERE member NOT IN (${READ})`,
      { ...params, seq: clock },
    );
  }
  if (kinds === 1 || foreign === 0 || !connection.count) return { repaired: lost, foreign };
  const { members } = await connection.count(place);
  return { repaired: lost, foreign: Math.max(0, members - kept) };
}

async function* rowsOf(
  pages: AsyncIterable<string[]>,
  run: RunContext,
  audience: number,
): AsyncGenerator<object> {
  for await (const page of pages) {
    for (const member of page) yield { job: run.job.name, run_id: run.run_id, audience, member };
  }
}
