import type { Engine } from '../engine/engine.ts';
import type { Job } from '../job/load.ts';
import type { RunReport } from './report.ts';
import { rulesOf } from './rules.ts';

/** What is kept of a run's segments for as long as its assignments. */
type Segmented = Pick<RunReport, 'customers' | 'model' | 'limits' | 'segments' | 'categories' | 'warnings'>;

/** A day for which every customer's segments are in the store. */
export type DatedRun = Segmented & {
  run_id: string;
  /** ISO date. */
  as_of: string;
  /** Whether it was computed afterwards, from records as they were known later. */
  backfilled: boolean;
};

/** The detail of the event that says a run's assignments are complete. */
export function segmentedDetail(job: Job, report: RunReport): Segmented & { rules: string } {
  const { customers, model, limits, segments, categories, warnings } = report;
  return { rules: rulesOf(job), customers, model, limits, segments, categories, warnings };
}

/**
 * The newest run of each of some days that sorted customers by the rules the job has today.
 * @returns by date; days without one are absent
 */
export async function datedRuns(
  engine: Engine,
  job: Job,
  dates: readonly string[],
): Promise<Map<string, DatedRun>> {
  const rows = await engine.query<{ run_id: string; as_of: string; event: string; detail: string }>(
    `SELECT run_id, toString(as_of) AS as_of, event, detail FROM runs
     WHERE job = {job:String} AND event IN ('segmented', 'backfilled') AND runs.as_of IN {dates:Array(Date32)}
       AND JSONExtractString(detail, 'rules') = {rules:String}
     ORDER BY run_id DESC LIMIT 1 BY as_of`,
    { job: job.name, dates, rules: rulesOf(job) },
  );
  return new Map(
    rows.map(({ run_id, as_of, event, detail }) => {
      const { rules: _, ...segmented } = JSON.parse(detail) as Segmented & { rules: string };
      return [as_of, { run_id, as_of, backfilled: event === 'backfilled', ...segmented }];
    }),
  );
}
