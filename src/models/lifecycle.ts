import type { Engine } from '../engine/engine.ts';
import type { Assign } from './model.ts';

export type LifecycleSettings = {
  top_share: number;
  at_risk_below: number;
  lost_below: number;
  at_risk_after?: number;
  lost_after?: number;
};

/**
 * The lifecycle by the probability that a customer is still one: lost below `lost_below`, at risk below
 * `at_risk_below`; of the rest, `top_share` with the highest value of the next twelve months (then by name, so that
 * two runs agree) are top and the others active.
 */
export function lifecycle({ top_share, at_risk_below, lost_below }: LifecycleSettings): Assign {
  return { sql: BY_MODEL, params: { top_share, at_risk_below, lost_below } };
}

const BY_MODEL = `
  SELECT customer,
    multiIf(p_alive < {lost_below:Float64}, 'lost', leaving, 'at_risk',
            place <= round({top_share:Float64} * rest), 'top', 'active') AS segment
  FROM (
    SELECT customer, p_alive, p_alive < greatest({at_risk_below:Float64}, {lost_below:Float64}) AS leaving,
      row_number() OVER (PARTITION BY leaving ORDER BY clv_12m DESC, customer) AS place,
      count() OVER (PARTITION BY leaving) AS rest
    FROM predictions WHERE job = {job:String} AND run_id = {run:String})`;

/**
 * The lifecycle by rules on recency, for shops where no model holds. Days are whole days from the last purchase to
 * `as_of`: lost is more than `lost_after`, at risk more than `at_risk_after`; of the rest, `top_share` with the highest
 * revenue in twelve months (then in all, then by name) are top and the others active.
 *
 * Limits that are not set come from the shop's own interpurchase times: nine of ten repeat purchases come within
 * `at_risk_after`, and `lost_after` is twice that. A shop without a repeat purchase gets a quarter and a year.
 */
export async function lifecycleByRecency(
  engine: Engine,
  ids: { job: string; run: string },
  settings: LifecycleSettings,
): Promise<Assign & { params: { at_risk_after: number; lost_after: number; top_share: number } }> {
  const gap = await usualGap(engine, ids);
  const at_risk_after = settings.at_risk_after ?? gap ?? QUARTER;
  const lost_after = settings.lost_after ?? Math.max(2 * at_risk_after, gap === undefined ? YEAR : 0);
  return { sql: BY_RECENCY, params: { at_risk_after, lost_after, top_share: settings.top_share } };
}

const QUARTER = 90;
const YEAR = 365;
const SHORTEST_GAP_DAYS = 7;

/** Days within which nine of ten repeat purchases come, if there are any; a customer's gaps count as their mean gap. */
async function usualGap(engine: Engine, ids: { job: string; run: string }): Promise<number | undefined> {
  const [row] = await engine.query<{ buyers: number; gap: number }>(
    `SELECT toUInt32(count()) AS buyers, quantileExactWeighted(0.9)(recency_days / frequency, frequency) AS gap
     FROM profiles WHERE job = {job:String} AND run_id = {run:String} AND frequency > 0`,
    ids,
  );
  return row?.buyers ? Math.max(SHORTEST_GAP_DAYS, Math.ceil(row.gap)) : undefined;
}

const BY_RECENCY = `
  SELECT customer,
    multiIf(days_since_order > {lost_after:Float64}, 'lost',
            days_since_order > {at_risk_after:Float64}, 'at_risk',
            place <= round({top_share:Float64} * rest), 'top', 'active') AS segment
  FROM (
    SELECT customer, days_since_order,
      days_since_order > {at_risk_after:Float64} AS leaving,
      row_number() OVER (PARTITION BY leaving ORDER BY revenue_12m DESC, revenue DESC, customer) AS place,
      count() OVER (PARTITION BY leaving) AS rest
    FROM profiles WHERE job = {job:String} AND run_id = {run:String})`;
