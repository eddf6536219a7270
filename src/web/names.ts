import type { Job } from '../job/load.ts';
import { jobPath } from './layout.ts';

export { MODEL_TITLES } from '../run/picture-data.ts';

/** Where the page of a segment is. */
export function segmentPath(job: Pick<Job, 'name'>, segment: string): string {
  return jobPath(job.name, `/segments/${encodeURIComponent(segment)}`);
}
