import type { Stage, ShopSettings } from '../run/stage.ts';
import { assignSegments, scoreCustomers } from '../../src/run/segment.ts';

/** A customer as the models see one; what is left out is nothing or today. */
export type Seen = {
  customer: string;
  days?: number;
  active?: number;
  revenue?: string;
  ever?: string;
  /** Repeat purchases and the days from the first to the last. */
  repeats?: number;
  span?: number;
  /** What was predicted; given for all customers or for none. */
  p_alive?: number;
  clv?: string;
  acquisition?: string;
  service?: string;
  /** Days with an order; 1 unless given. */
  purchases?: number;
  visits?: number;
  opens?: number;
  clicks?: number;
  reviews?: number;
  referrals?: number;
};

type Scored = {
  customer: string;
  r_score: number;
  f_score: number;
  m_score: number;
  engagement_score: number;
};

/**
 * Gives customers their scores and segments under the settings of a job.
 * @returns per model the segment of each customer, and all rows there are; the scores of each customer
 */
export async function segmentsOf(
  stage: Stage,
  customers: Seen[],
  segments: NonNullable<ShopSettings['segments']>,
) {
  const run = stage.shop({ segments }).context('2026-03-31');
  const ids = { job: run.job.name, run_id: run.run_id };
  const rows = customers.map(
    ({ customer, days = 0, active = days, revenue = '0', ever = revenue, ...more }) => ({
      ...ids,
      customer,
      days_since_order: days,
      days_since_active: active,
      purchase_days: more.purchases ?? 1,
      frequency: more.repeats ?? 0,
      recency_days: more.span ?? 0,
      revenue: ever,
      revenue_12m: revenue,
      revenue_window: revenue,
      acquisition_cost: more.acquisition,
      service_cost: more.service,
      visits_12m: more.visits ?? 0,
      opens_12m: more.opens ?? 0,
      clicks_12m: more.clicks ?? 0,
      reviews_12m: more.reviews ?? 0,
      referrals_12m: more.referrals ?? 0,
    }),
  );
  if (rows.length > 0) await stage.engine.insert('profiles', rows);
  const predictions = customers.flatMap(({ customer, p_alive, clv = '0' }) =>
    p_alive === undefined ? [] : [{ ...ids, customer, p_alive, clv_12m: clv }],
  );
  if (predictions.length > 0) await stage.engine.insert('predictions', predictions);
  await scoreCustomers(run);
  const { limits: used, warnings } = await assignSegments(run, predictions.length > 0);
  const assigned = await stage.engine.query<{ model: string; segment: string; customer: string }>(
    `SELECT splitByChar('.', arrayJoin(segments) AS name)[1] AS model, splitByChar('.', name)[2] AS segment, customer
     FROM assignments WHERE job = {job:String} AND run_id = {run_id:String} ORDER BY model, customer`,
    ids,
  );
  const of = (model: string) =>
    Object.fromEntries(
      assigned.filter((row) => row.model === model).map(({ customer, segment }) => [customer, segment]),
    );
  const scored = await stage.engine.query<Scored>(
    'SELECT * EXCEPT (job, run_id) FROM scores WHERE job = {job:String} AND run_id = {run_id:String}',
    ids,
  );
  return {
    lifecycle: of('lifecycle'),
    value_engagement: of('value_engagement'),
    engagement: of('engagement'),
    value_tier: of('value_tier'),
    scores: Object.fromEntries(scored.map(({ customer, ...scores }) => [customer, scores])),
    assigned,
    used,
    warnings,
  };
}
