import { segmentNames } from '../models/custom/compile.ts';
import { engagement, engagementScores } from '../models/engagement.ts';
import { lifecycle, lifecycleByRecency } from '../models/lifecycle.ts';
import type { Assign, RunIds } from '../models/model.ts';
import { RFM_SCORES } from '../models/rfm.ts';
import { SCORED } from '../models/scores.ts';
import { valueEngagement } from '../models/value-engagement.ts';
import { valueTier } from '../models/value-tier.ts';
import { segmentsOf, type Categories } from '../job/segments.ts';
import { segmentStatistics, type SegmentReport } from '../report/statistics.ts';
import { cutCustom } from './custom.ts';
import { reachable } from './audience-customers.ts';
import type { RunContext } from './run.ts';

export type Assigned = {
  /** Where each model was cut. */
  limits: Record<string, Record<string, unknown>>;
  warnings: string[];
  /** What segments by category there are, those of earlier runs included. */
  categories: Categories;
};

/**
 * Gives every customer one segment of each of the job's models and the custom ones they are in, all in one statement,
 * and stores the assignments under the run. The scores, and what the rules count, must be there.
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

/**
 * The numbers of every segment of the job's models, empty ones included, in the models' order.
 * @param categories as `assignSegments` found them
 */
export async function segmentReports(
  { engine, job, run_id }: RunContext,
  categories: Categories = {},
): Promise<SegmentReport[]> {
  const reach = Object.fromEntries(
    job.destinations.map((destination) => [destination.name, reachable(destination)]),
  );
  const names = segmentsOf(job.segments, categories).map(({ name }) => name);
  return segmentStatistics(engine, { job: job.name, run: run_id }, names, reach);
}
