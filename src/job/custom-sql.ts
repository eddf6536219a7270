import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { fileTrouble } from './fill-secrets.ts';
import type { Finding, Path } from './problems.ts';

/** A custom segment as a file of SQL. */
export type SqlFile = {
  /** The entry of `segments.custom`. */
  name: string;
  /** Absolute. */
  file: string;
  text: string;
  /** Who is in the segment, as the first comment says. */
  comment: string;
};

/** The first comment of a file, before any statement: lines that begin with `--`, or one block. */
const COMMENT = /^\s*(?:((?:[ \t]*--[^\n]*(?:\n|$))+)|\/\*(.*?)\*\/)/s;

/**
 * Reads the files that custom segments name.
 * @param written `segments.custom` as it stands in the job file; what is of a wrong form is passed over
 * @param folder paths are relative to it
 */
export function readSqlFiles(written: unknown, folder: string): { files: SqlFile[]; findings: Finding[] } {
  const files: SqlFile[] = [];
  const findings: Finding[] = [];
  for (const [index, entry] of Array.isArray(written) ? written.entries() : []) {
    const { name, sql } = (entry ?? {}) as Record<string, unknown>;
    if (typeof sql !== 'string' || !sql) continue;
    const file = resolve(folder, sql);
    const path: Path = ['segments', 'custom', index, 'sql'];
    try {
      const text = readFileSync(file, 'utf8').replace(/^\uFEFF/, '');
      const comment = commentOf(text);
      if (!comment) findings.push(withoutComment(sql, path));
      else files.push({ name: String(name), file, text, comment });
    } catch (error) {
      findings.push(unreadable(sql, file, error, path));
    }
  }
  return { files, findings };
}

function commentOf(text: string): string {
  const [, lines, block] = COMMENT.exec(text) ?? [];
  const plain = (lines ?? block ?? '').replaceAll(/^\s*(--+|\*)?/gm, ' ');
  return plain.replaceAll(/\s+/g, ' ').trim();
}

function withoutComment(sql: string, path: Path): Finding {
  return {
    code: 'CONFIG_WRONG_VALUE',
    path,
    at: 'value',
    what: `${sql} does not begin with a comment.`,
    why: 'The first comment says who is in the segment; people read it there and in reports.',
    fix: 'Begin the file with a line such as "-- Customers of the last quarter in two countries".',
  };
}

function unreadable(sql: string, file: string, error: unknown, path: Path): Finding {
  return {
    code: 'CONFIG_MISSING_FILE',
    path,
    at: 'value',
    what: `The file ${sql} cannot be read.`,
    why: `Looked at ${file}: it ${fileTrouble(error)}.`,
    fix: 'The path is relative to the job file.',
  };
}
