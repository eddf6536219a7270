import { unknownSegment } from './audiences.ts';
import { ownName } from './custom-order.ts';
import { RULE_KINDS } from './custom-rules.ts';
import { checkAsked } from './field-check.ts';
import { OPERATOR_NAMES } from './operators.ts';
import type { Finding, Path } from './problems.ts';
import { amountProblem } from './amounts.ts';

/** Where a rule stands and what it may name. */
export type RulePlace = {
  path: Path;
  /** Full names of the segments that a rule may name. */
  names: readonly string[];
  /** Names of the `per_category` entries: nobody knows their segments before a run. */
  families: readonly string[];
  /** Names of the extra columns that the job's sources carry; undefined where a source cannot be read. */
  extras?: readonly string[];
};

type Written = Record<string, unknown>;

/** Rules within rules: far past what a person can read, and well below what the engine's parser takes. */
const DEEPEST = 20;

/**
 * @param written a rule as it stands in the file; what is of a wrong form is passed over, the schema tells it
 * @returns what is wrong with it, conditions inside it included
 */
export function checkRule(written: unknown, place: RulePlace, depth = 1): Finding[] {
  if (!written || typeof written !== 'object' || Array.isArray(written)) return [];
  const rule = written as Written;
  const { path } = place;
  if (depth > DEEPEST)
    return [
      wrong(path, `A rule can hold others ${DEEPEST} deep.`, 'Make a part of it a segment of its own.'),
    ];
  const kinds = RULE_KINDS.filter((kind) => kind in rule);
  const stray = OPERATOR_NAMES.filter((operator) => operator in rule);
  const findings: Finding[] = [];
  if (kinds.length === 0)
    findings.push({
      code: 'CONFIG_MISSING_KEY',
      path,
      at: 'value',
      what: 'This condition does not say what it is about.',
      fix: `Add one of ${RULE_KINDS.join(', ')}.`,
    });
  for (const kind of kinds.slice(1)) findings.push(beside([...path, kind], kind, kinds[0]!));
  if (kinds.length > 0 && !kinds.includes('field'))
    for (const operator of stray) findings.push(beside([...path, operator], operator, kinds[0]!));

  for (const kind of ['all', 'any'] as const)
    if (Array.isArray(rule[kind]))
      for (const [index, inner] of (rule[kind] as unknown[]).entries())
        findings.push(...checkRule(inner, { ...place, path: [...path, kind, index] }, depth + 1));
  findings.push(...checkRule(rule.not, { ...place, path: [...path, 'not'] }, depth + 1));
  if (typeof rule.segment === 'string' && !place.names.includes(rule.segment.trim()))
    findings.push(noSuchSegment(rule.segment, { ...place, path: [...path, 'segment'] }));
  if (typeof rule.field === 'string') findings.push(...checkAsked(rule, rule.field, place));
  findings.push(...checkCounts(rule.bought, [...path, 'bought']));
  findings.push(...checkCounts(rule.did, [...path, 'did']));
  return findings;
}

export function noSuchSegment(segment: string, { path, names, families }: RulePlace): Finding {
  const family = families.find((name) => ownName(segment)?.split('.')[0] === name);
  if (!family) return unknownSegment(segment, path, names);
  return {
    code: 'CONFIG_UNKNOWN_SEGMENT',
    path,
    at: 'value',
    what: `"${segment}" is made by category, so nobody knows before a run whether it is there.`,
    fix: 'Ask for the segment that is divided, and for the favourite_category or what was bought.',
  };
}

/** What holds for counted things, whatever is counted. */
function checkCounts(written: unknown, path: Path): Finding[] {
  if (!written || typeof written !== 'object') return [];
  const { at_least, at_most, before, after, ...more } = written as Written;
  const findings: Finding[] = [];
  if (typeof at_least === 'number' && typeof at_most === 'number' && at_least > at_most)
    findings.push(
      wrong(
        [...path, 'at_most'],
        'Nothing is both at least and at most that.',
        'Make at_most the greater one.',
      ),
    );
  if (typeof before === 'string' && typeof after === 'string' && before <= after)
    findings.push(
      wrong(
        [...path, 'before'],
        'No day lies before this one and after the other.',
        'Make before the later one.',
      ),
    );
  for (const key of ['quantity_at_least', 'spent_at_least'] as const) {
    const problem = more[key] === undefined ? undefined : amountProblem(more[key]);
    if (problem) findings.push(wrong([...path, key], `${problem}.`));
  }
  return findings;
}

function beside(path: Path, key: string, other: string): Finding {
  return {
    code: 'CONFIG_WRONG_VALUE',
    path,
    at: 'key',
    what: `"${key}" cannot stand beside "${other}".`,
    why: 'A condition is about one thing.',
    fix: 'Write each as a condition of its own, in a list under all or any.',
  };
}

function wrong(path: Path, what: string, fix?: string): Finding {
  return { code: 'CONFIG_WRONG_VALUE', path, at: 'value', what, fix };
}
