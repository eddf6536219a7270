import type { Engine } from '../engine/engine.ts';
import type { AudienceReport, RunStatus } from './report.ts';

/** What a run that sent left of one audience; runs of older versions did not count. */
type PastAudience = Pick<AudienceReport, 'destination' | 'audience' | 'remote_id' | 'error'> &
  Partial<
    Pick<
      AudienceReport,
      'wanted' | 'added' | 'removed' | 'updated' | 'held' | 'remote_count' | 'count_is_exact' | 'drift'
    >
  >;

export type PastRun = { run_id: string; at: string; status: RunStatus; audiences: PastAudience[] };

/** So many runs are looked back at. */
const RUNS = 30;

/** The job's last runs that got as far as sending, the newest first. Those that were killed left no report. */
export async function pastRuns(engine: Engine, job: string): Promise<PastRun[]> {
  // Reports are large: the inner query ends once it has read enough of the newest. A run has at most two.
  const rows = await engine.query<Omit<PastRun, 'audiences'> & { audiences: string }>(
    `SELECT run_id, at, JSONExtractString(detail, 'status') AS status, JSONExtractRaw(detail, 'audiences') AS audiences
     FROM (SELECT run_id, at, detail FROM runs
           WHERE job = {job:String} AND event IN ('finished', 'released') AND JSONLength(detail, 'audiences') > 0
           ORDER BY run_id DESC, at DESC LIMIT ${2 * RUNS})
     ORDER BY run_id DESC, at DESC LIMIT 1 BY run_id LIMIT ${RUNS}`,
    { job },
  );
  return rows.map((row) => ({ ...row, audiences: JSON.parse(row.audiences) as PastAudience[] }));
}

/** The ids of audiences that one of the last runs sent all that was to be sent: their first fill is over. */
export function filledAudiences(runs: readonly PastRun[]): Set<string> {
  const sent = runs.filter(({ status }) => status !== 'held').flatMap(({ audiences }) => audiences);
  return new Set(sent.flatMap(({ remote_id, error }) => (error === null ? (remote_id ?? []) : [])));
}

/** A count that a run read of an audience. */
export type PastCount = {
  at: string;
  remote_count: number;
  held: number;
  drift: number;
  /** False where the platform rounds or lags, so that a drift says nothing. */
  exact: boolean;
};

/** The counts of an audience that past runs read, the newest first. */
export function countsOf(runs: readonly PastRun[], remote_id: string): PastCount[] {
  return runs.flatMap(({ at, audiences }) => {
    const found = audiences.find((one) => one.remote_id === remote_id) ?? {};
    const { held, remote_count, drift, count_is_exact }: Partial<PastAudience> = found;
    if (typeof remote_count !== 'number' || typeof held !== 'number' || typeof drift !== 'number') return [];
    return [{ at, remote_count, held, drift, exact: count_is_exact === true }];
  });
}
