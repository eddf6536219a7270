import type { Engine } from '../engine/engine.ts';
import type { Categories } from '../job/segments.ts';
import { lastRun } from './state.ts';

/** What a run notes when it has assigned all segments. */
type Segmented = { categories?: Categories };

/** @returns the categories that the runs of a job have found up to now, by `per_category` entry */
export async function foundCategories(engine: Engine, job: string): Promise<Categories> {
  const last = await lastRun(engine, job, 'segmented');
  return last ? ((JSON.parse(last.detail) as Segmented).categories ?? {}) : {};
}
