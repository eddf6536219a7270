import type { Engine } from '../engine/engine.ts';
import { findCuts, type CutRule, type Cuts } from './cuts.ts';
import type { Assign } from './model.ts';

export type ValueEngagementSettings = { value: CutRule & { window: number }; engagement: CutRule };
export type ValueEngagementCuts = { value: Cuts; engagement: Cuts };

/**
 * The Value-Engagement segments. Value is the revenue in the window (a year by default), engagement the days since
 * the latest order or visit, fewer being more. Each is low, medium or high; the nine cells make seven segments.
 *
 * Those who bought nothing in the window are of low value; the value axis is cut among the others, because in most
 * shops more than a third bought nothing this year and a quantile over all would be zero.
 */
export async function valueEngagement(
  engine: Engine,
  ids: { job: string; run: string },
  settings: ValueEngagementSettings,
): Promise<Assign & { cuts: ValueEngagementCuts }> {
  const mine = 'job = {job:String} AND run_id = {run:String}';
  const spent = `profiles WHERE ${mine} AND revenue_window > 0`;
  const value = await findCuts(engine, settings.value, 'revenue_window', spent, ids);
  const all = `profiles WHERE ${mine}`;
  const engagement = await findCuts(engine, settings.engagement, 'days_since_active', all, ids);
  const cuts = {
    value: value ?? { low: '0.0001', high: '0.0001' },
    engagement: engagement ?? { low: '0', high: '0' },
  };
  return {
    cuts,
    sql: SEGMENT_OF,
    params: {
      value_low: cuts.value.low,
      value_high: cuts.value.high,
      recent: cuts.engagement.low,
      long_ago: cuts.engagement.high,
    },
  };
}

const SEGMENT_OF = `
  SELECT customer,
    multiIf(revenue_window <= 0 OR revenue_window < toDecimal64({value_low:String}, 4), 'low',
            revenue_window > toDecimal64({value_high:String}, 4), 'high', 'medium') AS value,
    multiIf(days_since_active < toFloat64({recent:String}), 'high',
            days_since_active > toFloat64({long_ago:String}), 'low', 'medium') AS engagement,
    multiIf(value = 'high' AND engagement = 'high', 'true_champions',
            value = 'high' AND engagement = 'medium', 'faithful_supporters',
            value = 'high', 'spenders_at_risk',
            value = 'medium' AND engagement = 'high', 'excited_shoppers',
            value = 'low' AND engagement = 'high', 'curious_entrants',
            value = 'low' AND engagement = 'low', 'silent_quitters',
            'average_buyers') AS segment
  FROM profiles WHERE job = {job:String} AND run_id = {run:String}`;
