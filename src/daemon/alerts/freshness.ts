import type { Job } from '../../job/load.ts';
import type { PastRun } from '../../run/past-audiences.ts';
import { nextRuns } from '../schedule.ts';
import type { Condition } from './condition.ts';
import { audienceKey, type Past } from './past.ts';

type Found = Pick<Job, 'name' | 'schedule' | 'timezone' | 'stale_after' | 'destinations'>;

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** Waits between so many runs are looked at: a week of a daily job, weekend included. */
const WAITS = 8;

/**
 * Audiences that were brought up to date too long ago. One that no run has met yet is not among them.
 * @param job with the audiences that runs found
 */
export function staleAudiences(job: Found, { served }: Past, now: number): Condition[] {
  const limit = longestAge(job);
  if (limit === undefined) return [];
  return audiencesOf(job).flatMap(({ destination, audience, word }): Condition[] => {
    const { last, since } = freshSince(served, destination, audience);
    if (since === undefined || now - Date.parse(since) <= limit) return [];
    const ago = spanText(now - Date.parse(since));
    return [
      {
        kind: 'stale',
        key: `stale:${destination}:${audience}`,
        what: last
          ? `${destination}: the ${word} "${audience}" was last brought up to date ${ago} ago.`
          : `${destination}: the ${word} "${audience}" has not been brought up to date for ${ago}.`,
        why: `At most ${spanText(limit)} may pass (\`stale_after\`).`,
        fix: `\`segment-sync status ${job.name}\` tells how the last run ended, \`segment-sync run ${job.name}\` runs it now.`,
        since,
      },
    ];
  });
}

/** Audiences of which the platform's own exact count is not what the ledger holds. */
export function drifts(job: Pick<Found, 'name' | 'destinations'>, { runs }: Past): Condition[] {
  return audiencesOf(job).flatMap(({ destination, audience, word }): Condition[] => {
    const { counted, drift, remote_count, held } = exactCount(runs, destination, audience) ?? {};
    if (!counted || !drift) return [];
    const beside = `${destination}: the ${word} "${audience}" has ${number(remote_count)} members there;`;
    const lost = drift < 0;
    return [
      {
        kind: 'drift',
        key: `drift:${destination}:${audience}`,
        what: `${beside} this program put ${number(held)} into it.`,
        why: lost
          ? `${number(-drift)} were taken out there, or the platform lost them.`
          : `${number(drift)} were added there by others.`,
        fix: lost
          ? `\`segment-sync run ${job.name} --reconcile\` reads who is there and adds again who belongs there.`
          : 'Nothing, if they are meant to be there: what this program did not put into it, it leaves alone.',
        since: counted.at,
        run_id: counted.run_id,
        ...(lost ? {} : { once: true as const }),
      },
    ];
  });
}

/** How old audiences of a job may grow, in milliseconds; undefined where neither a setting nor a schedule says. */
export function longestAge(job: Pick<Found, 'schedule' | 'timezone' | 'stale_after'>): number | undefined {
  return job.stale_after ?? usualLimit(job);
}

/** When an audience was last brought up to date, if ever, and since when it is as it is; ISO times. */
export function freshSince(
  served: Past['served'],
  destination: string,
  audience: string,
): { last?: string; since?: string } {
  const { last, first } = served.get(audienceKey(destination, audience)) ?? {};
  return { last, since: last ?? first };
}

/** What a platform last counted of an audience, where it counts exactly, and the run that asked. */
export function exactCount(runs: readonly PastRun[], destination: string, audience: string) {
  for (const counted of runs) {
    const { drift, count_is_exact, ...report } = reportOf(counted, destination, audience) ?? {};
    if (typeof drift === 'number') return count_is_exact ? { ...report, counted, drift } : undefined;
  }
  return undefined;
}

function audiencesOf({ destinations }: Pick<Found, 'destinations'>) {
  return destinations.flatMap(({ name: destination, audiences, definition }) =>
    audiences.map(({ name: audience }) => ({ destination, audience, word: definition.audience_word })),
  );
}

function reportOf({ audiences }: PastRun, destination: string, audience: string) {
  return audiences.find((one) => one.destination === destination && one.audience === audience);
}

/** Three times the longest wait between two runs, at least two days; none without a schedule. */
function usualLimit(job: Pick<Found, 'schedule' | 'timezone'>): number | undefined {
  const times = nextRuns(job, WAITS + 1).map((time) => Date.parse(time));
  const waits = times.slice(1).map((time, index) => time - times[index]!);
  return waits.length > 0 ? Math.max(2 * DAY_MS, 3 * Math.max(...waits)) : undefined;
}

/** @returns whole days, hours below two days, minutes below two hours */
export function spanText(ms: number): string {
  if (ms >= 2 * DAY_MS) return `${Math.round(ms / DAY_MS)} days`;
  return ms >= 2 * HOUR_MS ? `${Math.round(ms / HOUR_MS)} hours` : `${Math.round(ms / 60_000)} minutes`;
}

function number(count: number | null = 0): string {
  return (count ?? 0).toLocaleString('en');
}
