import type { Assign } from './model.ts';

export type LifecycleSettings = { at_risk_after: number; lost_after: number; top_share: number };

/**
 * The lifecycle by rules on recency. Days are whole days from the last purchase to `as_of`:
 * lost is more than `lost_after`, at risk more than `at_risk_after`; of the rest, `top_share` with the highest
 * revenue in twelve months (then in all, then by name, so that two runs agree) are top and the others active.
 */
export function lifecycle(settings: LifecycleSettings): Assign {
  const { at_risk_after, lost_after, top_share } = settings;
  return { sql: SEGMENT_OF, params: { at_risk_after, lost_after, top_share } };
}

const SEGMENT_OF = `
  SELECT customer,
    multiIf(days_since_order > {lost_after:Float64}, 'lost',
            days_since_order > {at_risk_after:Float64}, 'at_risk',
            place <= round({top_share:Float64} * rest), 'top', 'active') AS segment
  FROM (
    SELECT customer, days_since_order,
      days_since_order > {at_risk_after:Float64} AS gone,
      row_number() OVER (PARTITION BY gone ORDER BY revenue_12m DESC, revenue DESC, customer) AS place,
      count() OVER (PARTITION BY gone) AS rest
    FROM profiles WHERE job = {job:String} AND run_id = {run:String})`;
