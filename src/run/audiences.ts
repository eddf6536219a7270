import type { Job, JobDestination } from '../job/load.ts';
import { audienceName, matchSegments, segmentsOf, type Categories, type Segment } from '../job/segments.ts';
import { accountOf } from './plan.ts';

/**
 * The destinations of a job with an audience for each category that runs have found, where an entry asks for them.
 * One whose name another audience of the same account has is left out, and a warning says so.
 * A holdout that one entry gives a segment holds for all its audiences.
 * @param categories those of this run and of earlier ones: what has become empty is emptied, not forgotten
 */
export function destinationsWith(
  job: Job,
  categories: Categories,
): { destinations: JobDestination[]; warnings: string[] } {
  const told = segmentsOf(job.segments);
  const names = new Set(told.map(({ name }) => name));
  const found = segmentsOf(job.segments, categories).filter(({ name }) => !names.has(name));
  const key = (destination: JobDestination, name: string) =>
    JSON.stringify([accountOf(job.name, destination), name.toLowerCase()]);
  const taken = new Map(
    job.destinations.flatMap((destination) =>
      destination.audiences.map(({ name, segment }) => [key(destination, name), segment] as const),
    ),
  );
  const entries = job.destinations.flatMap(({ open }) => open);
  const held = (segment: Segment) =>
    entries.find(({ pattern, holdout }) => holdout && matchSegments(pattern, [segment]).length > 0);
  const warnings: string[] = [];
  const destinations = job.destinations.map((destination) => {
    const more = destination.open.flatMap(({ pattern, template }) => {
      const matched = matchSegments(pattern, found);
      if (matched.length === 0 && matchSegments(pattern, told).length === 0)
        warnings.push(`${destination.name}: no run has found a category for ${pattern}`);
      return matched.flatMap((segment) => {
        const name = audienceName(template, segment, job.name);
        const other = taken.get(key(destination, name));
        if (other === undefined) {
          taken.set(key(destination, name), segment.name);
          const holdout = held(segment)?.holdout;
          return [{ segment: segment.name, name, ...(holdout ? { holdout } : {}) }];
        }
        warnings.push(
          `${destination.name}: ${segment.name} is not kept, since "${name}" is the ${destination.definition.audience_word} of ${other}; {segment} in its name would tell them apart`,
        );
        return [];
      });
    });
    return { ...destination, audiences: [...destination.audiences, ...more] };
  });
  return { destinations, warnings };
}
