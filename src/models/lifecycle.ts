import type { Engine } from '../engine/engine.ts';
import { facts } from './facts.ts';
import type { Assign, RunIds } from './model.ts';

export type LifecycleSettings = {
  top_share: number;
  at_risk_below: number;
  lost_below: number;
  at_risk_after?: number;
  lost_after?: number;
};

/**
 * The lifecycle by the probability that a customer is still one: lost below `lost_below`, at risk below
 * `at_risk_below`; of the rest, those with the highest value of the next twelve months are top, at most `top_share` of
 * them, and the others active. Customers who tie at the limit are active together.
 */
export async function lifecycle(engine: Engine, ids: RunIds, settings: LifecycleSettings): Promise<Assign> {
  const { top_share, at_risk_below, lost_below } = settings;
  const params = {
    lifecycle_lost_below: lost_below,
    lifecycle_at_risk_below: Math.max(at_risk_below, lost_below),
  };
  const columns = ['p_alive', 'clv_12m'];
  // Straight from their table: `facts` would join it to the profiles, and there is a prediction for each of them.
  const rest = `predictions WHERE job = {job:String} AND run_id = {run:String} AND p_alive >= {lifecycle_at_risk_below:Float64}`;
  const [top_above] = await bestShare(engine, top_share, ['clv_12m'], rest, { ...ids, ...params });
  return {
    segment: `multiIf(p_alive < {lifecycle_lost_below:Float64}, 'lost', p_alive < {lifecycle_at_risk_below:Float64}, 'at_risk',
      clv_12m > toDecimal64({lifecycle_top_above:String}, 4), 'top', 'active')`,
    columns,
    params: { ...params, lifecycle_top_above: top_above },
    limits: { top_share, at_risk_below, lost_below, top_above },
  };
}

/** Less than any amount of money. */
const LEAST = '-99999999999999';

/**
 * The limit above which the best are.
 * @param share how many of the rows at most
 * @param by columns of money, the first deciding
 * @returns the figures of the first one who is no longer among the best
 */
async function bestShare(
  engine: Engine,
  share: number,
  by: readonly string[],
  from: string,
  params: object,
): Promise<string[]> {
  const [counted] = await engine.query<{ rows: number }>(`SELECT toUInt32(count()) AS rows FROM ${from}`, {
    ...params,
  });
  const places = Math.round(share * (counted?.rows ?? 0));
  const [next] = await engine.query<{ limits: string[] }>(
    `SELECT [${by.map((column) => `toString(${column})`).join(', ')}] AS limits FROM ${from}
     ORDER BY ${by.map((column) => `${column} DESC`).join(', ')} LIMIT 1 OFFSET {places:UInt64}`,
    { ...params, places },
  );
  return next?.limits ?? by.map(() => LEAST);
}

/**
 * The lifecycle by rules on recency, for shops where no model holds. Days are whole days from the last purchase to
 * `as_of`: lost is more than `lost_after`, at risk more than `at_risk_after`; of the rest, at most `top_share` with the
 * highest revenue in twelve months (then in all) are top and the others active. Ties are active together.
 *
 * Limits that are not set come from the shop's own interpurchase times: nine of ten repeat purchases come within
 * `at_risk_after`, and `lost_after` is twice that. A shop without a repeat purchase gets a quarter and a year.
 */
export async function lifecycleByRecency(
  engine: Engine,
  ids: RunIds,
  settings: LifecycleSettings,
): Promise<Assign> {
  const gap = await usualGap(engine, ids);
  const at_risk_after = settings.at_risk_after ?? gap ?? QUARTER;
  const lost_after = settings.lost_after ?? Math.max(2 * at_risk_after, gap === undefined ? YEAR : 0);
  const params = { lifecycle_at_risk_after: at_risk_after, lifecycle_lost_after: lost_after };
  const columns = ['days_since_order', 'revenue_12m', 'revenue'];
  const rest = `${facts(columns)} WHERE days_since_order <= {lifecycle_at_risk_after:Float64}`;
  const { top_share } = settings;
  const best = await bestShare(engine, top_share, ['revenue_12m', 'revenue'], rest, { ...ids, ...params });
  return {
    segment: `multiIf(days_since_order > {lifecycle_lost_after:Float64}, 'lost',
      days_since_order > {lifecycle_at_risk_after:Float64}, 'at_risk',
      (revenue_12m, revenue) > (toDecimal64({lifecycle_top_above:String}, 4), toDecimal64({lifecycle_top_above_ever:String}, 4)), 'top',
      'active')`,
    columns,
    params: { ...params, lifecycle_top_above: best[0], lifecycle_top_above_ever: best[1] },
    limits: { at_risk_after, lost_after, top_share, top_above: best[0], top_above_ever: best[1] },
  };
}

const QUARTER = 90;
const YEAR = 365;
const SHORTEST_GAP_DAYS = 7;

/** Days within which nine of ten repeat purchases come, if there are any; a customer's gaps count as their mean gap. */
async function usualGap(engine: Engine, ids: RunIds): Promise<number | undefined> {
  const [row] = await engine.query<{ buyers: number; gap: number }>(
    `SELECT toUInt32(count()) AS buyers, quantileExactWeighted(0.9)(recency_days / frequency, frequency) AS gap
     FROM ${facts(['recency_days', 'frequency'])} WHERE frequency > 0`,
    ids,
  );
  return row?.buyers ? Math.max(SHORTEST_GAP_DAYS, Math.ceil(row.gap)) : undefined;
}
