import type { Job } from '../job/load.ts';
import { jobPath } from './layout.ts';

/** What people read instead of a model's name. */
export const MODEL_TITLES: Record<string, string> = {
  lifecycle: 'Lifecycle',
  value_engagement: 'Value and engagement',
  engagement: 'Engagement',
  value_tier: 'Value tier',
  custom: 'Segments of your own',
};

/** Where the page of a segment is. */
export function segmentPath(job: Pick<Job, 'name'>, segment: string): string {
  return jobPath(job.name, `/segments/${encodeURIComponent(segment)}`);
}
