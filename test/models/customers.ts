import type { Stage, ShopSettings } from '../run/stage.ts';
import { assignSegments } from '../../src/run/segment.ts';

/** A customer as the models see one; what is left out is nothing or today. */
export type Seen = { customer: string; days?: number; active?: number; revenue?: string; ever?: string };

/**
 * Gives customers their segments under the settings of a job.
 * @returns per model the segment of each customer, and all rows there are
 */
export async function segmentsOf(
  stage: Stage,
  customers: Seen[],
  segments: NonNullable<ShopSettings['segments']>,
) {
  const run = stage.shop({ segments }).context('2026-03-31');
  const ids = { job: run.job.name, run_id: run.run_id };
  const rows = customers.map(({ customer, days = 0, active = days, revenue = '0', ever = revenue }) => ({
    ...ids,
    customer,
    days_since_order: days,
    days_since_active: active,
    revenue: ever,
    revenue_12m: revenue,
    revenue_window: revenue,
  }));
  if (rows.length > 0) await stage.engine.insert('profiles', rows);
  const used = await assignSegments(run);
  const assigned = await stage.engine.query<{ model: string; segment: string; customer: string }>(
    `SELECT model, segment, customer FROM assignments
     WHERE job = {job:String} AND run_id = {run_id:String} ORDER BY model, customer`,
    ids,
  );
  const of = (model: string) =>
    Object.fromEntries(
      assigned.filter((row) => row.model === model).map(({ customer, segment }) => [customer, segment]),
    );
  return { lifecycle: of('lifecycle'), value_engagement: of('value_engagement'), assigned, used };
}
