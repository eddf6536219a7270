import type { AliveTenth, FrequencyClass, Ranking } from '../report/backtest.ts';
import type { FirstDays } from '../report/tracking.ts';
import { DAYS_A_WEEK } from './predict.ts';
import { PURCHASE_DAYS, purchaseParams } from './purchases.ts';
import type { RunContext } from './run.ts';

/** A run as of the end of the calibration, with profiles and predictions, and the time that followed. */
export type Backtest = {
  run: RunContext;
  round: number;
  /** ISO date of the holdout's last day. */
  as_of: string;
  holdout_days: number;
};

const PROFILES = '(SELECT * FROM profiles WHERE job = {job:String} AND run_id = {run:String})';
const PREDICTIONS = '(SELECT * FROM predictions WHERE job = {job:String} AND run_id = {run:String})';
const HOLDOUTS = '(SELECT * FROM holdouts WHERE job = {job:String} AND run_id = {run:String})';

/** Each calibration customer with what was predicted of them and what they did. */
const CUSTOMERS = `
  SELECT p.customer AS customer, frequency, age_days / ${DAYS_A_WEEK} AS T, p_alive, expected_purchases, clv_12m,
    coalesce(h.purchases, 0) AS bought, coalesce(h.revenue, 0) AS spent
  FROM ${PROFILES} AS p INNER JOIN ${PREDICTIONS} AS c ON c.customer = p.customer
  LEFT JOIN ${HOLDOUTS} AS h ON h.customer = p.customer`;

/** Stores who bought in the holdout, how often and for how much. */
export async function storeHoldout({ run, round, as_of }: Backtest): Promise<void> {
  await run.engine.command(
    `INSERT INTO holdouts (job, run_id, customer, purchases, revenue)
     SELECT {job:String}, {run:String}, customer, count(), sum(day_value) FROM (${PURCHASE_DAYS})
     WHERE day > {calibration_end:Date32} GROUP BY customer`,
    { ...purchaseParams({ ...run, as_of }, round), calibration_end: run.as_of },
  );
}

export type Totals = {
  actual: number;
  expected: number;
  /** Customers who first bought in the holdout. */
  later_customers: number;
};

/** Purchases in the holdout by those who were customers before it. */
export async function holdoutTotals({ run }: Backtest): Promise<Totals> {
  const [row] = await run.engine.query<Totals>(
    `SELECT toFloat64(sum(bought)) AS actual, sum(expected_purchases) AS expected,
       toFloat64((SELECT count() FROM ${HOLDOUTS})) - countIf(bought > 0) AS later_customers
     FROM (${CUSTOMERS})`,
    ids(run),
  );
  return row!;
}

export async function byFrequency({ run }: Backtest): Promise<FrequencyClass[]> {
  return run.engine.query<FrequencyClass>(
    `SELECT if(least(frequency, 7) AS class = 7, '7+', toString(class)) AS frequency, toUInt32(count()) AS customers,
       avg(bought) AS actual, avg(expected_purchases) AS expected
     FROM (${CUSTOMERS}) GROUP BY class ORDER BY class`,
    ids(run),
  );
}

/** Ranks by the value of twelve months, as lifecycle.top does; equal ranks are averaged for the correlation. */
export async function ranking({ run }: Backtest): Promise<Ranking> {
  const [row] = await run.engine.query<Ranking>(
    `SELECT toUInt32(any(top)) AS customers, toString(sum(spent)) AS revenue,
       ${share('by_clv')} AS predicted, ${share('by_spent')} AS best, any(top) / count() AS random,
       corr(clv_rank, spent_rank) AS rank_correlation
     FROM (
       SELECT spent, greatest(1, round(count() OVER () / 10)) AS top,
         row_number() OVER (ORDER BY clv_12m DESC, customer) AS by_clv,
         row_number() OVER (ORDER BY spent DESC, customer) AS by_spent,
         ${middleRank('clv_12m')} AS clv_rank, ${middleRank('spent')} AS spent_rank
       FROM (${CUSTOMERS}))`,
    ids(run),
  );
  return row!;
}

function share(rank: string): string {
  return `toFloat64(sumIf(spent, ${rank} <= top)) / nullIf(toFloat64(sum(spent)), 0)`;
}

function middleRank(column: string): string {
  return `rank() OVER (ORDER BY ${column}) + count() OVER (PARTITION BY ${column}) / 2`;
}

/**
 * The chance to buy at least once in a time t is P(alive) · [1 - ((alpha + T)/(alpha + T + t))^(r + x)], under each of
 * the models: customers leave right after a purchase only, and the rate of one who is alive is by now gamma distributed
 * with shape r + x and scale alpha + T.
 */
export async function byPAlive(
  { run, holdout_days }: Backtest,
  { r, alpha }: { r: number; alpha: number },
): Promise<AliveTenth[]> {
  return run.engine.query<AliveTenth>(
    `SELECT tenth, toUInt32(count()) AS customers, avg(chance) AS p_alive,
       countIf(bought > 0) / count() AS actual_buyers,
       avg(chance * (1 - pow((a + T) / (a + T + t), {r:Float64} + frequency))) AS expected_buyers
     FROM (
       SELECT * EXCEPT p_alive, p_alive AS chance, {alpha:Float64} AS a, {holdout:Float64} AS t,
         toUInt8(1 + intDiv((rank() OVER (ORDER BY p_alive) - 1) * 10, count() OVER ())) AS tenth
       FROM (${CUSTOMERS}))
     GROUP BY tenth ORDER BY tenth`,
    { ...ids(run), r, alpha, holdout: holdout_days / DAYS_A_WEEK },
  );
}

export type Repeats = {
  /** Day 0, as an ISO date: the first on which a calibration customer bought. */
  start: string;
  first_days: FirstDays;
  /** Actual repeat purchases of each week in which there were any, not cumulative. */
  weeks: { week: number; repeats: number }[];
};

/** When calibration customers came, and in which weeks they came again, up to `as_of` and as known then. */
export async function repeatsByWeek({ run, round, as_of }: Backtest): Promise<Repeats> {
  const firstDays = await run.engine.query<{ first: string; day: number; customers: number }>(
    `SELECT toString(first_order) AS first, toUInt32(count()) AS customers,
       toUInt32(dateDiff('day', min(first_order) OVER (), first_order)) AS day
     FROM ${PROFILES} GROUP BY first_order ORDER BY first_order`,
    ids(run),
  );
  const start = firstDays[0]!.first;
  const weeks = await run.engine.query<{ week: number; repeats: number }>(
    `SELECT toUInt32(intDiv(dateDiff('day', {start:Date32}, day), ${DAYS_A_WEEK}) + 1) AS week,
       toUInt32(count()) AS repeats
     FROM (${PURCHASE_DAYS}) AS bought INNER JOIN ${PROFILES} AS p ON p.customer = bought.customer
     WHERE day > p.first_order GROUP BY week ORDER BY week`,
    { ...purchaseParams({ ...run, as_of }, round), start },
  );
  return { start, first_days: firstDays, weeks };
}

function ids(run: RunContext) {
  return { job: run.job.name, run: run.run_id };
}
