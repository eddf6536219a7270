import { setTimeout } from 'node:timers/promises';
import type { Engine } from '../engine/engine.ts';
import type { Job } from '../job/load.ts';
import type { Compared } from '../run/overview.ts';
import { asProblem } from '../run/problem.ts';
import { rulesOf } from '../run/rules.ts';
import { storedOverview, type Stored, type StoredOverview } from '../run/stored-overview.ts';
import type { Site } from './site.ts';

/** `comparing`: who moved is still being found out, and those parts are empty. */
export type ShownOverview = StoredOverview & { comparing: boolean };

export type Overviews = {
  /** @returns undefined where the job has not run */
  of(job: Job): Promise<ShownOverview | undefined>;
  /** Whether somebody waits for who moved since when, of this job. */
  comparing(job: string): boolean;
};

/** So long a page waits for what takes long, before it is shown without. */
const PATIENCE_MS = 400;

type Known = { key: string; stored: Promise<Stored | undefined>; compared?: Promise<void>; found?: Compared };

/**
 * Reads the overview of a job once for all who look, and anew when another day is in the store or the rules change. What
 * of a large shop takes a second or more is found out beside, so that no page waits for it.
 */
export function openOverviews({ engine, log }: Pick<Site, 'engine' | 'log'>): Overviews {
  const known = new Map<string, Known>();

  async function latest(job: Job): Promise<Known> {
    const key = JSON.stringify([await daysOf(engine, job), rulesOf(job)]);
    const found = known.get(job.name);
    if (found?.key === key) return found;
    const fresh: Known = { key, stored: storedOverview(engine, job) };
    known.set(job.name, fresh);
    fresh.stored.catch(() => known.delete(job.name));
    return fresh;
  }

  return {
    comparing: (job) => {
      const { compared, found } = known.get(job) ?? {};
      return compared !== undefined && found === undefined;
    },
    async of(job) {
      const mine = await latest(job);
      const stored = await mine.stored;
      if (!stored) return undefined;
      mine.compared ??= stored.compare().then(
        (found) => void (mine.found = found),
        (error: unknown) => {
          log('who moved could not be found out', { job: job.name, ...asProblem(error, `job ${job.name}`) });
          // The next who looks has it tried again.
          delete mine.compared;
        },
      );
      await patiently(mine.compared);
      const { found = { flows: [], lists: [], moves: [] } } = mine;
      return { ...stored.read, ...found, comparing: mine.found === undefined };
    },
  };
}

async function patiently(work: Promise<void>): Promise<void> {
  const enough = new AbortController();
  const timer = setTimeout(PATIENCE_MS, undefined, { signal: enough.signal }).catch(() => undefined);
  await Promise.race([work, timer]);
  enough.abort();
}

async function daysOf(engine: Engine, job: Job): Promise<unknown> {
  return engine.query(
    `SELECT toUInt32(count()) AS days, max(at) AS latest FROM runs
     WHERE job = {job:String} AND event IN ('segmented', 'backfilled')`,
    { job: job.name },
  );
}
