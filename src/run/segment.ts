import { engagement, engagementScores } from '../models/engagement.ts';
import { facts } from '../models/facts.ts';
import { lifecycle, lifecycleByRecency } from '../models/lifecycle.ts';
import type { Assign, RunIds } from '../models/model.ts';
import { RFM_SCORES } from '../models/rfm.ts';
import { SCORED } from '../models/scores.ts';
import { valueEngagement } from '../models/value-engagement.ts';
import { valueTier } from '../models/value-tier.ts';
import { modelSegments } from '../job/segments.ts';
import { segmentStatistics, type SegmentReport } from '../report/statistics.ts';
import { reachable } from './plan.ts';
import type { RunContext } from './run.ts';

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
export async function segmentReports({ engine, job, run_id }: RunContext): Promise<SegmentReport[]> {
  const reach = Object.fromEntries(
    job.destinations.map((destination) => [destination.name, reachable(destination)]),
  );
  return segmentStatistics(engine, { job: job.name, run: run_id }, modelSegments(job.segments), reach);
}
