import type { Engine } from '../../engine/engine.ts';
import { pastRuns, type PastRun } from '../../run/past-audiences.ts';
import type { RunReport } from '../../run/report.ts';
import { lastRun } from '../../run/state.ts';

type Ended = { run_id: string; at: string; report: Partial<RunReport> };

/** What the job's runs left, as far as alerts look at it. */
export type Past = {
  /** The newest run that was to send and ended, however it did. */
  newest?: Ended;
  /** The newest one that got as far as sending. */
  sent?: Ended;
  /** The last runs with what became of each audience, the newest first. */
  runs: PastRun[];
  /** By `audienceKey`, of every audience that one of those runs met. */
  served: Map<string, Served>;
};

/** When an audience was last brought up to date, if ever, and when a run first tried; ISO times. */
type Served = { last?: string; first: string };

export function audienceKey(destination: string, audience: string): string {
  return `${destination}\n${audience}`;
}

/** Reads what the job's runs left; what was read before is kept until another run has ended. */
export function openPast(engine: Engine): (job: string) => Promise<Past> {
  const kept = new Map<string, { newest: string; past: Past }>();
  return async (job) => {
    const [row] = await engine.query<{ newest: string }>(
      `SELECT max((run_id, at, event))::String AS newest FROM runs
       WHERE job = {job:String} AND event IN ('finished', 'released')`,
      { job },
    );
    const newest = row?.newest ?? '';
    const before = kept.get(job);
    if (before?.newest === newest) return before.past;
    const past = await readPast(engine, job);
    kept.set(job, { newest, past });
    return past;
  };
}

async function readPast(engine: Engine, job: string): Promise<Past> {
  const [newest, rows, runs] = await Promise.all([
    lastRun(engine, job, 'finished'),
    engine.query<{ run_id: string; at: string; detail: string }>(
      `SELECT run_id, at, detail FROM runs
       WHERE job = {job:String} AND event IN ('finished', 'released')
         AND JSONLength(detail, 'audiences') > 0 AND JSONExtractString(detail, 'status') != 'held'
       ORDER BY run_id DESC, at DESC LIMIT 1`,
      { job },
    ),
    pastRuns(engine, job),
  ]);
  const ended = (row: { run_id: string; at: string; detail: string } | undefined): Ended | undefined =>
    row && { run_id: row.run_id, at: row.at, report: JSON.parse(row.detail) as Partial<RunReport> };
  return { newest: ended(newest), sent: ended(rows[0]), runs, served: await servedIn(engine, job, runs) };
}

/** Where none of the last runs could serve an audience, those before them are asked. */
async function servedIn(engine: Engine, job: string, runs: readonly PastRun[]): Promise<Map<string, Served>> {
  const served = new Map<string, Served>();
  for (const { at, status, audiences } of runs) {
    if (status === 'held') continue;
    for (const { destination, audience, error } of audiences) {
      const key = audienceKey(destination, audience);
      const last = served.get(key)?.last ?? (error === null ? at : undefined);
      served.set(key, { last, first: at });
    }
  }
  const keys = [...served].flatMap(([key, { last }]) => (last === undefined ? [key] : []));
  if (keys.length === 0) return served;
  const rows = await engine.query<{ key: string; times: string; last: string; first: string }>(
    `SELECT key, toString(countIf(done)) AS times, maxIf(at, done) AS last, min(at) AS first FROM (
       SELECT at, concat(JSONExtractString(one, 'destination'), '\\n', JSONExtractString(one, 'audience')) AS key,
         JSONExtractRaw(one, 'error') = 'null' AS done
       FROM (SELECT at, arrayJoin(JSONExtractArrayRaw(detail, 'audiences')) AS one FROM runs
             WHERE job = {job:String} AND event IN ('finished', 'released')
               AND JSONExtractString(detail, 'status') != 'held'))
     WHERE key IN {keys:Array(String)} GROUP BY key`,
    { job, keys },
  );
  for (const { key, times, last, first } of rows)
    served.set(key, { first, ...(times === '0' ? {} : { last }) });
  return served;
}
