import type { Engine } from '../engine/engine.ts';
import { dropOldRuns, dropRun } from '../engine/partitions.ts';
import type { Job } from '../job/load.ts';
import { computeSegments } from './compute.ts';
import { datedRuns, segmentedDetail, type DatedRun } from './dated.ts';
import { heldRun } from './held.ts';
import { claimJob } from './claim.ts';
import { newRun } from './new-run.ts';
import { asProblem } from './problem.ts';
import { emptyReport } from './report.ts';
import type { RunOptions } from './run.ts';
import { segmentReports } from './segment.ts';
import { closeInterrupted, lastRun, recordRun } from './state.ts';

export type BackfillOptions = Pick<RunOptions, 'state' | 'signal' | 'log'> & {
  /** Computes again what was backfilled before: for records that were added since. */
  anew?: boolean;
};

/**
 * The segments of the customers on some days. Days that no run has sorted by the rules of today are computed from the
 * records in the store, as far as they existed by then, and stored like a run's: nothing is pulled, nothing is sent,
 * and the job's last run stays the last.
 *
 * @param dates ISO dates
 * @returns one for each, in the order of the dates
 * @throws SyncError `JOB_RUNNING` where a day has to be computed while a run of this job goes on
 */
export async function runsOn(
  engine: Engine,
  job: Job,
  dates: readonly string[],
  options: BackfillOptions,
): Promise<DatedRun[]> {
  const found = await datedRuns(engine, job, dates);
  const known = (date: string) => found.has(date) && !(options.anew && found.get(date)!.backfilled);
  const missing = [...new Set(dates)].filter((date) => !known(date));
  if (missing.length > 0) {
    const claim = await claimJob(engine, options.state, job.name);
    try {
      await closeInterrupted(engine, job.name);
      const kept = [await lastRun(engine, job.name, 'segmented'), await heldRun(engine, job.name)];
      const ids = kept.flatMap((run) => run?.run_id ?? []);
      await dropOldRuns(engine, job.name, ids);
      for (const date of missing) await backfill(engine, job, date, options);
    } finally {
      await claim.release();
    }
    for (const [date, run] of await datedRuns(engine, job, missing)) found.set(date, run);
  }
  return dates.map((date) => found.get(date)!);
}

/** Computes and stores the assignments of one day. */
async function backfill(engine: Engine, job: Job, as_of: string, options: BackfillOptions): Promise<void> {
  options.signal.throwIfAborted();
  const run = await newRun(engine, job, { ...options, as_of, cut: options.signal });
  const ids = { job: job.name, run_id: run.run_id, as_of };
  const report = emptyReport(run);
  const start = performance.now();
  await recordRun(engine, ids, 'started', { send: false, backfill: true });
  try {
    await computeSegments(run, report, (_, work) => {
      options.signal.throwIfAborted();
      return work();
    });
    if (report.customers === 0) report.segments = await segmentReports(run);
    await recordRun(engine, ids, 'backfilled', segmentedDetail(job, report), job.secrets);
  } catch (error) {
    // Where the engine is gone, the next run of the job closes this one.
    const failed = { status: 'failed', error: asProblem(error, `job ${job.name}, ${as_of}`) };
    await recordRun(engine, ids, 'planned', failed, job.secrets).catch(() => undefined);
    throw error;
  } finally {
    await dropRun(engine, ids).catch(() => undefined);
  }
  const seconds = Math.round(performance.now() - start) / 1000;
  run.log('backfill', { run_id: run.run_id, as_of, customers: report.customers, seconds });
}
