import type { Engine } from '../engine/engine.ts';
import type { Job } from '../job/load.ts';
import { rulesOf } from '../run/rules.ts';
import { storedOverview, type StoredOverview } from '../run/stored-overview.ts';

type Overviews = (job: Job) => Promise<StoredOverview | undefined>;

/**
 * Reads the overview of a job once for all who look, and anew when another day is in the store or the rules change: of a
 * large shop it takes a second.
 */
export function openOverviews(engine: Engine): Overviews {
  const known = new Map<string, { key: string; overview: ReturnType<Overviews> }>();
  return async (job) => {
    const key = JSON.stringify([await daysOf(engine, job), rulesOf(job), job.timezone]);
    const found = known.get(job.name);
    if (found?.key === key) return found.overview;
    const overview = storedOverview(engine, job);
    known.set(job.name, { key, overview });
    overview.catch(() => known.delete(job.name));
    return overview;
  };
}

async function daysOf(engine: Engine, job: Job): Promise<unknown> {
  return engine.query(
    `SELECT toUInt32(count()) AS days, max(at) AS latest FROM runs
     WHERE job = {job:String} AND event IN ('segmented', 'backfilled')`,
    { job: job.name },
  );
}
