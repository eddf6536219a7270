import { readdir, readFile } from 'node:fs/promises';
import { dirname, extname, join, resolve } from 'node:path';
import type { z } from 'zod';
import { destinations, sources } from '../../connectors/index.ts';
import { checkCustom } from './custom-check.ts';
import { readSqlFiles, type SqlFile } from './custom-sql.ts';
import { readDestinations, type JobDestination } from './entries.ts';
import type { Environment } from './fill-secrets.ts';
import { jobFile, type Connectors } from './job-file.ts';
import { JobFileError } from './problems.ts';
import { readConfig } from './read-config.ts';
import { SegmentSettings } from './segment-settings.ts';
import { MODELS, segmentsOf, type ConfiguredModels, type ModelName } from './segments.ts';
import { checkSameIds, readSources, type JobSource } from './sources.ts';
import { didYouMean } from './suggest.ts';
import { parseYaml } from './yaml-file.ts';

export type { JobDestination } from './entries.ts';
export type { JobSource } from './sources.ts';

/** A job file, read: defaults filled in, durations in days, exchange rates as decimal strings. */
export type Job = Omit<z.output<ReturnType<typeof jobFile>>, 'sources' | 'destinations'> & {
  /** The path as it was given or found, for people. */
  file: string;
  /** Absolute; relative paths in the job file are relative to it. */
  folder: string;
  sources: JobSource[];
  destinations: JobDestination[];
  /** The custom segments that are files of SQL. */
  sql_files: SqlFile[];
  /** What must be neither printed nor stored. */
  secrets: ReadonlySet<string>;
};

export type LoadOptions = {
  env: Environment;
  /** Added to while the file is read, also when it turns out to be wrong: what must never be printed. */
  secrets?: Set<string>;
  /** Those of this program unless given. */
  connectors?: Connectors;
};

/**
 * @param reference a path, or the name of a job in the folder `jobs`: its file name or its `name`
 * @throws JobFileError with everything that is wrong with the file, or where it was looked for
 */
export async function loadJob(reference: string, options: LoadOptions & { jobs: string }): Promise<Job> {
  const { file, text } = await findJob(reference, options.jobs);
  return parseJob(text, { ...options, file });
}

/**
 * @param options `file` is where the text came from; relative paths in it are relative to that
 * @throws JobFileError with everything that is wrong with it
 */
export function parseJob(text: string, options: LoadOptions & { file: string }): Job {
  const { file, connectors = { sources, destinations } } = options;
  const folder = dirname(resolve(file));
  let own: Pick<Job, 'sources' | 'destinations' | 'sql_files'> = {
    sources: [],
    destinations: [],
    sql_files: [],
  };
  const across = (data: unknown) => {
    const { name, sources, identity, segments, destinations } = (data ?? {}) as Record<string, unknown>;
    const job = typeof name === 'string' ? name : '';
    const from = readSources(sources, connectors);
    const models = usableModels(segments);
    const all = Array.isArray(sources) && sources.length === from.sources.length;
    const extras = all ? extrasOf(from.sources) : undefined;
    const to = readDestinations(destinations, { connectors, job, models, extras });
    const { custom } = (segments ?? {}) as Record<string, unknown>;
    const sql = readSqlFiles(custom, folder);
    own = { sources: from.sources, destinations: to.destinations, sql_files: sql.files };
    const rules = checkCustom(custom, { segments: segmentsOf(models), extras });
    const ids = all ? checkSameIds(identity, from.sources) : [];
    return [...from.findings, ...ids, ...rules, ...sql.findings, ...to.findings];
  };
  const { secrets = new Set() } = options;
  const settings = readConfig(text, { ...options, secrets, folder, schema: jobFile(connectors), across });
  return { ...settings, ...own, file, folder, secrets };
}

