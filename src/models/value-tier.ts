import type { Engine } from '../engine/engine.ts';
import { findCuts, type CutRule, type Cuts } from './cuts.ts';
import type { Assign } from './model.ts';

/** What a customer is worth: past and predicted revenue of twelve months each, less what they cost where that is known. */
const VALUES = `(
  SELECT customer, revenue_12m + coalesce(clv_12m, 0) - coalesce(service_cost, 0) - coalesce(acquisition_cost, 0) AS value
  FROM (SELECT customer, revenue_12m, service_cost, acquisition_cost FROM profiles
        WHERE job = {job:String} AND run_id = {run:String}) AS p
  LEFT JOIN (SELECT customer, clv_12m FROM predictions
        WHERE job = {job:String} AND run_id = {run:String}) AS c USING (customer))`;

/**
 * The value tiers: high, medium or low by what a customer is worth. Customers without a prediction count with their
 * past alone.
 *
 * Those who are worth nothing, or cost more than they bring, are low; the tiers are cut among the others, as the value
 * axis of Value-Engagement is and for the same reason.
 */
export async function valueTier(
  engine: Engine,
  ids: { job: string; run: string },
  rule: CutRule,
): Promise<Assign & { cuts: Cuts }> {
  const found = await findCuts(engine, rule, 'value', `${VALUES} WHERE value > 0`, ids);
  const cuts = found ?? { low: '0.0001', high: '0.0001' };
  return { cuts, sql: TIER_OF, params: { value_low: cuts.low, value_high: cuts.high } };
}

const TIER_OF = `
  SELECT customer,
    multiIf(value <= 0 OR value < toDecimal64({value_low:String}, 4), 'low',
            value > toDecimal64({value_high:String}, 4), 'high', 'medium') AS segment
  FROM ${VALUES}`;
