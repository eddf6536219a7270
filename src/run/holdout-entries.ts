import type { JobDestination } from '../job/load.ts';
import { consent, memberKey, SEGMENT_CUSTOMERS } from './audience-customers.ts';
import { audienceParams, type AudiencePlan } from './plan.ts';
import type { RunContext } from './run.ts';

/**
 * Notes who entered a segment while a holdout was on: customers whom a destination would have been sent, held out or
 * not, at the first sending run that found them there. What is compared later is decided here, before anything can
 * come of it. Safe to repeat.
 * @param sent plans of audiences that were sent without an error
 */
export async function noteEntries(run: RunContext, sent: readonly AudiencePlan[]): Promise<void> {
  const destinations = new Set(sent.filter(({ holdout }) => holdout).map(({ destination }) => destination));
  for (const destination of destinations) {
    const audiences = sent.filter((plan) => plan.holdout && plan.destination === destination);
    const oneEach = [...new Map(audiences.map((plan) => [plan.segment, plan])).values()];
    await run.engine.command(insertEntries(destination), {
      ...audienceParams(run, oneEach),
      as_of: run.as_of,
    });
  }
}

function insertEntries(destination: JobDestination): string {
  return `INSERT INTO holdout_entries (job, run_id, segment, share, customer, held_out, entered)
    SELECT {job:String}, {run:String}, segment, share, customer, held_out, {as_of:Date32}
    FROM ${SEGMENT_CUSTOMERS} AS c
    LEFT ANTI JOIN (SELECT segment, share, customer FROM holdout_entries WHERE job = {job:String}) AS known
      USING (segment, share, customer)
    WHERE ${memberKey(destination)} != '' AND ${consent(destination)}`;
}
