import { createHash } from 'node:crypto';
import type { SourceDefinition } from '../../connectors/index.ts';
import { definitionOf, mappings, namesOf, type Entry } from './entries.ts';
import { sourceEntry, type Connectors } from './job-file.ts';
import type { Finding } from './problems.ts';
import { schemaOf } from './schema-node.ts';
import { didYouMean } from './suggest.ts';

export type JobSource = {
  /** Unique in the job. */
  name: string;
  /** Names the source's records in the store; the same as long as the source reads the same thing. */
  key: string;
  /** Changes with every setting that may change what is read, secrets aside: then everything is read anew. */
  reading: string;
  definition: SourceDefinition;
  settings: unknown;
};

/** Reads the sources that are in order, and finds those that stand there twice. The schema reports the others. */
export function readSources(
  entries: unknown,
  connectors: Connectors,
): { sources: JobSource[]; findings: Finding[] } {
  const sources: JobSource[] = [];
  const { names, findings } = namesOf(entries, 'source');
  const seen = new Map<string, number>();
  for (const [index, entry] of mappings(entries)) {
    const definition = definitionOf(connectors.sources, entry);
    if (!definition) continue;
    const parsed = sourceEntry(definition).safeParse(entry);
    if (!parsed.success) continue;
    const { type: _, ...settings } = parsed.data;
    const key = hashOf(`${definition.type}\n${definition.identity(settings)}`);
    const first = seen.get(key);
    if (first === undefined) seen.set(key, index);
    else findings.push(sameSource(index, first));
    sources.push({
      name: names.get(index)!,
      key,
      reading: readingOf(definition, settings),
      definition,
      settings,
    });
  }
  return { sources, findings };
}

/** Finds lists of `identity.same_ids` that name no source of the job, or one that another list names too. */
export function checkSameIds(identity: unknown, sources: readonly JobSource[]): Finding[] {
  const { same_ids: lists } = (identity ?? {}) as { same_ids?: unknown };
  if (!Array.isArray(lists)) return [];
  const names = sources.map(({ name }) => name);
  const taken = new Set<unknown>();
  return lists.flatMap((list: unknown, index) =>
    (Array.isArray(list) ? (list as unknown[]) : []).flatMap((name, place): Finding[] => {
      const path = ['identity', 'same_ids', index, place];
      const twice = taken.has(name);
      taken.add(name);
      if (typeof name !== 'string' || (names.includes(name) && !twice)) return [];
      const unknown = `No source of this job is called "${name}".`;
      const fix = twice
        ? 'Name each source once, in one list.'
        : (didYouMean(name, names) ?? `Sources: ${names.join(', ')}.`);
      return [
        {
          code: 'CONFIG_WRONG_VALUE',
          path,
          at: 'value',
          what: twice ? `"${name}" stands there twice.` : unknown,
          fix,
        },
      ];
    }),
  );
}

function readingOf(definition: SourceDefinition, settings: Entry): string {
  const { properties = {} } = schemaOf(sourceEntry(definition));
  const read = Object.entries(settings).filter(([key]) => key !== 'name' && !properties[key]?.secret);
  return hashOf(JSON.stringify(read));
}

function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}

function sameSource(index: number, first: number): Finding {
  return {
    code: 'CONFIG_DUPLICATE',
    path: ['sources', index],
    at: 'value',
    what: `This source reads the same thing as sources[${first}].`,
    why: 'Its records would be pulled twice.',
    fix: 'Remove one of the two.',
  };
}
