import type { z } from 'zod';
import type { Finding, Path } from './problems.ts';
import { choiceText, keysOf, nodeAt, typeText, type SchemaNode } from './schema-node.ts';
import { didYouMean } from './suggest.ts';

type Issue = z.core.$ZodIssue;
type Place = {
  path: Path;
  /** The setting's schema, where there is such a setting. */
  node: SchemaNode | undefined;
  value: unknown;
  /** Its value came from a secret or is one, so it is never shown. */
  hidden: boolean;
};

/**
 * Turns what Zod found into our findings: in plain words, with suggestions, and without secrets.
 * @param hidden settings whose values are not to be shown
 */
export function findingsOf(
  issues: readonly Issue[],
  options: { schema: SchemaNode; data: unknown; hidden: readonly Path[] },
): Finding[] {
  const hidden = new Set(options.hidden.map(String));
  return issues.flatMap((issue) => {
    const path = issue.path as Path;
    const node = nodeAt(options.schema, options.data, path);
    const value = valueAt(options.data, path);
    return findings(issue, { path, node, value, hidden: hidden.has(String(path)) || node?.secret === true });
  });
}

function findings(issue: Issue, place: Place): Finding[] {
  const { path, node, value } = place;
  if (issue.code === 'unrecognized_keys')
    return issue.keys.map((key) => unknownKey(key, [...path, key], node, value));
  if (issue.code === 'invalid_key') return [badKey(issue, place)];
  const choices = choicesOf(issue, node);
  if (value === undefined && issue.code !== 'custom') return [missingKey(place, choices)];
  if (choices) return [notAChoice(choices, place)];
  if (issue.code === 'invalid_union') {
    const branch = issue.errors.find((errors) => errors.every((error) => error.code !== 'invalid_type'));
    if (branch?.[0]) return [wrongValue(branch[0].message, place)];
  }
  if (issue.code === 'invalid_type' || issue.code === 'invalid_union') return [wrongType(place)];
  return [wrongValue(sentence(issue), place, optionsOf(issue))];
}

/** A rule of ours may carry the values it would have taken. */
function optionsOf(issue: Issue | undefined): Iterable<string> {
  return (issue?.code === 'custom' && (issue.params?.options as Iterable<string> | undefined)) || [];
}

function unknownKey(key: string, path: Path, node: SchemaNode | undefined, value: unknown): Finding {
  const allowed = keysOf(node);
  const free = allowed.filter((name) => !Object.hasOwn(value ?? {}, name));
  return {
    code: 'CONFIG_UNKNOWN_KEY',
    path,
    at: 'key',
    what: `There is no setting "${key}" here.`,
    fix: [didYouMean(key, free), `Settings here: ${allowed.join(', ')}.`].filter(Boolean).join(' '),
  };
}

function badKey(issue: Issue & { code: 'invalid_key' }, { path }: Place): Finding {
  const key = String(path.at(-1));
  return {
    code: 'CONFIG_WRONG_VALUE',
    path,
    at: 'key',
    what: `"${key}" cannot stand here. ${issue.issues[0]?.message ?? ''}.`,
    fix: didYouMean(key, optionsOf(issue.issues[0])),
  };
}

function missingKey({ path, node }: Place, choices: readonly unknown[] | undefined): Finding {
  const key = String(path.at(-1));
  return {
    code: 'CONFIG_MISSING_KEY',
    path,
    at: 'key',
    what: `The setting "${key}" is missing.`,
    why: node?.description,
    fix: `Add "${key}" (${choices ? choiceText(choices) : typeText(node ?? {})}).`,
  };
}

function notAChoice(choices: readonly unknown[], { path, value, hidden }: Place): Finding {
  return {
    code: typeof value === 'string' ? 'CONFIG_WRONG_VALUE' : 'CONFIG_WRONG_TYPE',
    path,
    at: 'value',
    what: `Expected ${choiceText(choices)}; found ${shown(value, hidden)}.`,
    fix: typeof value === 'string' && !hidden ? didYouMean(value, choices.map(String)) : undefined,
  };
}

function wrongType({ path, node, value, hidden }: Place): Finding {
  const expected = typeText(node ?? {});
  return {
    code: 'CONFIG_WRONG_TYPE',
    path,
    at: 'value',
    what: `Expected ${expected}, found ${shown(value, hidden)}.`,
    why: node?.description,
    fix: typeFix(expected, value, hidden),
  };
}

function typeFix(expected: string, value: unknown, hidden: boolean): string | undefined {
  if (value === null) return expected === 'settings' ? 'Write {} to take every default.' : undefined;
  if (expected.startsWith('list') && typeof value !== 'object') return 'Write it as a list: [ … ].';
  if (expected !== 'text') return undefined;
  if (typeof value === 'object') return 'Put text that holds { } or [ ] in quotes.';
  return hidden ? 'Put it in quotes.' : `Put it in quotes: "${String(value)}".`;
}

function wrongValue(message: string, place: Place, options: Iterable<string> = []): Finding {
  const { path, node, value, hidden } = place;
  const found = value === undefined || typeof value === 'object' ? '' : `; found ${shown(value, hidden)}`;
  return {
    code: 'CONFIG_WRONG_VALUE',
    path,
    at: 'value',
    what: `${message.replace(/\.$/, '')}${found}.`,
    why: node?.description,
    fix: hidden ? undefined : didYouMean(String(value), options),
  };
}

function choicesOf(issue: Issue, node: SchemaNode | undefined): readonly unknown[] | undefined {
  if (issue.code === 'invalid_value') return issue.values;
  if (issue.code === 'invalid_union' && 'options' in issue) return issue.options;
  return issue.code === 'invalid_type' ? node?.enum : undefined;
}

/** Zod's own sentences speak of strings and arrays; those of our rules are used as they are. */
function sentence(issue: Issue): string {
  if (issue.code !== 'too_small' && issue.code !== 'too_big') return issue.message;
  if (!issue.message.startsWith('Too ')) return issue.message;
  const limit = issue.code === 'too_small' ? issue.minimum : issue.maximum;
  const side = issue.code === 'too_small' ? 'at least' : 'at most';
  if (issue.origin === 'array') return `Expected ${side} ${limit} in this list`;
  if (issue.origin === 'string')
    return limit === 1 ? 'Expected a text' : `Expected ${side} ${limit} characters`;
  return `Expected ${issue.inclusive === false ? `${issue.code === 'too_small' ? 'more' : 'less'} than` : side} ${limit}`;
}

function shown(value: unknown, hidden: boolean): string {
  if (value === undefined || value === null) return 'nothing';
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (typeof value === 'object') return 'settings (a mapping)';
  const kind = KINDS[typeof value] ?? 'a value';
  if (hidden) return `${kind} that is not shown`;
  const text = String(value);
  return `${kind} ${typeof value === 'string' ? JSON.stringify(text.slice(0, 60)) : text}`;
}

const KINDS: Record<string, string> = { string: 'the text', number: 'the number', boolean: 'the value' };

function valueAt(data: unknown, path: Path): unknown {
  let value = data;
  for (const step of path) value = (value as Record<string | number, unknown> | null | undefined)?.[step];
  return value;
}
