import { engagement, engagementScores } from '../models/engagement.ts';
import { facts } from '../models/facts.ts';
import { lifecycle, lifecycleByRecency } from '../models/lifecycle.ts';
import type { Assign, RunIds } from '../models/model.ts';
import { RFM_SCORES } from '../models/rfm.ts';
import { SCORED } from '../models/scores.ts';
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

export type Assigned = {
  /** Where each model was cut. */
  limits: Record<string, Record<string, unknown>>;
  warnings: string[];
};

/**
 * Gives every customer one segment of each of the job's models, all in one statement, and stores the assignments
 * under the run. The scores must be there.
 * @param predicted whether the run has predictions; without them the lifecycle goes by recency
 */
export async function assignSegments(run: RunContext, predicted: boolean): Promise<Assigned> {
  const ids = { job: run.job.name, run: run.run_id };
  const models = Object.entries(await cutModels(run, ids, predicted));
  const columns = new Set(['revenue_12m', 'clv_12m', ...models.flatMap(([, { columns }]) => columns)]);
  await run.engine.command(
    `INSERT INTO assignments (job, run_id, as_of, customer, segments, revenue_12m, clv_12m)
     SELECT {job:String}, {run:String}, {as_of:Date32}, customer,
       [${models.map(([model, { segment }]) => `concat('${model}.', ${segment})`).join(', ')}], revenue_12m, clv_12m
     FROM ${facts([...columns])}`,
    { ...ids, as_of: run.as_of, ...Object.assign({}, ...models.map(([, { params }]) => params)) },
  );
  return {
    limits: Object.fromEntries(models.map(([model, { limits }]) => [model, limits])),
    warnings: models.flatMap(([, { warnings = [] }]) => warnings),
  };
}

async function cutModels(run: RunContext, ids: RunIds, predicted: boolean): Promise<Record<string, Assign>> {
  const { engine, job } = run;
  const { lifecycle: cycle, value_engagement, engagement: part, value_tier } = job.segments;
  const byCycle = predicted ? lifecycle : lifecycleByRecency;
  const cut = await Promise.all([
    cycle && byCycle(engine, ids, cycle).then((assign) => ['lifecycle', assign] as const),
    value_engagement &&
      valueEngagement(engine, ids, value_engagement).then((assign) => ['value_engagement', assign] as const),
    part && engagement(engine, ids, part).then((assign) => ['engagement', assign] as const),
    value_tier && valueTier(engine, ids, value_tier).then((assign) => ['value_tier', assign] as const),
  ]);
  return Object.fromEntries(cut.filter((one) => one !== undefined));
}

/** Stores the scores of every customer of the run: R, F and M, and engagement where the job asks for it. */
export async function scoreCustomers(run: RunContext): Promise<void> {
  const ids = { job: run.job.name, run: run.run_id };
  const { engagement: settings } = run.job.segments;
  const scores = [RFM_SCORES, ...(settings ? [await engagementScores(run.engine, ids, settings)] : [])];
  const columns = Object.entries(Object.assign({}, ...scores.map(({ columns }) => columns)));
  await run.engine.command(
    `INSERT INTO scores (job, run_id, customer, ${columns.map(([column]) => column).join(', ')})
     WITH ${scores.flatMap(({ shared }) => shared).join(', ')}
     SELECT {job:String}, {run:String}, customer, ${columns.map(([column, sql]) => `${sql as string} AS ${column}`).join(', ')}
     FROM ${SCORED}`,
    { ...ids, ...Object.assign({}, ...scores.map(({ params }) => params)) },
  );
}

/** The numbers of every segment of the job's models, empty ones included, in the models' order. */
export async function segmentReports(run: RunContext): Promise<SegmentReport[]> {
  const rows = await run.engine.query<SegmentReport>(
    `SELECT segment, toUInt32(count()) AS customers, toString(sum(revenue_12m)) AS revenue_12m,
       if(count(clv_12m) = 0, NULL, toString(toDecimal64(sum(clv_12m) / count(clv_12m), 2))) AS mean_clv_12m
     FROM (SELECT arrayJoin(segments) AS segment, revenue_12m, clv_12m FROM assignments
           WHERE job = {job:String} AND run_id = {run:String}) GROUP BY segment`,
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
