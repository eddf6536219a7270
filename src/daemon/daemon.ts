import { DateTime } from 'luxon';
import type { ScheduledTask } from 'node-cron';
import type { Engine } from '../engine/engine.ts';
import type { Job } from '../job/load.ts';
import { asProblem } from '../run/problem.ts';
import { runJob, type RunOptions } from '../run/run.ts';
import { lastRun } from '../run/state.ts';
import { missedRuns, scheduledTask } from './schedule.ts';

export type Daemon = {
  /** ISO times in UTC by job. */
  next(): Record<string, string | null>;
  /** Takes no more work, lets every run finish its batch in flight, and returns when all have ended. */
  stop(): Promise<void>;
};

type DaemonOptions = Pick<RunOptions, 'state' | 'log'> & { engine: Engine };

/**
 * Runs every job at its time, in its own time zone. A job never overlaps itself: a time that comes while it still
 * runs is passed over. Runs missed while the program was off are made up for as the job's `catch_up` says.
 */
export async function startDaemon(jobs: readonly Job[], options: DaemonOptions): Promise<Daemon> {
  const stop = new AbortController();
  const running = new Set<Promise<void>>();
  const begin = (job: Job, as_of?: string): Promise<void> => {
    if (stop.signal.aborted) return Promise.resolve();
    const work = runOnce(job, { ...options, as_of, signal: stop.signal });
    running.add(work);
    return work.finally(() => running.delete(work));
  };
  const tasks = new Map<string, ScheduledTask>();
  for (const job of jobs) {
    const task = scheduledTask(job, () => begin(job));
    if (!task) continue;
    task.on('execution:overlap', () =>
      options.log('run passed over: the one before still runs', { job: job.name }),
    );
    await task.start();
    tasks.set(job.name, task);
    catchUp(job, options.engine, begin).catch((error: unknown) =>
      options.log('missed runs not made up for', { job: job.name, ...asProblem(error, `job ${job.name}`) }),
    );
  }
  return {
    next: () =>
      Object.fromEntries([...tasks].map(([name, task]) => [name, task.getNextRun()?.toISOString() ?? null])),
    stop: async () => {
      stop.abort();
      for (const task of tasks.values()) await task.destroy();
      await Promise.all(running);
    },
  };
}

async function runOnce(
  job: Job,
  options: DaemonOptions & Pick<RunOptions, 'as_of' | 'signal'>,
): Promise<void> {
  try {
    const report = await runJob(options.engine, job, { ...options, send: true });
    const { run_id, status, customers, error } = report;
    options.log('run finished', {
      job: job.name,
      run_id,
      status,
      customers,
      ...(error ? { code: error.code } : {}),
    });
  } catch (error) {
    options.log('run could not begin', { job: job.name, ...asProblem(error, `job ${job.name}`) });
  }
}

async function catchUp(
  job: Job,
  engine: Engine,
  begin: (job: Job, as_of?: string) => Promise<void>,
): Promise<void> {
  if (job.catch_up === 'skip') return;
  const last = await lastRun(engine, job.name, 'finished');
  if (!last) return;
  const missed = missedRuns(job, Date.parse(last.at), Date.now());
  if (missed.length === 0) return;
  if (job.catch_up === 'once') return begin(job);
  for (const time of missed) await begin(job, DateTime.fromJSDate(time, { zone: job.timezone }).toISODate()!);
}
