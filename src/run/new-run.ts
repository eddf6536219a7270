import { DateTime } from 'luxon';
import type { Engine } from '../engine/engine.ts';
import type { Job } from '../job/load.ts';
import type { RunContext, RunOptions } from './run.ts';
import { newRunId } from './state.ts';

/** Platforms that are slow to count (Klaviyo: fifteen a minute) are not waited for longer; others go first next time. */
const COUNTING_MS = 60_000;

/** What the stages of a run that begins now need: a run id, the date, a clock. */
export function newRun(
  engine: Engine,
  job: Job,
  options: Pick<RunOptions, 'as_of' | 'counting_ms' | 'log' | 'signal'> & Pick<RunContext, 'cut'>,
): RunContext {
  const now = new Date();
  let last = 0;
  return {
    engine,
    job,
    run_id: newRunId(now),
    as_of: options.as_of ?? DateTime.fromJSDate(now, { zone: job.timezone }).toISODate()!,
    signal: options.signal,
    cut: options.cut,
    counting_ms: options.counting_ms ?? COUNTING_MS,
    clock: () => (last = Math.max(last + 1, Date.now())),
    log: (message, fields) => options.log(message, { job: job.name, ...fields }),
  };
}
