import { DateTime } from 'luxon';
import type { Job } from '../job/load.ts';
import { choosePurchaseModel } from '../models/clv/choose.ts';
import { expectedPurchases } from '../models/clv/purchase-model.ts';
import { judge, missText, type Outcome } from '../report/verdict.ts';
import { DAYS_A_WEEK, forecastSettings } from './predict.ts';
import type { Profiled } from './profile.ts';
import { PURCHASE_DAYS, purchaseParams } from './purchases.ts';
import type { RunContext } from './run.ts';

/** How many days a run hides from the model to see how well it would have forecast them. */
export const HOLDOUT_DAYS = 90;

/** So many customers tell enough, and take no noticeable time; of a larger shop, that many are drawn. */
const MOST_CUSTOMERS = 20_000;

/** @returns the last day that a backtest leaves to the model, as an ISO date */
export function calibrationEnd(as_of: string, holdoutDays: number): string {
  return DateTime.fromISO(as_of, { zone: 'utc' }).minus({ days: holdoutDays }).toISODate()!;
}

/** A forecast that was checked against what happened. */
export type CheckedForecast = Outcome & {
  holdout_days: number;
  /** How many customers it was about: those known before the holdout, or the sample drawn of them. */
  customers: number;
};

/**
 * The short backtest of every run: fits the model of the job on the purchases up to `HOLDOUT_DAYS` ago and holds the
 * purchases it expects since then, by the customers known by then, against those that were made. Unlike the command
 * `backtest` it stores nothing, draws a sample of a large shop, and takes all purchases as they are known today.
 *
 * @returns null where the job does without, its history is shorter than two holdouts, or no model could be fitted
 */
export async function checkForecast(run: RunContext, profiled: Profiled): Promise<CheckedForecast | null> {
  const { model: asked } = forecastSettings(run.job);
  if (asked === 'recency' || run.job.segments.lifecycle?.backtest === false) return null;
  const histories = await historiesBefore(run, profiled);
  const longest = histories.T.reduce((most, time) => Math.max(most, time), 0);
  if (longest * DAYS_A_WEEK < HOLDOUT_DAYS) return null;
  const { model } = choosePurchaseModel(histories, asked);
  if (!model) return null;
  const actual = histories.bought.reduce((sum, bought) => sum + bought, 0);
  let expected = 0;
  histories.count.forEach((count, i) => {
    const history = { x: histories.x[i]!, t_x: histories.t_x[i]!, T: histories.T[i]! };
    expected += count * expectedPurchases(model, history, HOLDOUT_DAYS / DAYS_A_WEEK);
  });
  return { holdout_days: HOLDOUT_DAYS, customers: model.customers, ...judge(actual, expected) };
}

/** The warning of a run whose forecast was checked and found poor. */
export function poorForecast(job: Job, forecast: CheckedForecast): string {
  return (
    `the lifecycle model forecasts this shop poorly: for the last ${forecast.holdout_days} days, ` +
    `${missText(forecast)}; see segment-sync backtest ${job.name}`
  );
}

/** The calibration's histories, time in weeks, and how often the customers of each bought in the holdout. */
async function historiesBefore(run: RunContext, { customers, round }: Profiled) {
  const rows = await run.engine.query<{ x: number; t_x: number; T: number; count: number; bought: number }>(
    HISTORIES_BEFORE,
    {
      ...purchaseParams(run, round),
      calibration_end: calibrationEnd(run.as_of, HOLDOUT_DAYS),
      one_in: Math.max(1, Math.ceil(customers / MOST_CUSTOMERS)),
    },
  );
  return {
    x: Uint32Array.from(rows, ({ x }) => x),
    t_x: Float64Array.from(rows, ({ t_x }) => t_x / DAYS_A_WEEK),
    T: Float64Array.from(rows, ({ T }) => T / DAYS_A_WEEK),
    count: Uint32Array.from(rows, ({ count }) => count),
    bought: Uint32Array.from(rows, ({ bought }) => bought),
  };
}

const HISTORIES_BEFORE = `
  SELECT x, t_x, T, toUInt32(count()) AS count, toUInt32(sum(later)) AS bought
  FROM (
    SELECT countIf(day <= {calibration_end:Date32}) AS days, toUInt32(days - 1) AS x, min(day) AS first,
      dateDiff('day', first, maxIf(day, day <= {calibration_end:Date32})) AS t_x,
      dateDiff('day', first, {calibration_end:Date32}) AS T, count() - days AS later
    FROM (${PURCHASE_DAYS}) WHERE cityHash64(customer) % {one_in:UInt32} = 0 GROUP BY customer HAVING days > 0
  ) GROUP BY x, t_x, T`;
