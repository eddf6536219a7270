import type { PlannedDestination } from './destinations.ts';
import type { AudiencePlan } from './plan.ts';

/** What people should know of a destination's plans. */
export function planNotes({ destination, plans, orphans }: PlannedDestination): string[] {
  const word = destination.definition.audience_word;
  const left = destination.orphans === 'keep' ? orphans : [];
  return [
    ...plans.flatMap(wideningNote),
    ...plans.flatMap(renamingNote),
    ...left.map(
      ({ name, held }) =>
        `${destination.name}: the job file names the ${word} "${name}" no more; ${held} members stay in it, unless orphans is remove`,
    ),
  ];
}

function wideningNote({ destination, name, widening, wanted }: AudiencePlan): string[] {
  if (!widening) return [];
  const { least, of_segment, by, skipped } = widening;
  const what = skipped ?? `it was widened to ${wanted} by ${by.join(', then ')}`;
  return [
    `${destination.name}, ${name}: of its segment it would have ${of_segment} members and needs ${least}; ${what}`,
  ];
}

function renamingNote({ destination, name, renamed_from }: AudiencePlan): string[] {
  if (renamed_from === undefined) return [];
  return [
    `${destination.name}, ${name}: called "${renamed_from}" so far; it is renamed, and its members stay`,
  ];
}

export function recreatedNote({ destination, name }: AudiencePlan): string {
  const word = destination.definition.audience_word;
  return `${destination.name}, ${name}: the ${word} had been deleted there; it was made anew and is filled again`;
}
