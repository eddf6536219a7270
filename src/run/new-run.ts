import { DateTime } from 'luxon';
import { SyncError } from '../../connectors/index.ts';
import type { Engine } from '../engine/engine.ts';
import type { Job } from '../job/load.ts';
import { openProgress } from './progress.ts';
import type { RunContext, RunOptions } from './run.ts';
import { momentOf, newRunId } from './state.ts';

/** Platforms that are slow to count (Klaviyo: fifteen a minute) are not waited for longer; others go first next time. */
const COUNTING_MS = 60_000;

/**
 * What the stages of a run that begins now need: a run id, the date, a clock. The id and the clock are later than all
 * that the job's runs have left, also where the machine's clock was put back since: what is newer must not look older.
 */
export async function newRun(
  engine: Engine,
  job: Job,
  options: Pick<RunOptions, 'as_of' | 'counting_ms' | 'log' | 'progress' | 'signal'> &
    Pick<RunContext, 'cut'>,
): Promise<RunContext> {
  let last = await newestMoment(engine, job.name);
  const clock = () => (last = Math.max(last + 1, Date.now()));
  const run_id = newRunId(new Date(clock()));
  return {
    engine,
    job,
    run_id,
    as_of: options.as_of ?? DateTime.now().setZone(job.timezone).toISODate()!,
    signal: options.signal,
    cut: options.cut,
    counting_ms: options.counting_ms ?? COUNTING_MS,
    clock,
    log: (message, fields) => options.log(message, { job: job.name, ...fields }),
    progress: openProgress({ job: job.name, run_id }, options.progress),
  };
}

/** The latest moment that the job's runs have left in the store, in milliseconds since 1970; 0 before its first. */
async function newestMoment(engine: Engine, job: string): Promise<number> {
  const ask = () =>
    engine.query<{ newest: string; run_id: string }>(
      `SELECT greatest((SELECT max(seq) FROM ledger WHERE job = {job:String}),
         (SELECT max(seq) FROM offered WHERE job = {job:String}),
         (SELECT max(seq) FROM properties WHERE job = {job:String})) AS newest,
         (SELECT max(run_id) FROM runs WHERE job = {job:String}) AS run_id`,
      { job },
    );
  const [row] = await ask().catch((error: unknown) => {
    // A run may begin while the engine process is started again.
    if (error instanceof SyncError && error.problem.code === 'ENGINE_LOST') return ask();
    throw error;
  });
  return Math.max(Number(row?.newest ?? 0), momentOf(row?.run_id ?? ''));
}
