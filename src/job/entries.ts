import type { ConsentRule, DestinationDefinition } from '../../connectors/index.ts';
import { expandAudiences, type Audience, type GivenHoldout, type OpenAudience } from './audiences.ts';
import { shareHoldouts } from './holdouts.ts';
import { destinationEntry, type Connectors } from './job-file.ts';
import type { Finding, Path } from './problems.ts';
import { readProperties, type Property } from './properties.ts';
import { modelsOf, type ConfiguredModels } from './segments.ts';

export type JobDestination = {
  /** Unique in the job. */
  name: string;
  definition: DestinationDefinition;
  settings: unknown;
  consent: ConsentRule;
  /** In the order of the job file, patterns expanded. */
  audiences: Audience[];
  /** Entries that stand for more audiences once a run has found the categories. */
  open: OpenAudience[];
  /** What becomes of audiences that the job names no more. */
  orphans: 'keep' | 'remove';
  /** What is stored of people there beside their being members; none where the destination can hold nothing. */
  properties: Property[];
  /** What its files say of every member; none where it writes no files. */
  columns: Property[];
};

export type Entry = Record<string, unknown>;

/**
 * Reads the destinations that are in order, with their audiences, and finds names and audiences used twice.
 * @param options `extras` are what the job's sources carry of customers, if all sources can be read
 */
export function readDestinations(
  entries: unknown,
  options: { connectors: Connectors; job: string; models: ConfiguredModels; extras?: readonly string[] },
): { destinations: JobDestination[]; findings: Finding[] } {
  const destinations: JobDestination[] = [];
  const findings: Finding[] = [];
  const owners = new Map<string, string>();
  const holdouts: GivenHoldout[] = [];
  const { names, findings: sameNames } = namesOf(entries, 'destination');
  findings.push(...sameNames);
  for (const [index, entry] of mappings(entries)) {
    const definition = definitionOf(options.connectors.destinations, entry);
    if (!definition) continue;
    const path = ['destinations', index, 'audiences'];
    const word = definition.audience_word;
    const expanded = expandAudiences(mappings(entry.audiences), { ...options, definition, path });
    const told = readTold(entry, definition, { ...options, path: ['destinations', index] });
    findings.push(...expanded.findings, ...told.findings);
    holdouts.push(...expanded.holdouts);
    const parsed = destinationEntry(definition).safeParse(entry);
    if (!parsed.success) continue;
    const { consent, orphans, ...others } = ownSettings(definition, parsed.data);
    const settings = 'orphans' in definition.settings.shape ? { ...others, orphans } : others;
    const name = names.get(index)!;
    const { audiences, open } = expanded;
    const { properties, columns } = told;
    const kept = { audiences, open, properties, columns, orphans: orphans as JobDestination['orphans'] };
    destinations.push({ name, definition, settings, consent: consent as ConsentRule, ...kept });
    if (expanded.findings.length > 0) continue;
    // A destination that has no name for its account is told apart by its settings.
    const account = `${definition.type}\n${definition.account(settings) || JSON.stringify(settings)}`;
    for (const audience of audiences) {
      const owned = `${account}\n${audience.name.toLowerCase()}`;
      const owner = owners.get(owned);
      if (owner) {
        findings.push(sameAudience(audience.name, owner, word, path));
        break;
      }
      owners.set(owned, name);
    }
  }
  const audiences = destinations.flatMap((destination) => destination.audiences);
  findings.push(...shareHoldouts(audiences, holdouts));
  return { destinations, findings };
}

/** Reads what a destination is told of people beside their being members. */
function readTold(
  entry: Entry,
  { properties, columns }: DestinationDefinition,
  { path, ...options }: { models: ConfiguredModels; extras?: readonly string[]; path: Path },
): Pick<JobDestination, 'properties' | 'columns'> & { findings: Finding[] } {
  const nothing = { properties: [], findings: [] };
  const stored = properties
    ? readProperties(entry.properties, { ...options, ...properties, path: [...path, 'properties'] })
    : nothing;
  const written = columns
    ? readProperties(entry.columns ?? [...columns, ...modelsOf(options.models)], {
        ...options,
        word: 'column',
        path: [...path, 'columns'],
      })
    : nothing;
  return {
    properties: stored.properties,
    columns: written.properties,
    findings: [...stored.findings, ...written.findings],
  };
}

/** What remains of an entry for its connector, and `consent`. */
function ownSettings(definition: DestinationDefinition, parsed: Entry): Entry {
  const { type: _type, name: _name, audiences: _audiences, ...own } = parsed;
  if (definition.properties) delete own.properties;
  if (definition.columns) delete own.columns;
  return own;
}

/** Those entries of a list that have settings, with their places. */
export function mappings(entries: unknown): [number, Entry][] {
  if (!Array.isArray(entries)) return [];
  return [...(entries as unknown[]).entries()].filter(
    (pair): pair is [number, Entry] => typeof pair[1] === 'object' && pair[1] !== null,
  );
}

export function definitionOf<D>(definitions: Record<string, D>, { type }: Entry): D | undefined {
  return typeof type === 'string' && Object.hasOwn(definitions, type) ? definitions[type] : undefined;
}

/** An entry without a name takes its type, or the type with the first free number: `csv`, `csv-2`, `csv-3`. */
export function namesOf(
  entries: unknown,
  what: 'source' | 'destination',
): { names: Map<number, string>; findings: Finding[] } {
  const names = new Map<number, string>();
  const findings: Finding[] = [];
  const taken = new Set<unknown>();
  const all = mappings(entries);
  for (const [index, { name }] of all) {
    if (typeof name !== 'string') continue;
    if (taken.has(name)) findings.push(sameName(what, name, index));
    names.set(index, name);
    taken.add(name);
  }
  for (const [index, { type }] of all) {
    if (names.has(index)) continue;
    let name = String(type);
    for (let number = 2; taken.has(name); number += 1) name = `${String(type)}-${number}`;
    names.set(index, name);
    taken.add(name);
  }
  return { names, findings };
}

function sameName(what: 'source' | 'destination', name: string, index: number): Finding {
  return {
    code: 'CONFIG_DUPLICATE',
    path: [`${what}s`, index, 'name'],
    at: 'value',
    what: `Another ${what} of this job is called "${name}" too.`,
    fix: `Give each ${what} a name of its own.`,
  };
}

function sameAudience(name: string, owner: string, word: string, path: Path): Finding {
  return {
    code: 'CONFIG_DUPLICATE',
    path,
    at: 'value',
    what: `The ${word} "${name}" is kept by the destination ${owner} too, in the same account.`,
    why: 'Each would undo what the other did.',
    fix: `Give one of them another ${word}.`,
  };
}
