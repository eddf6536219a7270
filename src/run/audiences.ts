import type { Engine } from '../engine/engine.ts';
import type { Audience } from '../job/audiences.ts';
import type { Job, JobDestination } from '../job/load.ts';
import { audienceName, matchSegments, segmentsOf, type Categories, type Segment } from '../job/segments.ts';
import { foundCategories } from './categories.ts';
import { accountOf } from './plan.ts';

/**
 * The destinations of a job with an audience for each category that runs have found, where an entry asks for them.
 * One whose name another audience of the same account has is left out, and a warning says so.
 * @param categories those of this run and of earlier ones: what has become empty is emptied, not forgotten
 */
export function destinationsWith(
  job: Job,
  categories: Categories,
): { destinations: JobDestination[]; warnings: string[] } {
  const told = segmentsOf(job.segments);
  const names = new Set(told.map(({ name }) => name));
  const found = segmentsOf(job.segments, categories).filter(({ name }) => !names.has(name));
  const warnings: string[] = [];
  const shares = holdoutsOf(job, found, warnings);
  const key = (destination: JobDestination, name: string) =>
    JSON.stringify([accountOf(job.name, destination), name.toLowerCase()]);
  const taken = new Map(
    job.destinations.flatMap((destination) =>
      destination.audiences.map(
        ({ name, segment }) => [key(destination, name), { segment, at: destination.name }] as const,
      ),
    ),
  );
  const destinations = job.destinations.map((destination) => {
    const united = destination.audiences.map((audience): Audience => {
      if (!audience.together) return audience;
      const joined = matchSegments(audience.segment, found).map(({ name }) => [name, shares.get(name) ?? 0]);
      return { ...audience, together: { ...audience.together, ...Object.fromEntries(joined) } };
    });
    const more = destination.open.flatMap(({ pattern, template, together, ...given }): Audience[] => {
      if (together) return [];
      const matched = matchSegments(pattern, found);
      if (matched.length === 0 && matchSegments(pattern, told).length === 0)
        warnings.push(`${destination.name}: no run has found a category for ${pattern}`);
      return matched.flatMap((segment) => {
        const name = audienceName(template, segment, job.name);
        const other = taken.get(key(destination, name));
        if (other === undefined) {
          taken.set(key(destination, name), { segment: segment.name, at: destination.name });
          const holdout = shares.get(segment.name);
          return [{ segment: segment.name, name, ...given, ...(holdout ? { holdout } : {}) }];
        }
        warnings.push(
          `${destination.name}: ${segment.name} is not kept as "${name}", which ${other.at} keeps for ${other.segment} in the same account; give it another name`,
        );
        return [];
      });
    });
    return { ...destination, audiences: [...united, ...more] };
  });
  return { destinations, warnings };
}

/** A segment has one holdout in all destinations: of two, the first in the job file. */
function holdoutsOf(job: Job, found: readonly Segment[], warnings: string[]): Map<string, number> {
  const shares = new Map<string, number>();
  for (const { name: at, open } of job.destinations)
    for (const { pattern, holdout } of open)
      for (const { name } of holdout === undefined ? [] : matchSegments(pattern, found)) {
        const first = shares.get(name);
        if (first === undefined) shares.set(name, holdout!);
        else if (first !== holdout)
          warnings.push(`${at}: the holdout of ${name} is ${first} as elsewhere in the job, not ${holdout}`);
      }
  return shares;
}

/** The job as its last run knew it: with an audience for each category found up to then. */
export async function withFoundAudiences(engine: Engine, job: Job): Promise<Job> {
  const { destinations } = destinationsWith(job, await foundCategories(engine, job.name));
  return { ...job, destinations };
}
