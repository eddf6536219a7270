import { DateTime } from 'luxon';
import { createTask, type ScheduledTask, type TaskFn } from 'node-cron';
import type { Job } from '../job/load.ts';

type Scheduled = Pick<Job, 'name' | 'schedule' | 'timezone'>;

/** A job's task, not yet started; a job without a schedule has none. It never overlaps itself. */
export function scheduledTask(job: Scheduled, work: TaskFn): ScheduledTask | undefined {
  if (!job.schedule) return undefined;
  return createTask(job.schedule, work, { name: job.name, timezone: job.timezone, noOverlap: true });
}

/** The next times a job is due, as ISO times in UTC; none without a schedule. */
export function nextRuns(job: Scheduled, count: number): string[] {
  const task = scheduledTask(job, () => undefined);
  const times = task?.getNextRuns(count).map((time) => time.toISOString()) ?? [];
  void task?.destroy();
  return times;
}

const MINUTE = 60_000;
/** Nothing older is caught up with. */
const LONGEST_DOWNTIME_DAYS = 31;

/**
 * The times a job was due after `since` and up to `until` (milliseconds since 1970), oldest first: what it missed
 * while the program was off.
 */
export function missedRuns(job: Scheduled, since: number, until: number): Date[] {
  const task = scheduledTask(job, () => undefined);
  if (!task) return [];
  const missed: Date[] = [];
  const first = Math.max(since, until - LONGEST_DOWNTIME_DAYS * 24 * 60 * MINUTE);
  for (let time = Math.ceil((first + 1) / MINUTE) * MINUTE; time <= until; time += MINUTE) {
    if (task.match(new Date(time)) && !comesAgain(time, job.timezone)) missed.push(new Date(time));
  }
  void task.destroy();
  return missed;
}

/** A clock put back shows an hour twice. Like the scheduler, this takes the second one. */
function comesAgain(time: number, zone: string): boolean {
  return DateTime.fromMillis(time, { zone })
    .getPossibleOffsets()
    .some((other) => other.toMillis() > time);
}