/** @returns the paths of the job files in a folder, sorted; none where there is no such folder */
export async function jobFiles(folder: string): Promise<string[]> {
  try {
    const names = await readdir(folder);
    return names
      .filter((name) => isYaml(name))
      .toSorted()
      .map((name) => join(folder, name));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

/** What the sources carry of customers beside the profile fields. */
export function extrasOf(sources: readonly JobSource[]): string[] {
  return sources.flatMap(({ definition, settings }) => definition.extra_fields?.(settings) ?? []);
}

/** The models there are even if a setting of some model is wrong, so that audiences can be judged at once. */
function usableModels(written: unknown): ConfiguredModels {
  const parsed = SegmentSettings.safeParse(written);
  if (parsed.success) return parsed.data;
  const models = Object.keys(MODELS) as ModelName[];
  const given = (written && typeof written === 'object' ? written : {}) as Record<string, unknown>;
  const named = models.filter((model) => model in given);
  const custom = usableCustom(given.custom);
  return {
    ...Object.fromEntries((named.length + custom.length > 0 ? named : models).map((model) => [model, {}])),
    ...(custom.length > 0 ? { custom } : {}),
  };
}

function usableCustom(written: unknown): NonNullable<ConfiguredModels['custom']> {
  if (!Array.isArray(written)) return [];
  return written.flatMap((entry: { name?: unknown; per_category?: unknown } | null) =>
    typeof entry?.name === 'string'
      ? [{ name: entry.name, ...(entry.per_category ? { per_category: { rest: 'Other' } } : {}) }]
      : [],
  );
}

async function findJob(reference: string, folder: string): Promise<{ file: string; text: string }> {
  if (isYaml(reference) || /[\\/]/.test(reference)) {
    const text = await readIfThere(reference);
    if (text !== undefined) return { file: reference, text };
    throw new JobFileError([{ code: 'CONFIG_MISSING_FILE', what: `There is no file ${reference}.` }]);
  }
  const tried = [join(folder, `${reference}.yaml`), join(folder, `${reference}.yml`)];
  for (const file of tried) {
    const text = await readIfThere(file);
    if (text !== undefined) return { file, text };
  }
  const known = await knownJobs(folder);
  const found = known.filter(({ name }) => name === reference);
  if (found.length === 1) return found[0]!;
  if (found.length > 1) throw ambiguous(reference, found);
  const names = known.map(({ name }) => name);
  throw new JobFileError([
    {
      code: 'CONFIG_MISSING_FILE',
      what: `There is no job "${reference}".`,
      why: `Looked for ${tried.join(', ')}, and for "name: ${reference}" in the job files of ${folder}.`,
      fix: [didYouMean(reference, names), `Jobs there: ${names.join(', ') || 'none'}.`]
        .filter(Boolean)
        .join(' '),
    },
  ]);
}

/** @returns the names of the jobs in a folder, as commands take them */
export async function jobNames(folder: string): Promise<string[]> {
  return (await knownJobs(folder)).map(({ name }) => name);
}

async function knownJobs(folder: string): Promise<{ file: string; text: string; name: string }[]> {
  const files = await jobFiles(folder);
  return Promise.all(
    files.map(async (file) => {
      const text = (await readIfThere(file)) ?? '';
      return { file, text, name: nameIn(text, file) };
    }),
  );
}

/** A file that cannot be parsed is known by its file name; its problems are told when it is asked for. */
function nameIn(text: string, file: string): string {
  try {
    const data = parseYaml(text, file).data as { name?: unknown } | null;
    if (typeof data?.name === 'string') return data.name;
  } catch (error) {
    if (!(error instanceof JobFileError)) throw error;
  }
  return file.slice(dirname(file).length + 1, -extname(file).length);
}

function ambiguous(name: string, found: readonly { file: string }[]): JobFileError {
  return new JobFileError([
    {
      code: 'CONFIG_DUPLICATE',
      what: `${found.length} files are the job "${name}": ${found.map(({ file }) => file).join(', ')}.`,
      fix: 'Give each job a name of its own.',
    },
  ]);
}

async function readIfThere(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return undefined;
    throw new JobFileError([
      { code: 'CONFIG_MISSING_FILE', where: file, what: `The file cannot be read (${code}).` },
    ]);
  }
}

function isYaml(name: string): boolean {
  return ['.yaml', '.yml'].includes(extname(name));
}
