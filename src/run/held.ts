import { createHash } from 'node:crypto';
import type { Engine } from '../engine/engine.ts';
import type { Job } from '../job/load.ts';
import type { PlannedDestination } from './destinations.ts';
import type { RunReport } from './report.ts';
import { rulesOf } from './rules.ts';
import { recordRun } from './state.ts';

/** A run whose plan waits for `approve`. */
export type HeldRun = {
  run_id: string;
  /** ISO date. */
  as_of: string;
  /** When it was held. */
  at: string;
  /** Names the plan and what of the job file it was made by. */
  print: string;
  /** Where the members of the plan in the store would go, by the number they stand under. */
  audiences: PlannedPlace[];
  report: RunReport;
};

type PlannedPlace = { index: number; destination: string; audience: string };

type Ids = { job: string; run_id: string; as_of: string };

/** Keeps what tells this plan from any other. To be called before the run is recorded as finished. */
export async function recordHeld(
  engine: Engine,
  job: Job,
  ids: Ids,
  planned: readonly PlannedDestination[],
): Promise<void> {
  const audiences = planned.flatMap(({ plans }) =>
    plans.map(({ index, name, destination }): PlannedPlace => {
      return { index, destination: destination.name, audience: name };
    }),
  );
  await recordRun(engine, ids, 'held', { print: await printOf(engine, job, ids), audiences });
}

/**
 * The job's run whose plan waits: its newest that was to send, if that was held and nobody approved it. A later one
 * supersedes it, however that ended.
 */
export async function heldRun(engine: Engine, job: string): Promise<HeldRun | undefined> {
  const rows = await engine.query<{
    run_id: string;
    as_of: string;
    at: string;
    event: string;
    detail: string;
  }>(
    `SELECT run_id, toString(as_of) AS as_of, at, event, detail FROM runs WHERE job = {job:String} AND run_id = (
       SELECT run_id FROM runs WHERE job = {job:String} AND event = 'started' AND JSONExtractBool(detail, 'send')
       ORDER BY run_id DESC LIMIT 1)`,
    { job },
  );
  const of = (event: string) => rows.find((row) => row.event === event);
  const [held, finished] = [of('held'), of('finished')];
  if (!held || !finished || of('approved')) return undefined;
  const report = JSON.parse(finished.detail) as RunReport;
  if (report.status !== 'held') return undefined;
  const { run_id, as_of, at } = held;
  const kept = JSON.parse(held.detail) as Pick<HeldRun, 'print' | 'audiences'>;
  return { run_id, as_of, at, ...kept, report };
}

/** Names a plan by its members and by what of the job file says where they go. */
export async function printOf(engine: Engine, job: Job, { run_id }: Pick<Ids, 'run_id'>): Promise<string> {
  const members = await engine.query(
    `SELECT audience, toString(op) AS op, toUInt32(count()) AS members,
       toString(groupBitXor(sipHash64(member, customer, toString(value), texts_hash))) AS print
     FROM plan_members WHERE job = {job:String} AND run_id = {run_id:String}
     GROUP BY audience, op ORDER BY audience, op`,
    { job: job.name, run_id },
  );
  const destinations = job.destinations.map((one) =>
    JSON.stringify([
      one.name,
      one.audiences,
      one.open,
      one.properties,
      one.columns,
      one.consent,
      one.orphans,
    ]),
  );
  const text = JSON.stringify([rulesOf(job), destinations, members]);
  return createHash('sha256').update(text).digest('hex');
}
