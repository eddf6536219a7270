import { DateTime } from 'luxon';
import type { Engine } from '../engine/engine.ts';
import type { Job } from '../job/load.ts';
import { modelsOf } from '../job/segments.ts';
import { datedRuns, type DatedRun } from './dated.ts';
import { compareDays, type Overview } from './overview.ts';
import { rulesOf } from './rules.ts';
import { lastRun } from './state.ts';

/** An overview of what is in the store; `since` is null where no earlier day is. */
export type StoredOverview = Omit<Overview, 'since'> & { since: Overview['since'] | null };

/** So many months are looked back at. */
const MONTHS = 12;

/**
 * What a job's segments are, who moved since a month ago, and how they grew, from days that are in the store: nothing is
 * computed that takes long. Where there is no day a month ago or earlier, the earliest there is takes its place.
 * @returns undefined where the job has not run
 */
export async function storedOverview(engine: Engine, job: Job): Promise<StoredOverview | undefined> {
  const last = await lastRun(engine, job.name, 'segmented');
  if (!last) return undefined;
  const { rules: _, ...segmented } = JSON.parse(last.detail) as DatedRun & { rules: string };
  const now: DatedRun = { ...segmented, run_id: last.run_id, as_of: last.as_of, backfilled: false };
  const before = (await storedDates(engine, job)).filter((date) => date < now.as_of);
  const monthAgo = DateTime.fromISO(now.as_of, { zone: 'utc' }).minus({ months: 1 }).toISODate()!;
  const since = before.findLast((date) => date <= monthAgo) ?? before[0];
  const ends = monthEnds(before).filter((date) => date.slice(0, 7) !== now.as_of.slice(0, 7));
  const days = await datedRuns(engine, job, since === undefined ? [] : [since, ...ends]);
  const from = since === undefined ? undefined : days.get(since);
  const compared = from
    ? await compareDays(engine, job, { before: from, after: now, names: last.run_id }, modelsOf(job.segments))
    : { flows: [], lists: [], moves: [] };
  return {
    job: job.name,
    currency: job.currency,
    ...now,
    since: from ? dayOf(from) : null,
    ...compared,
    history: [...ends.flatMap((date) => days.get(date) ?? []), now].map((day) => ({
      ...dayOf(day),
      segments: day.segments,
    })),
  };
}

function dayOf({ as_of, run_id, backfilled, customers }: DatedRun): Overview['since'] {
  return { as_of, run_id, backfilled, customers };
}

/** The days whose segments are in the store by the rules of today, the oldest first. */
export async function storedDates(engine: Engine, job: Job): Promise<string[]> {
  const rows = await engine.query<{ date: string }>(
    `SELECT DISTINCT toString(as_of) AS date FROM runs
     WHERE job = {job:String} AND event IN ('segmented', 'backfilled')
       AND JSONExtractString(detail, 'rules') = {rules:String} ORDER BY date`,
    { job: job.name, rules: rulesOf(job) },
  );
  return rows.map(({ date }) => date);
}

/** The last day of each of the latest months, of those there are. */
function monthEnds(dates: readonly string[]): string[] {
  return [...new Map(dates.map((date) => [date.slice(0, 7), date])).values()].slice(-MONTHS);
}
