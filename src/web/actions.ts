import pRetry from 'p-retry';
import type { Problem } from '../../connectors/index.ts';
import type { Job } from '../job/load.ts';
import { approveHeld } from '../run/approve.ts';
import { backtestJob, type BacktestReport } from '../run/backtest.ts';
import { HOLDOUT_DAYS } from '../run/forecast.ts';
import { overviewOf } from '../run/overview.ts';
import { asProblem } from '../run/problem.ts';
import type { RunReport } from '../run/report.ts';
import { runJob, type RunOptions } from '../run/run.ts';
import { isUnderWay, lastRun } from '../run/state.ts';
import type { Site } from './site.ts';

/** What people can set going on a job, in words for what goes on. */
export const ACTIONS = {
  run: 'A run',
  approve: 'Sending the held plan',
  compare: 'Computing the segments of a month ago',
  backtest: 'A backtest',
} as const;
export type ActionName = keyof typeof ACTIONS;

/** What became of what people set going since the daemon began. */
export type ActionBook = {
  /** @returns false where the job is busy */
  begin(name: ActionName, job: Job, run_id?: string): boolean;
  /** What goes on by somebody's wish. */
  current(job: string): ActionName | undefined;
  /** Why the last one of the job did not come to its end; undefined where it did. */
  problem(job: string): Problem | undefined;
  /** The last backtest that was asked for. */
  backtest(job: string): BacktestReport | undefined;
};

type Options = Pick<RunOptions, 'state' | 'signal' | 'progress' | 'log'>;

/** How often and after how long a job is tried again that is had for a moment. */
const MOMENTS = { retries: 20, factor: 1, minTimeout: 500 };

export function actionBook(site: Site): ActionBook {
  const current = new Map<string, ActionName>();
  const problems = new Map<string, Problem>();
  const backtests = new Map<string, BacktestReport>();
  const { engine, state, settings, log } = site;

  async function timed(work: Promise<RunReport>): Promise<void> {
    const start = performance.now();
    const report = await work;
    site.ended(report, (performance.now() - start) / 1000);
    const { job, run_id, status } = report;
    log('run finished', { job, run_id, status });
  }

  const works: Record<ActionName, (job: Job, options: Options, run_id?: string) => Promise<void>> = {
    run: (job, options) =>
      timed(runJob(engine, job, { ...options, retention: settings.retention, send: true })),
    approve: (job, options, run_id) => timed(approveHeld(engine, job, { ...options, run_id })),
    compare: async (job, options) => {
      await overviewOf(engine, job, { ...options, months: 0, models: [] });
    },
    backtest: async (job, options) => {
      const as_of = (await lastRun(engine, job.name, 'segmented'))?.as_of;
      backtests.set(
        job.name,
        await backtestJob(engine, job, { ...options, as_of, holdout_days: HOLDOUT_DAYS }),
      );
    },
  };

  /** A job is had for a moment while its old runs are tidied away; whoever clicks just then need not know. */
  async function isBeingTidied(error: unknown, job: Job): Promise<boolean> {
    const busy = asProblem(error, job.name).code === 'JOB_RUNNING';
    return busy && !(await isUnderWay(engine, job.name));
  }

  return {
    begin(name, job, run_id) {
      const begun = site.daemon()?.take(job.name, async (signal, progress) => {
        try {
          await pRetry(() => works[name](job, { state, signal, progress, log }, run_id), {
            ...MOMENTS,
            signal,
            shouldRetry: ({ error }) => isBeingTidied(error, job),
          });
        } catch (error) {
          const problem = asProblem(error, `job ${job.name}`);
          problems.set(job.name, problem);
          log(`${ACTIONS[name]} ended early`, { job: job.name, ...problem });
        } finally {
          current.delete(job.name);
        }
      });
      if (!begun) return false;
      problems.delete(job.name);
      current.set(job.name, name);
      log('set going from the page', { job: job.name, action: name });
      return true;
    },
    current: (job) => current.get(job),
    problem: (job) => problems.get(job),
    backtest: (job) => backtests.get(job),
  };
}
