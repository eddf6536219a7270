import { DateTime, IANAZone } from 'luxon';
import { createTask, parse } from 'node-cron';
import type { Job } from '../job/load.ts';

export type Scheduled = Pick<Job, 'schedule' | 'timezone'>;

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;
/** No schedule that names a day at all names none for longer: a 29th of February on a Monday may be 40 years away. */
const LONGEST_DAYS = 41 * 366;

/**
 * The times a job is due after one instant and up to another (milliseconds since 1970), in order; none without a
 * schedule. A pure function of its arguments, of the cron fields and of the zone's rules.
 *
 * Where the clocks change, a time of day comes once a day: one that they skip comes at the first moment after the gap,
 * one that they show twice comes the first time. A schedule of every hour (its hours begin with `*`) goes by what
 * passes instead: it comes in both of the hours shown twice, and not in the skipped one.
 */
export function* dueTimes(job: Scheduled, after: number, until: number): Generator<number> {
  if (!job.schedule) return;
  const zone = IANAZone.create(job.timezone);
  const days = matchingDays(job.schedule);
  const { hour: hours, minute: minutes } = parse(job.schedule);
  const every_hour = job.schedule.trim().split(/\s+/)[1]!.startsWith('*');
  let pending: number[] = [];
  let last = after;
  // A gap may carry a time into the next day, so the day before is looked at too.
  let day = startOfDay(after, zone) - DAY;
  for (; day - DAY <= until + DAY; day += DAY) {
    if (days(day)) {
      const walls = hours.flatMap((hour) => minutes.map((minute) => day + (hour * 60 + minute) * MINUTE));
      pending.push(...instantsOf(walls, zone, every_hour));
    }
    // What later days bring is later than this day's noon.
    const noon = day + DAY / 2 - offsetAt(zone, day + DAY / 2);
    const ready = pending.filter((time) => time <= noon).toSorted((a, b) => a - b);
    pending = pending.filter((time) => time > noon);
    for (const time of ready) {
      if (time > until) return;
      if (time > last) yield (last = time);
    }
  }
}

/** The next times a job is due, as ISO times in UTC; none without a schedule. */
export function nextRuns(job: Scheduled, count: number, now = Date.now()): string[] {
  const times: string[] = [];
  for (const time of dueTimes(job, now, now + LONGEST_DAYS * DAY)) {
    times.push(new Date(time).toISOString());
    if (times.length === count) break;
  }
  return times;
}

/** Tells whether the cron fields name a day, given as its midnight on a clock of UTC. */
function matchingDays(schedule: string): (day: number) => boolean {
  const [, , ...fields] = schedule.trim().split(/\s+/);
  const task = createTask(['0', '0', ...fields].join(' '), () => undefined, { timezone: 'UTC' });
  return (day) => task.match(new Date(day));
}

/** @param walls readings of the zone's clock, each as the instant at which a clock of UTC shows the same */
function instantsOf(walls: readonly number[], zone: IANAZone, every_hour: boolean): number[] {
  if (walls.length === 0) return [];
  const [before, behind] = [offsetAt(zone, walls[0]! - DAY), offsetAt(zone, walls.at(-1)! + DAY)];
  if (before === behind) return walls.map((wall) => wall - before);
  return walls.flatMap((wall) => {
    const shown = [wall - before, wall - behind].filter((time) => time + offsetAt(zone, time) === wall);
    if (every_hour) return shown;
    return shown.length > 0 ? Math.min(...shown) : afterGap(zone, wall - before, wall - behind);
  });
}

/** The moment between two instants at which the clocks change. */
function afterGap(zone: IANAZone, one: number, other: number): number {
  let [low, high] = [Math.min(one, other), Math.max(one, other)];
  const offset = offsetAt(zone, low);
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (offsetAt(zone, middle) === offset) low = middle;
    else high = middle;
  }
  return high;
}

function offsetAt(zone: IANAZone, time: number): number {
  return zone.offset(time) * MINUTE;
}

/** The local day's midnight, as a clock of UTC shows it. */
function startOfDay(time: number, zone: IANAZone): number {
  return DateTime.fromMillis(time, { zone })
    .setZone('utc', { keepLocalTime: true })
    .startOf('day')
    .toMillis();
}
