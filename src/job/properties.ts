import { FIELDS, type FieldName } from './fields.ts';
import { extraName } from './operators.ts';
import type { Finding, Path } from './problems.ts';
import { MODELS, modelsOf, type ConfiguredModels, type ModelName } from './segments.ts';
import { didYouMean } from './suggest.ts';

/**
 * What fills a property or a column of a file; `segments` are the customer's own, of a model or of a `per_category`
 * entry.
 */
export type PropertySource =
  | { kind: 'field'; field: FieldName }
  | { kind: 'extra'; column: string }
  | { kind: 'segments'; of: string }
  | { kind: 'membership'; segment: string };

/** A property of people at a destination, or a column of its files: its name there and what fills it. */
export type Property = { name: string; from: PropertySource };

/** What a field may name: the job's models, and the extra columns that its sources carry, if all of them can be read. */
type Nameable = { models: ConfiguredModels; extras?: readonly string[] };

type Options = Nameable & {
  /** What one is called: `property`, `merge field`, `column`. */
  word: string;
  /** Says what is wrong with a name, or nothing. */
  nameProblem?(name: string): string | undefined;
  path: Path;
};

/** One property as it stands in the file, with the places of its name and of what fills it. */
type Written = { name: string; field: unknown; named: Place; filled: Place };
type Place = { path: Path; at: 'key' | 'value' };

/**
 * Reads the properties or columns of one destination: a list, where each is called as what fills it, or a mapping of names.
 * @param written as it stands in the file; what is of a wrong form is passed over, the schema tells it
 */
export function readProperties(
  written: unknown,
  options: Options,
): { properties: Property[]; findings: Finding[] } {
  const properties: Property[] = [];
  const findings: Finding[] = [];
  const taken = new Set<string>();
  for (const { name, field, named, filled } of entriesOf(written, options.path)) {
    if (typeof field !== 'string') continue;
    const from = sourceOf(field, options);
    if (!from) findings.push(noSuchField(field, filled, options));
    const problem = options.nameProblem?.(name);
    // A list has no names of its own: that what stands there fills nothing is said once.
    if (problem && (from || named.at === 'key')) findings.push(badName(name, problem, named, options));
    if (taken.has(name)) findings.push(twice(name, named, options));
    taken.add(name);
    if (from) properties.push({ name, from });
  }
  return { properties, findings };
}

function entriesOf(written: unknown, path: Path): Written[] {
  if (Array.isArray(written)) {
    return (written as unknown[]).map((field, index) => {
      const place: Place = { path: [...path, index], at: 'value' };
      return { name: String(field), field, named: place, filled: place };
    });
  }
  if (!written || typeof written !== 'object') return [];
  return Object.entries(written).map(([name, field]) => ({
    name,
    field: field as unknown,
    named: { path: [...path, name], at: 'key' },
    filled: { path: [...path, name], at: 'value' },
  }));
}

/**
 * @param field a profile field, a model, custom.name or extra.name
 * @returns nothing where there is no such thing
 */
export function sourceOf(field: string, { models, extras }: Nameable): PropertySource | undefined {
  if (Object.hasOwn(FIELDS, field)) return { kind: 'field', field: field as FieldName };
  const column = extraName(field);
  if (column) return !extras || extras.includes(column) ? { kind: 'extra', column } : undefined;
  if (modelsOf(models).includes(field)) return { kind: 'segments', of: field };
  const custom = (models.custom ?? []).find(({ name }) => field === `custom.${name}`);
  if (!custom) return undefined;
  return custom.per_category ? { kind: 'segments', of: field } : { kind: 'membership', segment: field };
}

function noSuchField(field: string, place: Place, { word, models, extras = [] }: Options): Finding {
  const custom = (models.custom ?? []).map(({ name }) => name);
  const names = [
    ...modelsOf(models),
    ...Object.keys(FIELDS),
    ...custom.map((name) => `custom.${name}`),
    ...extras.map((name) => `extra.${name}`),
  ];
  const [short] = names.filter((name) => name.endsWith(`.${field}`));
  const idle = Object.hasOwn(MODELS, field) && !models[field as ModelName];
  return {
    code: 'CONFIG_WRONG_VALUE',
    ...place,
    what: `There is no field "${field}".`,
    why: idle
      ? 'Its model is not under segments.'
      : `A ${word} holds a profile field, a model (the customer's segment of it), custom.name (true or false) or extra.name.`,
    fix:
      (short && `Did you mean "${short}"?`) ??
      (idle ? `Add ${field} under segments.` : didYouMean(field, names)) ??
      'config/README.md lists every field.',
  };
}

function badName(name: string, problem: string, place: Place, { word, path }: Options): Finding {
  return {
    code: 'CONFIG_WRONG_VALUE',
    ...place,
    what: `"${name}" cannot be the name of a ${word}: it ${problem}.`,
    fix:
      place.at === 'value'
        ? `Give it a name of its own: ${String(path.at(-1))}: { NAME: ${name} }.`
        : 'Write another name.',
  };
}

function twice(name: string, place: Place, { word }: Options): Finding {
  return {
    code: 'CONFIG_DUPLICATE',
    ...place,
    what: `The ${word} "${name}" stands here twice.`,
    fix: 'Remove one of the two.',
  };
}
