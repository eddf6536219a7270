import type { Engine } from '../engine/engine.ts';
import { BROKEN_OFF, type ScheduledFor } from './state.ts';

/** What the store says of a job's scheduled runs; times in milliseconds since 1970. */
export type PastRuns = {
  /** No time up to this one needs a run any more; undefined before the first run has ended. */
  handled?: number | undefined;
  /**
   * The scheduled time whose run began and was killed or stopped, where no later one came to its end. After three
   * attempts it is given up, and handled.
   */
  interrupted?: number;
};

/** So many runs of a job are looked back at. */
const RUNS = 40;

type Row = { job: string; ended: boolean; at: string; scheduled: string };

/**
 * Looks which scheduled times of jobs have been seen to. A run that anybody started stands for the times up to its end:
 * those that came while it went on were passed over. One that makes up for a missed time, with more behind it, stands
 * for that time alone. One that was killed or stopped stands for none; only the daemon's own are to be done again.
 */
export async function pastOf(engine: Engine, jobs: readonly string[]): Promise<Map<string, PastRuns>> {
  const rows = await engine.query<Row>(
    `SELECT job, run_id, countIf(event = 'finished' AND NOT multiSearchAny(detail, {broken:Array(String)})) > 0 AS ended,
       toString(toUnixTimestamp64Milli(max(at))) AS at, JSONExtractRaw(anyIf(detail, event = 'started'), 'scheduled') AS scheduled
     FROM runs WHERE (job, run_id) IN (
       SELECT job, run_id FROM (SELECT DISTINCT job, run_id FROM runs WHERE job IN {jobs:Array(String)})
       ORDER BY run_id DESC LIMIT ${RUNS} BY job)
     GROUP BY job, run_id HAVING countIf(event = 'started' AND JSONExtractBool(detail, 'send')) > 0
     ORDER BY run_id DESC`,
    { jobs, broken: BROKEN_OFF.map((code) => `"code":"${code}"`) },
  );
  return new Map(jobs.map((job) => [job, pastIn(rows.filter((row) => row.job === job))]));
}

/** A run that takes the whole process with it, again and again, must not keep the other jobs from running. */
const ATTEMPTS = 3;

/** @param rows a job's runs, the newest first */
function pastIn(rows: readonly Row[]): PastRuns {
  const end = rows.findIndex(({ ended }) => ended);
  const broken = (end < 0 ? rows : rows.slice(0, end)).flatMap((row) => scheduledFor(row)?.due ?? []);
  const [newest] = broken;
  const last = rows[end];
  const handled = last && handledBy(last);
  if (newest === undefined) return { handled };
  const due = Date.parse(newest);
  const given_up = broken.filter((other) => other === newest).length >= ATTEMPTS;
  return given_up ? { handled: Math.max(due, handled ?? 0) } : { handled, interrupted: due };
}

function handledBy(row: Row): number {
  const scheduled = scheduledFor(row);
  return scheduled && scheduled.behind > 0 ? Date.parse(scheduled.due) : Number(row.at);
}

function scheduledFor({ scheduled }: Row): ScheduledFor | undefined {
  return scheduled ? (JSON.parse(scheduled) as ScheduledFor) : undefined;
}
