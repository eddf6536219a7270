import type { Engine } from '../engine/engine.ts';
import type { Job } from '../job/load.ts';
import {
  differenceOfShares,
  type Arm,
  type Estimate,
  type LiftReport,
  type SegmentLift,
} from '../report/lift.ts';
import { lastRound } from './people.ts';
import { LABELS, PURCHASE_DAYS, purchaseParams } from './purchases.ts';

/** @returns the share of each segment that the job holds out, by the segment's full name */
export function holdoutsOf(job: Job): Map<string, number> {
  const audiences = job.destinations.flatMap((destination) => destination.audiences);
  return new Map(audiences.flatMap(({ segment, holdout }) => (holdout ? [[segment, holdout]] : [])));
}

/**
 * Compares the held-out customers of each segment with the treated ones, from the day after each entered to the date of
 * the run. Everybody counts as what the lot made them when they entered, whether or not they were reached and stayed
 * (intention to treat); customers whom no destination would have been sent are in neither lot.
 * @param last the run whose records and people are looked at
 */
export async function liftOf(
  engine: Engine,
  job: Job,
  last: { run_id: string; as_of: string },
): Promise<LiftReport> {
  const holdouts = holdoutsOf(job);
  const round = await lastRound(engine, { job: job.name, run_id: last.run_id });
  const rows = await engine.query<LiftRow>(LIFT, {
    ...purchaseParams({ job, ...last }, round),
    segments: [...holdouts.keys()],
    shares: [...holdouts.values()],
  });
  const segments = [...holdouts].map(([segment, holdout]): SegmentLift => {
    const row = rows.find((row) => row.segment === segment);
    return { segment, holdout, since: row?.since ?? null, ...compared(row) };
  });
  return { job: job.name, run_id: last.run_id, as_of: last.as_of, currency: job.currency, segments };
}

type LiftRow = {
  segment: string;
  since: string;
  treated: Arm;
  held_out: Arm;
  purchases: Estimate<number>;
  revenue: Estimate<string>;
  revenue_in_all: Estimate<string>;
};

function compared(row: LiftRow | undefined): Pick<SegmentLift, 'treated' | 'held_out' | 'difference'> {
  const treated = row?.treated.customers ? row.treated : null;
  const held_out = row?.held_out.customers ? row.held_out : null;
  if (!row || !treated || !held_out) return { treated, held_out, difference: null };
  const { purchases, revenue, revenue_in_all } = row;
  const repeat_rate = differenceOfShares(treated, held_out);
  return { treated, held_out, difference: { repeat_rate, purchases, revenue, revenue_in_all } };
}

/** Each person once in each segment, as of when they first entered it under any of their names. */
const ENTERED = `
  SELECT segment, person, argMin(held_out, (entered, name)) AS held_out, min(entered) AS since
  FROM (
    SELECT e.segment AS segment, e.customer AS name, e.held_out AS held_out, e.entered AS entered,
      coalesce(nullIf(known.label, ''), e.customer) AS person
    FROM (SELECT * FROM holdout_entries WHERE job = {job:String}
          AND (segment, share) IN (SELECT arrayJoin(arrayZip({segments:Array(String)}, {shares:Array(Float64)})))) AS e
    LEFT JOIN ${LABELS} ON known.node = e.customer
  ) GROUP BY segment, person`;

const OUTCOMES = `
  SELECT entered.segment AS segment, entered.person AS person, any(entered.held_out) AS held_out, any(entered.since) AS since,
    dateDiff('day', since, {as_of:Date32}) AS days, countIf(bought.day > entered.since) AS purchases,
    coalesce(sumIf(bought.day_value, bought.day > entered.since), 0) AS revenue
  FROM (${ENTERED}) AS entered
  LEFT JOIN (SELECT * FROM (${PURCHASE_DAYS}) WHERE customer IN (SELECT person FROM (${ENTERED}))) AS bought
    ON bought.customer = entered.person
  WHERE entered.since < {as_of:Date32} GROUP BY segment, person`;

/** The engine refuses a test of two lots in which everybody did the same: `varied` leaves it without rows then. */
const VARIED = `
  SELECT *, max(spread_of_purchases) OVER (PARTITION BY segment) > 0 AS purchases_varied,
    max(spread_of_revenue) OVER (PARTITION BY segment) > 0 AS revenue_varied
  FROM (SELECT *, varPop(toFloat64(purchases)) OVER (PARTITION BY segment, held_out) AS spread_of_purchases,
          varPop(toFloat64(revenue)) OVER (PARTITION BY segment, held_out) AS spread_of_revenue
        FROM (${OUTCOMES}))`;

const money = (sql: string) => `toString(toDecimal64(${sql}, 4))`;
const asItIs = (sql: string) => sql;

const arm = (mine: string) => {
  const mean = (column: string) => `ifNotFinite(avgIf(toFloat64(${column}), ${mine}), 0)`;
  return `tuple(toUInt32(countIf(${mine})) AS customers, ${mean('days')} AS days,
    toUInt32(countIf(${mine} AND purchases > 0)) AS buyers, ${mean('purchases > 0')} AS repeat_rate,
    ${mean('purchases')} AS purchases, ${money(mean('revenue'))} AS revenue)`;
};

/**
 * Differences of means come with Welch's interval, which takes neither the spread nor the size of the two lots for
 * equal; the engine's `welchTTest` has t and its degrees of freedom.
 */
const estimate = (column: 'purchases' | 'revenue', times = '1') => {
  const form = column === 'revenue' ? money : asItIs;
  const mean = (lot: string) => `avgIf(toFloat64(${column}), ${lot})`;
  const welch = `welchTTestIf(0.95)(toFloat64(${column}), toUInt8(held_out), ${column}_varied)`;
  const figure = (sql: string) => form(`ifNotFinite(${sql}, 0) * ${times}`);
  const bound = (part: 3 | 4) => `if(isFinite(${welch}.${part}), ${figure(`${welch}.${part}`)}, NULL)`;
  return `tuple(${figure(`(${mean('NOT held_out')} - ${mean('held_out')})`)} AS value, ${bound(3)} AS low, ${bound(4)} AS high)`;
};

const LIFT = `
  SELECT segment, toString(min(since)) AS since, ${arm('NOT held_out')} AS treated, ${arm('held_out')} AS held_out,
    ${estimate('purchases')} AS purchases, ${estimate('revenue')} AS revenue,
    ${estimate('revenue', 'countIf(NOT held_out)')} AS revenue_in_all
  FROM (${VARIED}) GROUP BY segment`;
