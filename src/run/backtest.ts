import { DateTime } from 'luxon';
import { SyncError } from '../../connectors/index.ts';
import type { Engine } from '../engine/engine.ts';
import { dropRun } from '../engine/partitions.ts';
import type { Job } from '../job/load.ts';
import type { PurchaseModel } from '../models/clv/purchase-model.ts';
import type { AliveTenth, FrequencyClass, Ranking, TrackedWeek } from '../report/backtest.ts';
import { expectedByWeek } from '../report/tracking.ts';
import { judge, type Outcome } from '../report/verdict.ts';
import {
  byFrequency,
  byPAlive,
  holdoutTotals,
  ranking,
  repeatsByWeek,
  storeHoldout,
  type Backtest,
} from './backtest-figures.ts';
import { calibrationEnd } from './forecast.ts';
import { claimJob } from './claim.ts';
import { newRun } from './new-run.ts';
import { DAYS_A_WEEK, forecastSettings, predict, type ModelReport } from './predict.ts';
import { profile } from './profile.ts';
import { pull } from './pull.ts';
import type { RunContext, RunOptions } from './run.ts';

export type BacktestOptions = Pick<RunOptions, 'as_of' | 'state' | 'signal' | 'log'> & {
  holdout_days: number;
};

/** How well the job's model would have forecast the holdout; what it knew is what was known at `calibration_end`. */
export type BacktestReport = {
  job: string;
  /** Last day of the holdout, an ISO date. */
  as_of: string;
  /** Last day that the model was fitted on, an ISO date. */
  calibration_end: string;
  holdout_days: number;
  currency: string;
  /** Those who had bought by `calibration_end`; every figure is about them alone. */
  customers: number;
  /** Those who first bought in the holdout; a model of known customers says nothing of them. */
  later_customers: number;
  /** Time in weeks. */
  model: ModelReport;
  /** Purchases in the holdout: the sum of what each customer was expected to make, and what they made. */
  purchases: Outcome;
  weeks: TrackedWeek[];
  by_frequency: FrequencyClass[];
  ranking: Ranking;
  by_p_alive: AliveTenth[];
  warnings: string[];
};

/**
 * Hides the last days of a job's history from its model, and compares what the model forecasts for them with what
 * happened. Nothing is sent; the job's runs and audiences stay as they are.
 *
 * @throws SyncError `BACKTEST_TOO_SMALL` where the history without the holdout bears no model,
 *   `BACKTEST_NO_ORDERS` where nothing was bought in the holdout, `BACKTEST_NO_MODEL` where the job asks for none,
 *   `JOB_RUNNING` while a run of this job goes on
 */
export async function backtestJob(
  engine: Engine,
  job: Job,
  options: BacktestOptions,
): Promise<BacktestReport> {
  if (forecastSettings(job).model === 'recency') throw noModel(job);
  const claim = await claimJob(engine, options.state, job.name);
  try {
    const now = await newRun(engine, job, { ...options, cut: options.signal });
    const run = { ...now, as_of: calibrationEnd(now.as_of, options.holdout_days) };
    try {
      return await compare(run, { as_of: now.as_of, holdout_days: options.holdout_days });
    } finally {
      // Where the engine is gone, the next run of the job drops what is left.
      await dropRun(engine, { job: job.name, run_id: run.run_id }).catch(() => undefined);
    }
  } finally {
    await claim.release();
  }
}

type Holdout = Pick<Backtest, 'as_of' | 'holdout_days'>;

/** @param run as of the end of the calibration */
async function compare(run: RunContext, holdout: Holdout): Promise<BacktestReport> {
  const { job } = run;
  const { warnings } = await pull(run);
  const { customers, round } = await profile(run);
  if (customers === 0) throw tooSmall(run, 'nobody had bought by then');
  const model = await predict(run, { ...forecastSettings(job), horizon: holdout.holdout_days });
  if (model.name === 'recency') throw tooSmall(run, model.fallback!);
  const fitted = { name: model.name, parameters: model.parameters } as unknown as PurchaseModel;
  const backtest = { run, round, ...holdout };
  await storeHoldout(backtest);
  const { actual, expected, later_customers } = await holdoutTotals(backtest);
  if (actual + later_customers === 0) throw await noOrders(backtest);
  return {
    job: job.name,
    as_of: holdout.as_of,
    calibration_end: run.as_of,
    holdout_days: holdout.holdout_days,
    currency: job.currency,
    customers,
    later_customers,
    model,
    purchases: judge(actual, expected),
    weeks: await trackedWeeks(backtest, fitted),
    by_frequency: await byFrequency(backtest),
    ranking: await ranking(backtest),
    by_p_alive: await byPAlive(backtest, fitted.parameters),
    warnings,
  };
}

/** Whole weeks only; the last of them may end a few days before `as_of`. */
async function trackedWeeks(backtest: Backtest, model: PurchaseModel): Promise<TrackedWeek[]> {
  const { start, first_days, weeks } = await repeatsByWeek(backtest);
  const first = DateTime.fromISO(start, { zone: 'utc' });
  const days = DateTime.fromISO(backtest.as_of, { zone: 'utc' }).diff(first, 'days').days + 1;
  const repeats = new Map(weeks.map(({ week, repeats }) => [week, repeats]));
  let actual = 0;
  return expectedByWeek(model, first_days, Math.floor(days / DAYS_A_WEEK)).map((expected, index) => {
    const week = index + 1;
    const until = first.plus({ days: week * DAYS_A_WEEK - 1 }).toISODate()!;
    actual += repeats.get(week) ?? 0;
    return { week, until, holdout: until > backtest.run.as_of, actual, expected };
  });
}

function noModel(job: Job): SyncError {
  return new SyncError({
    code: 'BACKTEST_NO_MODEL',
    where: `job ${job.name}`,
    what: 'The lifecycle of this job goes by recency, which forecasts nothing that could be tested.',
    fix: 'Set segments.lifecycle.model to mbg_nbd, or leave it out.',
  });
}

function tooSmall(run: RunContext, why: string): SyncError {
  return new SyncError({
    code: 'BACKTEST_TOO_SMALL',
    where: `job ${run.job.name}`,
    what: `The history up to ${run.as_of}, without the holdout, is too small for a model.`,
    why: `${why.charAt(0).toUpperCase()}${why.slice(1)}.`,
    fix: 'Leave more to the model with a shorter --holdout, or wait for more orders.',
  });
}

async function noOrders({ run, as_of }: Backtest): Promise<SyncError> {
  const [row] = await run.engine.query<{ last: string }>(
    'SELECT toString(max(last_order)) AS last FROM profiles WHERE job = {job:String} AND run_id = {run:String}',
    { job: run.job.name, run: run.run_id },
  );
  return new SyncError({
    code: 'BACKTEST_NO_ORDERS',
    where: `job ${run.job.name}`,
    what: `Nothing was bought in the holdout, from the day after ${run.as_of} to ${as_of}.`,
    why: `The last order is of ${row?.last}.`,
    fix: `Name the last day that the sources know of: --as-of ${row?.last}.`,
  });
}
