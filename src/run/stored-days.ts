import type { Engine } from '../engine/engine.ts';
import type { Job } from '../job/load.ts';
import { datedRuns, type DatedRun } from './dated.ts';
import { storedDates } from './stored-overview.ts';

/** More than these are thinned out; a picture could not show them. */
const MOST_DAYS = 60;

/**
 * The days that runs have sorted customers by the rules the job has today, the oldest first, evenly thinned out where
 * there are many.
 * @param until ISO date of the last day; it is among them where it was sorted
 */
export async function storedDays(engine: Engine, job: Job, until: string): Promise<DatedRun[]> {
  const dates = (await storedDates(engine, job)).filter((date) => date <= until);
  const chosen = thinned(dates, MOST_DAYS);
  const days = await datedRuns(engine, job, chosen);
  return chosen.flatMap((date) => days.get(date) ?? []);
}

/** Every so many items that at most `most` are left, the last among them. */
export function thinned<Item>(items: readonly Item[], most: number): Item[] {
  const step = Math.ceil(items.length / most);
  return items.filter((_, index) => (items.length - 1 - index) % step === 0);
}
