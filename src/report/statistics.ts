import { amountOf, unitsOf } from '../../connectors/index.ts';
import { eachShard } from '../engine/each-shard.ts';
import type { Engine } from '../engine/engine.ts';
import { facts, MERGED } from '../models/facts.ts';
import type { RunIds } from '../models/model.ts';

/** One segment's numbers; money in the job's currency as a decimal string. Null where nothing can be said. */
export type SegmentReport = {
  segment: string;
  customers: number;
  /** Of all customers of the run, from 0 to 1. */
  share: number;
  revenue_12m: string;
  mean_clv_12m: string | null;
  /** Of all its customers together. */
  clv_12m: string | null;
  /** Revenue of its customers, ever, divided by their orders. */
  mean_order_value: string | null;
  /** Half of its customers ordered as lately as this or later. */
  median_days_since_order: number | null;
  /** Customers with a recorded yes to e-mail marketing. */
  consented: number;
  /** Customers who may be sent to each destination, by its name: with consent as it asks, and an identifier. */
  reachable: Record<string, number>;
};

/** What all customers of a run bring together, as `SegmentReport` has it of some; null where nothing can be said. */
export type Totals = Record<'revenue_12m' | 'clv_12m', string | null>;

/**
 * @param segments those of a run; each customer has one segment of a model, so those of any model sum up to the whole,
 *   but for a job's own, where a customer may be in several or in none
 */
export function totalsOf(segments: readonly SegmentReport[]): Totals {
  const modelOf = ({ segment }: SegmentReport) => segment.split('.')[0];
  const model = segments.map(modelOf).find((name) => name !== 'custom');
  const mine = segments.filter((row) => modelOf(row) === model);
  const total = (field: keyof Totals) => {
    const units = mine.flatMap((row) => unitsOf(row[field] ?? '') ?? []);
    return units.length === 0 ? null : amountOf(units.reduce((sum, one) => sum + one, 0n));
  };
  return { revenue_12m: total('revenue_12m'), clv_12m: total('clv_12m') };
}

type Row = Omit<SegmentReport, 'reachable'> & { reached: number[] };

/** What the statistics read of a customer beside the segments. */
const COLUMNS = ['orders', 'revenue', 'days_since_order', 'email', 'phone', 'email_consent', 'ads_consent'];

/**
 * The numbers of the segments of a run, in one pass over its assignments and profiles.
 * @param segments full names, in the order of the answer; empty ones get their row too, and strangers that the run
 *   has come after them
 * @param reach for each destination SQL that says whether a customer may be sent there, over the profile's fields
 */
export async function segmentStatistics(
  engine: Engine,
  ids: RunIds,
  segments: readonly string[],
  reach: Readonly<Record<string, string>>,
): Promise<SegmentReport[]> {
  const destinations = Object.keys(reach);
  const reachable = (row?: Row) =>
    Object.fromEntries(destinations.map((name, index) => [name, row?.reached[index] ?? 0]));
  const rows = await engine.query<Row>(statement(Object.values(reach)), ids);
  const found = new Map(rows.map((row) => [row.segment, row]));
  const names = new Set([...segments, ...[...found.keys()].toSorted()]);
  return [...names].map((segment) => {
    const { reached: _, ...row } = found.get(segment) ?? { ...NOBODY, segment };
    return { ...row, reachable: reachable(found.get(segment)) };
  });
}

const NOBODY: Omit<Row, 'segment'> = {
  customers: 0,
  share: 0,
  revenue_12m: '0',
  mean_clv_12m: null,
  clv_12m: null,
  mean_order_value: null,
  median_days_since_order: null,
  consented: 0,
  reached: [],
};

function statement(reach: readonly string[]): string {
  const mine = 'WHERE job = {job:String} AND run_id = {run:String}';
  const flags = reach.map((condition, index) => `${condition} AS reach_${index}`);
  const known = [
    'customer',
    'orders',
    'revenue',
    'days_since_order',
    `email_consent = 'yes' AS consent`,
    ...flags,
  ];
  const counts = reach.map((_, index) => `toUInt32(countIf(reach_${index}))`);
  return `
    SELECT segment, toUInt32(count()) AS customers,
      customers / (SELECT count() FROM assignments ${mine}) AS share,
      toString(sum(a.revenue_12m)) AS revenue_12m,
      if(count(clv) = 0, NULL, toString(toDecimal64(sum(clv) / count(clv), 2))) AS mean_clv_12m,
      if(count(clv) = 0, NULL, toString(sum(clv))) AS clv_12m,
      if(sum(orders) = 0, NULL, toString(toDecimal64(round(sum(revenue) / sum(orders), 2), 2))) AS mean_order_value,
      toUInt32(quantileExactWeighted(0.5)(days_since_order, 1)) AS median_days_since_order,
      toUInt32(countIf(consent)) AS consented, CAST([${counts.join(', ')}], 'Array(UInt32)') AS reached
    FROM ${eachShard(`
      SELECT arrayJoin(segments) AS segment, * FROM
        (SELECT customer, segments, revenue_12m, clv_12m AS clv FROM assignments ${mine}) AS given
        INNER JOIN (SELECT ${known.join(', ')} FROM ${facts(COLUMNS)}) AS known USING (customer) ${MERGED}`)} AS a
    GROUP BY segment`;
}
