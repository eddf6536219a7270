import type { Engine } from '../engine/engine.ts';
import type { RunReport, RunStatus, Stage } from './report.ts';
import type { RunRow } from './state.ts';

/** A run as a list shows it. */
export type ListedRun = {
  run_id: string;
  /** ISO date. */
  as_of: string;
  /** ISO times; it ended at null while it goes on, or where its process was killed and no other has looked since. */
  began_at: string;
  ended_at: string | null;
  status: RunStatus | null;
  /** Whether it was to send. */
  sends: boolean;
  customers: number;
  /** Over all audiences. */
  added: number;
  removed: number;
  updated: number;
  refused: number;
  requests: number;
  seconds: Partial<Record<Stage, number>>;
  /** Code of what ended it. */
  code: string | null;
};

type Row = Omit<ListedRun, 'seconds' | 'added' | 'removed' | 'updated' | 'refused' | 'requests'> & {
  seconds: string;
  sums: Record<'added' | 'removed' | 'updated' | 'refused' | 'requests', number>;
};

/** The last runs of a job, the newest first; the days that were only computed are left out. */
export async function listRuns(engine: Engine, job: string, limit: number): Promise<ListedRun[]> {
  const last = (text: string) => `argMaxIf(${text}, at, ends)`;
  const sum = (field: string) =>
    `arraySum(one -> JSONExtractUInt(one, '${field}'), JSONExtractArrayRaw(report, 'audiences'))`;
  const rows = await engine.query<Row>(
    `SELECT run_id, as_of, began_at, ended_at, status, sends, customers, seconds, nullIf(code, '') AS code,
       CAST((${['added', 'removed', 'updated', 'refused', 'requests'].map(sum).join(', ')}),
         'Tuple(added Float64, removed Float64, updated Float64, refused Float64, requests Float64)') AS sums
     FROM (
       SELECT run_id, toString(any(facts.as_of)) AS as_of, ${iso('min(at)')} AS began_at,
         if(countIf(ends) = 0, NULL, ${iso('maxIf(at, ends)')}) AS ended_at,
         ${last('detail')} AS report,
         nullIf(JSONExtractString(report, 'status'), '') AS status,
         max(event = 'started' AND JSONExtractBool(detail, 'send')) AS sends,
         toUInt32(JSONExtractUInt(report, 'customers')) AS customers,
         JSONExtractRaw(report, 'seconds') AS seconds,
         JSONExtractString(report, 'error', 'code') AS code
       FROM (SELECT *, event IN ('finished', 'released', 'planned', 'backfilled') AS ends FROM runs
             WHERE job = {job:String} AND run_id IN (
               SELECT run_id FROM runs
               WHERE job = {job:String} AND event = 'started' AND NOT JSONExtractBool(detail, 'backfill')
               ORDER BY run_id DESC LIMIT {limit:UInt32})) AS facts
       GROUP BY run_id)
     ORDER BY run_id DESC`,
    { job, limit },
  );
  return rows.map(({ seconds, sums, ...row }) => ({
    ...row,
    ...sums,
    seconds: seconds === '' ? {} : (JSON.parse(seconds) as ListedRun['seconds']),
  }));
}

/** A run that was killed left no more than how it ended. */
export type LeftReport = Partial<RunReport> & Pick<RunReport, 'status'>;

/** The report of a run that has ended; of one that was released, the later. Undefined where there is none. */
export async function reportOf(engine: Engine, job: string, run_id: string): Promise<LeftReport | undefined> {
  const [row] = await engine.query<Pick<RunRow, 'detail'>>(
    `SELECT detail FROM runs WHERE job = {job:String} AND run_id = {run_id:String}
       AND event IN ('finished', 'released', 'planned') ORDER BY at DESC LIMIT 1`,
    { job, run_id },
  );
  return row && (JSON.parse(row.detail) as LeftReport);
}

function iso(moment: string): string {
  return `formatDateTime(${moment}, '%Y-%m-%dT%H:%i:%SZ', 'UTC')`;
}
