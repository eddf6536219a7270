import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Finding, Path } from './problems.ts';
import { similar } from './suggest.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

export type Filled = {
  /** The values with every `${…}` replaced; one that is missing stands as it was written. */
  data: unknown;
  /** What was filled in, and where. */
  filled: { path: Path; value: string }[];
  missing: Finding[];
};

const REFERENCE = /\$\{([^}]*)\}/g;

/**
 * Replaces `${NAME}` by a variable of the environment and `${file:PATH}` by what a file holds (less the line break
 * at its end), inside every text of a parsed file.
 * @param folder relative paths of files are relative to it
 */
export function fillSecrets(data: unknown, options: { folder: string; env: Environment }): Filled {
  const filled: Filled['filled'] = [];
  const missing: Finding[] = [];
  const text = (written: string, path: Path) =>
    written.replace(REFERENCE, (whole, reference: string) => {
      const answer = lookUp(reference, options);
      if ('value' in answer) filled.push({ path, value: answer.value });
      else missing.push({ code: 'CONFIG_MISSING_SECRET', path, at: 'value', ...answer });
      return 'value' in answer ? answer.value : whole;
    });
  const walk = (value: unknown, path: Path): unknown => {
    if (typeof value === 'string') return text(value, path);
    if (Array.isArray(value)) return value.map((item, index) => walk(item, [...path, index]));
    if (!value || typeof value !== 'object') return value;
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, walk(item, [...path, key])]));
  };
  return { data: walk(data, []), filled, missing };
}

type Answer = { value: string } | { what: string; why: string; fix: string };

function lookUp(reference: string, { folder, env }: { folder: string; env: Environment }): Answer {
  if (reference.startsWith('file:')) return fromFile(reference, folder);
  if (/^[A-Za-z_]\w*$/.test(reference)) return fromEnvironment(reference, env);
  return {
    what: `\${${reference}} names neither a variable nor a file.`,
    why: 'A variable has letters, digits and underscores; a file begins with "file:".',
    fix: 'Write ${NAME} or ${file:/run/secrets/name}.',
  };
}

function fromEnvironment(name: string, env: Environment): Answer {
  const value = env[name];
  if (value) return { value };
  const near = similarNames(name, env);
  const state = value === '' ? 'where it is set but empty' : 'where it is not set';
  return {
    what: `\${${name}} has no value.`,
    why:
      `Looked in the environment of this process, ${state}. ` +
      (near.length > 0 ? `Similar names there: ${near.join(', ')}.` : 'No similar name is there.'),
    fix: `Set ${name} for this process, or keep the value in a file and write \${file:/run/secrets/${name.toLowerCase()}}.`,
  };
}

function similarNames(name: string, env: Environment): string[] {
  const names = Object.keys(env).filter((other) => other !== name);
  const words = (text: string) =>
    text
      .toUpperCase()
      .split('_')
      .filter((word) => word.length > 2);
  const shared = (other: string) => words(other).filter((word) => words(name).includes(word)).length;
  const related = names.filter((other) => shared(other) >= Math.min(2, words(name).length));
  return [...new Set([...similar(name, names), ...related])].slice(0, 3);
}

function fromFile(reference: string, folder: string): Answer {
  const path = reference.slice('file:'.length);
  const file = resolve(folder, path);
  let why = 'The file is empty.';
  try {
    const value = readFileSync(file, 'utf8').replace(/\r?\n$/, '');
    if (value) return { value };
  } catch (error) {
    why = `The file ${fileTrouble(error)}.`;
  }
  return {
    what: `\${${reference}} has no value.`,
    why: `Looked at ${file}. ${why}`,
    fix: `Put the value into ${file}.`,
  };
}

/** @returns why a file could not be read, as the end of a sentence about it */
export function fileTrouble(error: unknown): string {
  return FILE_TROUBLE[(error as NodeJS.ErrnoException).code ?? ''] ?? 'cannot be read';
}

const FILE_TROUBLE: Record<string, string> = {
  ENOENT: 'is not there',
  EACCES: 'may not be read by this user',
  EISDIR: 'is a folder',
};
