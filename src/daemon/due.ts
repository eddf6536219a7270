import type { Job } from '../job/load.ts';
import type { PastRuns } from '../run/scheduled-runs.ts';
import { dueTimes } from './schedule.ts';

type Timed = Pick<Job, 'schedule' | 'timezone' | 'catch_up'>;

const MINUTE = 60_000;
/** A run that begins within this of its time is on time; later, the time counts as missed. */
export const ON_TIME_MS = 5 * MINUTE;
/** A time that nothing came of for so long is told of. */
const OVERDUE_MS = 15 * MINUTE;
/** Nothing older is made up for. */
const LONGEST_DOWNTIME_MS = 31 * 24 * 60 * MINUTE;
/** A clock put back by less runs nothing again; put back further, what it showed before is no guide any more. */
const TRUSTED_BACK_MS = 60 * MINUTE;

/** What a job's schedule asks for now; times in milliseconds since 1970, the oldest first. */
export type Due = {
  /** The times to run for, one run each. */
  run: number[];
  /** The times given up, as `catch_up` says. */
  missed: number[];
};

/**
 * Decides what is due. Of several times that passed without a run, `catch_up: once` takes the last, `all` takes every
 * one, `skip` takes none but one that is still on time. A run that was interrupted is done again whatever `catch_up` says.
 * @param past what the store says of the job
 * @param seen up to when its times have been decided, by `seenUpTo`
 * @param now milliseconds since 1970
 */
export function dueOf(job: Timed, past: PastRuns, seen: number, now: number): Due {
  const times = [...dueTimes(job, from(past, seen, now), now)];
  const last = times.at(-1);
  if (last === undefined)
    return { run: past.interrupted === undefined ? [] : [past.interrupted], missed: [] };
  if (job.catch_up === 'all') return { run: times, missed: [] };
  const wanted = job.catch_up === 'once' || past.interrupted !== undefined || now - last <= ON_TIME_MS;
  return wanted ? { run: [last], missed: times.slice(0, -1) } : { run: [], missed: times };
}

/**
 * Up to when a job's times are decided, before a decision at `now`: as remembered, else as the store says, else up to
 * now, since a job that has never run missed nothing.
 */
export function seenUpTo(seen: number | undefined, { handled }: PastRuns, now: number): number {
  const known = seen ?? handled;
  return known !== undefined && isTrusted(known, now) ? known : now;
}

/** Whether a time that was decided upon is still to be seen to, now that the store says this of the job. */
export function isStillDue({ handled, interrupted }: PastRuns, due: number, now: number): boolean {
  return interrupted === due || handled === undefined || handled < due || !isTrusted(handled, now);
}

/** The first time that passed a while ago and that no run stands for; undefined where all is in order. */
export function overdueSince(job: Timed, { handled }: PastRuns, now: number): number | undefined {
  if (handled === undefined || !isTrusted(handled, now)) return undefined;
  const [first] = dueTimes(job, Math.max(handled, now - LONGEST_DOWNTIME_MS), now - OVERDUE_MS);
  return first;
}

function from({ handled = 0 }: PastRuns, seen: number, now: number): number {
  return Math.max(isTrusted(handled, now) ? handled : 0, seen, now - LONGEST_DOWNTIME_MS);
}

function isTrusted(time: number, now: number): boolean {
  return time - now <= TRUSTED_BACK_MS;
}
