import type { Engine } from '../engine/engine.ts';
import { findCuts, type CutRule } from './cuts.ts';
import { facts } from './facts.ts';
import type { Assign, RunIds } from './model.ts';

/** What a customer is worth: past and predicted revenue of twelve months each, less what they cost where that is known. */
export const WORTH =
  'revenue_12m + coalesce(clv_12m, 0) - coalesce(service_cost, 0) - coalesce(acquisition_cost, 0)';

const COLUMNS = ['revenue_12m', 'clv_12m', 'service_cost', 'acquisition_cost'];

/**
 * The value tiers: high, medium or low by what a customer is worth. Customers without a prediction count with their
 * past alone.
 *
 * Those who are worth nothing, or cost more than they bring, are low; the tiers are cut among the others, as the value
 * axis of Value-Engagement is and for the same reason.
 */
export async function valueTier(engine: Engine, ids: RunIds, rule: CutRule): Promise<Assign> {
  const worth = `(SELECT ${WORTH} AS worth FROM ${facts(COLUMNS)}) WHERE worth > 0`;
  const cuts = (await findCuts(engine, rule, 'worth', worth, ids)) ?? { low: '0.0001', high: '0.0001' };
  return {
    segment: `multiIf(${WORTH} <= 0 OR ${WORTH} < toDecimal64({value_tier_low:String}, 4), 'low',
      ${WORTH} > toDecimal64({value_tier_high:String}, 4), 'high', 'medium')`,
    columns: COLUMNS,
    params: { value_tier_low: cuts.low, value_tier_high: cuts.high },
    limits: cuts,
  };
}
