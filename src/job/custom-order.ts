import type { Rule } from './custom-rules.ts';

type Named = { name: string; where?: Rule };

/** @returns the full names of the segments that a rule names, each once */
function segmentsIn(rule: Rule): string[] {
  const inner = [...(rule.all ?? []), ...(rule.any ?? []), ...(rule.not ? [rule.not] : [])];
  const own = rule.segment === undefined ? [] : [rule.segment];
  return [...new Set([...own, ...inner.flatMap(segmentsIn)])];
}

/**
 * Puts custom segments in an order in which each comes after those that its rule names.
 * @returns groups: the first needs no custom segment, each other only those before it; and the names of one circle
 *   of rules, the first of them again at its end, where there is one: then the groups lack whatever hangs on it
 */
export function inOrder<Entry extends Named>(
  entries: readonly Entry[],
): { groups: Entry[][]; circle?: string[] } {
  const groups: Entry[][] = [];
  const done = new Set<string>();
  const known = new Set(entries.map(({ name }) => name));
  const needs = ({ where }: Named) =>
    (where ? segmentsIn(where) : [])
      .map(ownName)
      .filter((name) => name !== undefined && known.has(name)) as string[];
  let left = [...entries];
  while (left.length > 0) {
    const ready = left.filter((entry) => needs(entry).every((name) => done.has(name)));
    if (ready.length === 0) return { groups, circle: circleOf(left, needs) };
    groups.push(ready);
    for (const { name } of ready) done.add(name);
    left = left.filter(({ name }) => !done.has(name));
  }
  return { groups };
}

/** @returns `vip` of `custom.vip`; undefined for another model's segment */
export function ownName(segment: string): string | undefined {
  return segment.startsWith('custom.') ? segment.slice('custom.'.length) : undefined;
}

/** Each of `left` waits for another of them, so whoever follows that from one to the next comes round. */
function circleOf(left: readonly Named[], needs: (entry: Named) => string[]): string[] {
  const waiting = new Map(left.map((entry) => [entry.name, entry]));
  const path: string[] = [];
  let next: string | undefined = left[0]!.name;
  while (next !== undefined && !path.includes(next)) {
    path.push(next);
    next = needs(waiting.get(next)!).find((name) => waiting.has(name));
  }
  return [...path.slice(path.indexOf(next!)), next!];
}
