import { lifecycle, lifecycleByRecency } from '../models/lifecycle.ts';
import type { Assign } from '../models/model.ts';
import { RFM_SCORES } from '../models/rfm.ts';
import { valueEngagement } from '../models/value-engagement.ts';
import { valueTier } from '../models/value-tier.ts';
import { segmentsOf } from '../job/segments.ts';
import type { RunContext } from './run.ts';

/** One segment's numbers; money in the job's currency as a decimal string. */
export type SegmentReport = {
  segment: string;
  customers: number;
  revenue_12m: string;
  mean_clv_12m: string | null;
};

/**
 * Gives every customer one segment of each of the job's models and stores the assignments under the run.
 * @param predicted whether the run has predictions; without them the lifecycle goes by recency
 * @returns the limits each model used
 */
export async function assignSegments(
  run: RunContext,
  predicted: boolean,
): Promise<Record<string, Record<string, unknown>>> {
  const ids = { job: run.job.name, run: run.run_id };
  const used: Record<string, Record<string, unknown>> = {};
  const models = run.job.segments;
  if (models.lifecycle) {
    const assign = predicted
      ? lifecycle(models.lifecycle)
      : await lifecycleByRecency(run.engine, ids, models.lifecycle);
    await store(run, 'lifecycle', assign);
    used.lifecycle = assign.params;
  }
  if (models.value_engagement) {
    const assign = await valueEngagement(run.engine, ids, models.value_engagement);
    await store(run, 'value_engagement', assign);
    used.value_engagement = assign.cuts;
  }
  if (models.value_tier) {
    const assign = await valueTier(run.engine, ids, models.value_tier);
    await store(run, 'value_tier', assign);
    used.value_tier = assign.cuts;
  }
  return used;
}

async function store(run: RunContext, model: string, assign: Assign): Promise<void> {
  await run.engine.command(
    `INSERT INTO assignments (job, run_id, as_of, model, segment, customer)
     SELECT {job:String}, {run:String}, {as_of:Date32}, {model:String}, segment, customer FROM (${assign.sql})`,
    { ...assign.params, job: run.job.name, run: run.run_id, as_of: run.as_of, model },
  );
}

/** Stores the R, F and M scores of every customer of the run. */
export async function scoreCustomers(run: RunContext): Promise<void> {
  await run.engine.command(
    `INSERT INTO scores (job, run_id, customer, r_score, f_score, m_score)
     SELECT {job:String}, {run:String}, customer, r_score, f_score, m_score FROM (${RFM_SCORES})`,
    { job: run.job.name, run: run.run_id },
  );
}

/** The numbers of every segment of the job's models, empty ones included, in the models' order. */
export async function segmentReports(run: RunContext): Promise<SegmentReport[]> {
  const rows = await run.engine.query<SegmentReport>(
    `SELECT concat(model, '.', segment) AS segment, toUInt32(count()) AS customers,
       toString(sum(revenue_12m)) AS revenue_12m,
       if(count(clv_12m) = 0, NULL, toString(toDecimal64(sum(clv_12m) / count(clv_12m), 2))) AS mean_clv_12m
     FROM (SELECT model, segment, customer FROM assignments WHERE job = {job:String} AND run_id = {run:String}) AS a
     INNER JOIN (SELECT customer, revenue_12m FROM profiles WHERE job = {job:String} AND run_id = {run:String}) AS p
       USING (customer)
     LEFT JOIN (SELECT customer, clv_12m FROM predictions WHERE job = {job:String} AND run_id = {run:String}) AS c
       USING (customer)
     GROUP BY model, segment`,
    { job: run.job.name, run: run.run_id },
  );
  const found = new Map(rows.map((row) => [row.segment, row]));
  return segmentsOf(run.job.segments).map(({ name: segment }) => ({
    segment,
    customers: found.get(segment)?.customers ?? 0,
    revenue_12m: found.get(segment)?.revenue_12m ?? '0',
    mean_clv_12m: found.get(segment)?.mean_clv_12m ?? null,
  }));
}
