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
  const params = {
    ...purchaseParams({ job, ...last }, round),
    segments: [...holdouts.keys()],
    shares: [...holdouts.values()],
  };
  const [arms, differences] = await Promise.all([
    engine.query<ArmRow>(ARMS, params),
    engine.query<DifferenceRow>(DIFFERENCES, params),
  ]);
  const segments = [...holdouts].map(([segment, holdout]) => {
    const mine = arms.filter((row) => row.segment === segment);
    return {
      segment,
      holdout,
      ...compared(
        mine,
        differences.find((row) => row.segment === segment),
      ),
    };
  });
  return { job: job.name, run_id: last.run_id, as_of: last.as_of, currency: job.currency, segments };
}

type ArmRow = Arm & { segment: string; held_out: boolean; since: string };
type Compared = Pick<SegmentLift, 'since' | 'treated' | 'held_out' | 'difference'>;

function compared(rows: readonly ArmRow[], means: DifferenceRow | undefined): Compared {
  const since = rows.map((row) => row.since).toSorted()[0] ?? null;
  const armOf = (held: boolean): Arm | null => {
    const row = rows.find((row) => row.held_out === held);
    if (!row) return null;
    const { segment: _, held_out: _held, since: _since, ...arm } = row;
    return arm;
  };
  const [treated, held_out] = [armOf(false), armOf(true)];
  if (!treated || !held_out || !means) return { since, treated, held_out, difference: null };
  const difference = {
    repeat_rate: differenceOfShares(treated, held_out),
    purchases: estimateOf<number>(means, 'purchases'),
    revenue: estimateOf<string>(means, 'revenue'),
    revenue_in_all: estimateOf<string>(means, 'revenue_in_all'),
  };
  return { since, treated, held_out, difference };
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

const ARMS = `
  SELECT o.segment AS segment, o.held_out AS held_out, toString(min(o.since)) AS since,
    toUInt32(count()) AS customers, avg(o.days) AS days, toUInt32(countIf(o.purchases > 0)) AS buyers,
    buyers / customers AS repeat_rate, avg(o.purchases) AS purchases, ${money('avg(o.revenue)')} AS revenue
  FROM (${OUTCOMES}) AS o GROUP BY segment, held_out`;

/** Names and forms of the differences of means; `times` multiplies each figure. */
const MEANS = {
  purchases: { column: 'purchases', form: (sql: string) => sql, times: '1' },
  revenue: { column: 'revenue', form: money, times: '1' },
  revenue_in_all: { column: 'revenue', form: money, times: 'countIf(NOT o.held_out)' },
} as const;
type Mean = keyof typeof MEANS;
type DifferenceRow = { segment: string } & Record<`${Mean}_${keyof Estimate<unknown>}`, unknown>;

/**
 * Differences of means come with Welch's interval, which takes neither the spread nor the size of the two lots for
 * equal; the engine's `welchTTest` has t and its degrees of freedom. A figure that is none becomes null.
 */
const columns = Object.entries(MEANS).map(([name, { column, form, times }]) => {
  const mean = (lot: string) => `avgIf(toFloat64(o.${column}), ${lot})`;
  const welch = `welchTTestIf(0.95)(toFloat64(o.${column}), toUInt8(o.held_out), o.${column}_varied)`;
  const figure = (sql: string) => form(`ifNotFinite(${sql}, 0) * ${times}`);
  const bound = (part: 3 | 4) => `if(isFinite(${welch}.${part}), ${figure(`${welch}.${part}`)}, NULL)`;
  return `${figure(`(${mean('NOT o.held_out')} - ${mean('o.held_out')})`)} AS ${name}_value,
    ${bound(3)} AS ${name}_low, ${bound(4)} AS ${name}_high`;
});

const DIFFERENCES = `
  SELECT o.segment AS segment, ${columns.join(', ')} FROM (${VARIED}) AS o GROUP BY segment`;

function estimateOf<Figure>(row: DifferenceRow, name: Mean): Estimate<Figure> {
  const [value, low, high] = [row[`${name}_value`], row[`${name}_low`], row[`${name}_high`]];
  return { value: value as Figure, low: low as Figure | null, high: high as Figure | null };
}
