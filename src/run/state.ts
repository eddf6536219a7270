import { randomBytes } from 'node:crypto';
import type { ErrorCode } from '../../connectors/index.ts';
import type { Engine } from '../engine/engine.ts';
import { mask } from '../job/mask.ts';

/**
 * What can happen to a run, in order; each is appended once. `profiled` says that its histories are complete. One that sends nothing ends as `planned`; one that only
 * computes a past date ends as `backfilled` instead of ever being `segmented`, so it is not taken for the newest. One
 * whose plan is `held` is `finished` then, and may be `approved` later, and `released` when that was sent.
 */
export type RunEvent =
  | 'started'
  | 'profiled'
  | 'segmented'
  | 'backfilled'
  | 'planned'
  | 'held'
  | 'finished'
  | 'approved'
  | 'released';

export type RunRow = { run_id: string; event: RunEvent; at: string; as_of: string; detail: string };

/** The errors, in reports, of runs that did not come to their end. */
export const BROKEN_OFF: readonly ErrorCode[] = ['RUN_KILLED', 'RUN_INTERRUPTED'];

/** The scheduled time that a run is for. */
export type ScheduledFor = {
  /** ISO time. */
  due: string;
  /** Missed times after it that are to be made up for too. */
  behind: number;
};

/** A new run's id: sorts by time, safe as a partition's name. */
export function newRunId(now: Date): string {
  const stamp = now.toISOString().replace(/[-:.]/g, '').toLowerCase();
  return `${stamp}-${randomBytes(3).toString('hex')}`;
}

/** When a run began by its id, in milliseconds since 1970; 0 for what is no run's id. */
export function momentOf(run_id: string): number {
  const iso = run_id.replace(/^(.{4})(..)(..)t(..)(..)(..)(...)z.*$/, '$1-$2-$3T$4:$5:$6.$7Z');
  return Date.parse(iso) || 0;
}

/**
 * Appends one fact about a run; safe to repeat.
 * @param secrets what platforms may have repeated in their texts, and must not be stored
 */
export async function recordRun(
  engine: Engine,
  { job, run_id, as_of }: { job: string; run_id: string; as_of: string },
  event: RunEvent,
  detail: unknown = {},
  secrets: ReadonlySet<string> = new Set(),
): Promise<void> {
  const masked = (_: string, value: unknown) => (typeof value === 'string' ? mask(value, secrets) : value);
  const text = JSON.stringify(detail, masked);
  const row = { job, run_id, as_of, event, at: new Date().toISOString(), detail: text };
  await engine.insert('runs', [row], { token: `${run_id}:${event}` });
}

/** The newest run of a job that got as far as `event`, or undefined; of one that was finished and then released, the latter. */
export async function lastRun(engine: Engine, job: string, event: RunEvent): Promise<RunRow | undefined> {
  const rows = await engine.query<RunRow>(
    `SELECT run_id, event, at, as_of, detail FROM runs
     WHERE job = {job:String} AND event IN {events:Array(String)} ORDER BY run_id DESC, at DESC LIMIT 1`,
    { job, events: event === 'finished' ? ['finished', 'released'] : [event] },
  );
  return rows[0];
}

/** Whether a run of the job has begun, or its held plan was approved, and nothing tells of the end. */
export async function isUnderWay(engine: Engine, job: string): Promise<boolean> {
  const [row] = await engine.query<{ runs: number }>(
    `SELECT toUInt32(count()) AS runs FROM (
       SELECT run_id FROM runs WHERE job = {job:String} GROUP BY run_id
       HAVING countIf(event IN ('backfilled', 'planned', 'finished')) = 0
         OR (countIf(event = 'approved') > 0 AND countIf(event = 'released') = 0))`,
    { job },
  );
  return row!.runs > 0;
}

/** Closes runs that began and never ended: their process was killed. What they sent is in the ledger. */
export async function closeInterrupted(engine: Engine, job: string): Promise<void> {
  const open = await engine.query<{ run_id: string; as_of: string; sends: boolean }>(
    `SELECT run_id, any(as_of) AS as_of, max(JSONExtractBool(detail, 'send')) AS sends FROM runs
     WHERE job = {job:String} AND event = 'started' AND run_id NOT IN (
       SELECT run_id FROM runs WHERE job = {job:String} AND event IN ('backfilled', 'planned', 'finished'))
     GROUP BY run_id`,
    { job },
  );
  for (const { run_id, as_of, sends } of open) {
    await recordRun(engine, { job, run_id, as_of }, sends ? 'finished' : 'planned', {
      status: 'failed',
      error: { code: 'RUN_KILLED' satisfies ErrorCode },
    });
  }
}
