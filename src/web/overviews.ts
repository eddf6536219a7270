import type { Job } from '../job/load.ts';
import { rulesOf } from '../run/rules.ts';
import { storedOverview, type StoredOverview } from '../run/stored-overview.ts';
import { lastRun } from '../run/state.ts';
import type { View } from './site.ts';

/** Of the job's last run by its present rules; a run's segments never change, so they are read once. */
const overviews = new WeakMap<View['engine'], Map<string, { key: string; overview: Promise<StoredOverview | undefined> }>>();

/**
 * The overview of a job's last run, read from the store once for all who look.
 * @returns undefined where the job has not run
 */
export async function kept({ engine, actions }: View, job: Job): Promise<StoredOverview | undefined> {
  const last = await lastRun(engine, job.name, 'segmented');
  if (!last) return undefined;
  const known = overviews.get(engine) ?? new Map();
  overviews.set(engine, known);
  const key = JSON.stringify([last.run_id, rulesOf(job), actions.compared(job.name)]);
  const found = known.get(job.name);
  if (found?.key === key) return found.overview;
  const overview = storedOverview(engine, job);
  known.set(job.name, { key, overview });
  overview.catch(() => known.delete(job.name));
  return overview;
}
