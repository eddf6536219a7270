import { DateTime } from 'luxon';
import type { Job } from '../job/load.ts';
import { asProblem } from '../run/problem.ts';
import { runJob, type RunOptions } from '../run/run.ts';
import { pastOf } from '../run/scheduled-runs.ts';
import type { DaemonOptions } from './daemon.ts';
import { isStillDue, ON_TIME_MS } from './due.ts';

type Time = {
  /** The scheduled time, in milliseconds since 1970. */
  due: number;
  /** So many missed times after it are to be made up for too. */
  behind: number;
  /** Whether it is known that another process has the job: what that does may be a run for this time or not. */
  behind_another: boolean;
};

/**
 * Runs a job for a scheduled time.
 * @returns the code of what kept the run from beginning; undefined where it is recorded, however it ended
 */
export async function runScheduled(
  { engine, state, log, retention, ended }: DaemonOptions,
  job: Job,
  { due, behind, behind_another }: Time,
  { signal, progress }: Pick<RunOptions, 'signal' | 'progress'>,
): Promise<string | undefined> {
  const late = Date.now() - due > ON_TIME_MS;
  const as_of = job.catch_up === 'all' && late ? dayOf(due, job) : undefined;
  const still_due = async () =>
    isStillDue((await pastOf(engine, [job.name])).get(job.name)!, due, Date.now());
  const time = new Date(due).toISOString();
  try {
    const scheduled = { due: time, behind, still_due };
    const begun = performance.now();
    const options = { state, log, retention, as_of, signal, progress, send: true, scheduled };
    const report = await runJob(engine, job, options);
    ended(report, (performance.now() - begun) / 1000);
    const { run_id, status, customers, error } = report;
    const fields = { job: job.name, run_id, status, customers };
    log('run finished', error ? { ...fields, code: error.code } : fields);
    return undefined;
  } catch (error) {
    const problem = asProblem(error, `job ${job.name}`);
    if (!behind_another || problem.code !== 'JOB_RUNNING')
      log('run could not begin', { job: job.name, due: time, ...problem });
    return problem.code;
  }
}

/** The local day of a time, as ISO date. */
function dayOf(time: number, { timezone }: Job): string {
  return DateTime.fromMillis(time, { zone: timezone }).toISODate()!;
}
