import { segmentNames } from '../models/custom/compile.ts';
import { lifecycle, lifecycleByRecency } from '../models/lifecycle.ts';
import type { Assign, RunIds } from '../models/model.ts';
import { RFM_SCORES } from '../models/rfm.ts';
import { valueEngagement } from '../models/value-engagement.ts';
import { valueTier } from '../models/value-tier.ts';
import { segmentsOf, type Categories } from '../job/segments.ts';
import { cutCustom } from './custom.ts';
import type { RunContext } from './run.ts';

/** One segment's numbers; money in the job's currency as a decimal string. */
export type SegmentReport = {
  segment: string;
  customers: number;
  revenue_12m: string;
  mean_clv_12m: string | null;
};

export type Assigned = {
  /** Where each model was cut. */
  limits: Record<string, Record<string, unknown>>;
  warnings: string[];
  /** What segments by category there are, those of earlier runs included. */
  categories: Categories;
};

/**
 * Gives every customer one segment of each of the job's models and the custom ones they are in, all in one statement,
 * and stores the assignments under the run. What the rules count must be there.
 * @param predicted whether the run has predictions; without them the lifecycle goes by recency
 * @param round which labels of the run hold, for files of SQL that look at purchases
 */
export async function assignSegments(run: RunContext, predicted: boolean, round = 0): Promise<Assigned> {
  const ids = { job: run.job.name, run: run.run_id };
  const models = Object.entries(await cutModels(run, ids, predicted));
  const custom = await cutCustom(run, models, ['revenue_12m', 'clv_12m'], round);
  const names = [...segmentNames(models, custom.groups), ...custom.families];
  await run.engine.command(
    `INSERT INTO assignments (job, run_id, as_of, customer, segments, revenue_12m, clv_12m)
     SELECT {job:String}, {run:String}, {as_of:Date32}, customer, arrayConcat(${names.join(', ')}), revenue_12m, clv_12m
     FROM ${custom.from}`,
    custom.params,
  );
  return {
    limits: Object.fromEntries(models.map(([model, { limits }]) => [model, limits])),
    warnings: [...models.flatMap(([, { warnings = [] }]) => warnings), ...custom.warnings],
    categories: custom.categories,
  };
}

async function cutModels(run: RunContext, ids: RunIds, predicted: boolean): Promise<Record<string, Assign>> {
  const { engine, job } = run;
  const { lifecycle: cycle, value_engagement, value_tier } = job.segments;
  const byCycle = predicted ? lifecycle : lifecycleByRecency;
  const cut = await Promise.all([
    cycle && byCycle(engine, ids, cycle).then((assign) => ['lifecycle', assign] as const),
    value_engagement &&
      valueEngagement(engine, ids, value_engagement).then((assign) => ['value_engagement', assign] as const),
    value_tier && valueTier(engine, ids, value_tier).then((assign) => ['value_tier', assign] as const),
  ]);
  return Object.fromEntries(cut.filter((one) => one !== undefined));
}

/** Stores the R, F and M scores of every customer of the run. */
export async function scoreCustomers(run: RunContext): Promise<void> {
  await run.engine.command(
    `INSERT INTO scores (job, run_id, customer, r_score, f_score, m_score)
     SELECT {job:String}, {run:String}, customer, r_score, f_score, m_score FROM (${RFM_SCORES})`,
    { job: run.job.name, run: run.run_id },
  );
}

/**
 * The numbers of every segment of the job's models, empty ones included, in the models' order.
 * @param categories as `assignSegments` found them
 */
export async function segmentReports(run: RunContext, categories: Categories = {}): Promise<SegmentReport[]> {
  const rows = await run.engine.query<SegmentReport>(
    `SELECT segment, toUInt32(count()) AS customers, toString(sum(revenue_12m)) AS revenue_12m,
       if(count(clv_12m) = 0, NULL, toString(toDecimal64(sum(clv_12m) / count(clv_12m), 2))) AS mean_clv_12m
     FROM (SELECT arrayJoin(segments) AS segment, revenue_12m, clv_12m FROM assignments
           WHERE job = {job:String} AND run_id = {run:String}) GROUP BY segment`,
    { job: run.job.name, run: run.run_id },
  );
  const found = new Map(rows.map((row) => [row.segment, row]));
  return segmentsOf(run.job.segments, categories).map(({ name: segment }) => ({
    segment,
    customers: found.get(segment)?.customers ?? 0,
    revenue_12m: found.get(segment)?.revenue_12m ?? '0',
    mean_clv_12m: found.get(segment)?.mean_clv_12m ?? null,
  }));
}
