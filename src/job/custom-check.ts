import { ENTRY_KINDS } from './custom-settings.ts';
import { inOrder } from './custom-order.ts';
import type { Rule } from './custom-rules.ts';
import { checkRule, noSuchSegment, type RulePlace } from './rule-check.ts';
import type { Finding, Path } from './problems.ts';
import type { Segment } from './segments.ts';

type Written = Record<string, unknown>;

/**
 * Finds what is wrong with the custom segments of a job beyond the form of each setting.
 * @param written `segments.custom` as it stands in the file; what is of a wrong form is passed over, the schema tells it
 * @param options the segments of the other models, and the extra columns that the job's sources carry, if all of them can be read
 */
export function checkCustom(
  written: unknown,
  options: { segments: readonly Segment[]; extras?: readonly string[] },
): Finding[] {
  const entries = entriesOf(written);
  const named = entries.filter(({ entry }) => typeof entry.name === 'string');
  const families = named.filter(({ entry }) => entry.per_category).map(({ entry }) => entry.name as string);
  const own = named.map(({ entry }) => entry.name as string).filter((name) => !families.includes(name));
  const built = options.segments.filter(({ model }) => model !== 'custom').map(({ name }) => name);
  const known = { ...options, families, names: [...built, ...own.map((name) => `custom.${name}`)] };
  return [...sameNames(named), ...entries.flatMap((one) => checkEntry(one, known)), ...circles(named)];
}

type Entry = { entry: Written; path: Path };
type Known = Omit<RulePlace, 'path'>;

function entriesOf(written: unknown): Entry[] {
  if (!Array.isArray(written)) return [];
  return (written as unknown[]).flatMap((entry, index) =>
    entry && typeof entry === 'object'
      ? [{ entry: entry as Written, path: ['segments', 'custom', index] }]
      : [],
  );
}

function sameNames(named: readonly Entry[]): Finding[] {
  const first = new Map<unknown, Path>();
  return named.flatMap(({ entry: { name }, path }) => {
    if (!first.has(name)) {
      first.set(name, path);
      return [];
    }
    return [
      {
        code: 'CONFIG_DUPLICATE' as const,
        path: [...path, 'name'],
        at: 'value' as const,
        what: `Another custom segment is called "${String(name)}" too.`,
        fix: 'Give each custom segment a name of its own.',
      },
    ];
  });
}

function checkEntry({ entry, path }: Entry, known: Known): Finding[] {
  const kinds = ENTRY_KINDS.filter((kind) => kind in entry);
  const findings: Finding[] = [];
  if (kinds.length === 0)
    findings.push({
      code: 'CONFIG_MISSING_KEY',
      path,
      at: 'value',
      what: 'This custom segment does not say who is in it.',
      fix: `Add one of ${ENTRY_KINDS.join(', ')}.`,
    });
  if (kinds.length > 1)
    findings.push({
      code: 'CONFIG_WRONG_VALUE',
      path: [...path, kinds[1]!],
      at: 'key',
      what: `"${kinds[1]}" cannot stand beside "${kinds[0]}".`,
      why: 'A custom segment is made in one way.',
      fix: 'Keep one of the two, or make two segments.',
    });
  findings.push(...checkRule(entry.where, { ...known, path: [...path, 'where'] }));
  findings.push(...checkFamily(entry.per_category, { ...known, path: [...path, 'per_category'] }));
  return findings;
}

function checkFamily(written: unknown, { path, ...known }: RulePlace): Finding[] {
  if (!written || typeof written !== 'object') return [];
  const { of, by, within } = written as Written;
  const findings: Finding[] = [];
  if (typeof of === 'string' && !known.names.includes(of))
    findings.push(noSuchSegment(of, { ...known, path: [...path, 'of'] }));
  if (within !== undefined && by !== 'bought')
    findings.push({
      code: 'CONFIG_WRONG_VALUE',
      path: [...path, 'within'],
      at: 'key',
      what: '"within" is for "by: bought".',
      why: 'A favourite category is that of all purchases.',
      fix: 'Add "by: bought", or leave "within" out.',
    });
  return findings;
}

/** Only rules can name each other: what is in an SQL file sees no custom segment. */
function circles(named: readonly Entry[]): Finding[] {
  const entries = named.map(({ entry: { name, where } }) => ({
    name: name as string,
    where: ruleLike(where),
  }));
  const { circle } = inOrder(entries);
  if (!circle) return [];
  const index = entries.findIndex(({ name }) => name === circle[0]);
  return [
    {
      code: 'CONFIG_WRONG_VALUE',
      path: [...named[index]!.path, 'where'],
      at: 'key',
      what: `These rules go round in a circle: ${circle.map((name) => `custom.${name}`).join(' → ')}.`,
      why: 'Each waits for the next to say who is in it.',
      fix: 'Take one of the segments out of the rule of another.',
    },
  ];
}

/** What can be followed of a rule that may be of a wrong form. */
function ruleLike(written: unknown): Rule | undefined {
  if (!written || typeof written !== 'object') return undefined;
  const { all, any, not, segment } = written as Written;
  const list = (rules: unknown) =>
    Array.isArray(rules) ? rules.map((rule: unknown) => ruleLike(rule) ?? {}) : undefined;
  return {
    all: list(all),
    any: list(any),
    not: ruleLike(not),
    segment: typeof segment === 'string' ? segment : undefined,
  };
}
