import { deleteRows } from '../engine/deletion.ts';
import type { Engine } from '../engine/engine.ts';
import { dropOldRuns } from '../engine/partitions.ts';
import type { Retention } from '../job/retention-settings.ts';
import { heldRun } from './held.ts';
import { pastRuns } from './past-audiences.ts';
import { lastRun, newRunId } from './state.ts';

const DAY_MS = 86_400_000;
/** Runs of so long stay as they are: one may be going on where the job's lock does not reach, on another machine. */
const FRESH_DAYS = 2;
/** What could wait for more to go with it waits no longer than this past its time. */
const LATEST_DAYS = 30;

const DATED = `event IN ('segmented', 'backfilled')`;

/**
 * SQL: the runs whose assignments are kept, by the age of the day that they are of: of each day, then of each week and
 * month, then of each month the newest.
 */
const KEPT_DAYS = `
  SELECT run_id FROM (
    SELECT run_id, dateDiff('day', as_of, {today:Date32}) AS age,
      run_id = first_value(run_id) OVER (PARTITION BY as_of ORDER BY run_id DESC) AS of_day,
      run_id = first_value(run_id) OVER (PARTITION BY toMonday(as_of) ORDER BY as_of DESC, run_id DESC) AS of_week,
      run_id = first_value(run_id) OVER (PARTITION BY toYYYYMM(as_of) ORDER BY as_of DESC, run_id DESC) AS of_month
    FROM runs WHERE job = {job:String} AND ${DATED})
  WHERE age <= {daily:UInt32} AND of_day OR age <= {weekly:UInt32} AND (of_week OR of_month)
    OR age <= {monthly:UInt32} AND of_month`;

/**
 * Forgets what a job's runs of long ago left. To be called under the job's lock.
 * @param now milliseconds since 1970
 * @returns how many rows each table lost
 */
export async function tidyRuns(
  engine: Engine,
  job: string,
  { runs, assignments }: Pick<Retention, 'runs' | 'assignments'>,
  now: number,
): Promise<Record<string, number>> {
  const stampOf = (days: number) => newRunId(new Date(now - days * DAY_MS)).split('-')[0]!;
  const [row] = await engine.query<{ newest: string; sending: string }>(
    `SELECT max(run_id) AS newest, maxIf(run_id, event = 'started' AND JSONExtractBool(detail, 'send')) AS sending
     FROM runs WHERE job = {job:String}`,
    { job },
  );
  const asleep = row!.newest < stampOf(runs);
  const held = await heldRun(engine, job);
  const segmented = await lastRun(engine, job, 'segmented');
  const finished = await lastRun(engine, job, 'finished');
  const past = await pastRuns(engine, job);
  if (asleep) await dropOldRuns(engine, job, held ? [held.run_id] : []);
  const params = {
    job,
    ...assignments,
    today: new Date(now).toISOString().slice(0, 10),
    fresh: stampOf(FRESH_DAYS),
    old: stampOf(runs),
    late: stampOf(runs + LATEST_DAYS),
    standing: [held, ...(asleep ? [] : [segmented])].flatMap((run) => run?.run_id ?? []),
    needed: [
      row!.newest,
      row!.sending,
      ...[held, segmented, finished, ...past].flatMap((run) => run?.run_id ?? []),
    ],
  };
  const forget = (table: string, among: string, where: string, overdue?: string) =>
    deleteRows(engine, table, where, params, { among: `job = {job:String} AND ${among}`, overdue });
  // Assignments go once no run tells of them: nobody finds a day by then that is not there.
  const days = await forget(
    'runs',
    DATED,
    `run_id < {fresh:String} AND run_id NOT IN {standing:Array(String)} AND run_id NOT IN (${KEPT_DAYS})`,
    `dateDiff('day', as_of, {today:Date32}) > {monthly:UInt32}`,
  );
  const rows = await forget(
    'assignments',
    'true',
    `run_id < {fresh:String} AND run_id NOT IN (SELECT run_id FROM runs WHERE job = {job:String} AND ${DATED})`,
  );
  // A run that has begun and not ended is taken for one that was killed, so its beginning goes before its end.
  const started = await forget(
    'runs',
    `event = 'started'`,
    `run_id < {old:String} AND run_id NOT IN {needed:Array(String)}`,
    'run_id < {late:String}',
  );
  const events = await forget(
    'runs',
    `NOT ${DATED}`,
    `run_id < {old:String} AND run_id NOT IN {needed:Array(String)}
       AND run_id NOT IN (SELECT run_id FROM runs WHERE job = {job:String} AND event = 'started')`,
  );
  return { runs: days + started + events, assignments: rows };
}
