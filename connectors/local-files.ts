import { glob, stat } from 'node:fs/promises';
import { basename, resolve } from 'node:path';
import { SyncError } from './error.ts';

export type LocalFile = {
  /** As the job file names it, relative to the job file's folder unless the job gives a full path. */
  name: string;
  path: string;
  size: number;
  modified_ms: number;
};

/**
 * Finds files of this machine, each once.
 * @throws SyncError `SOURCE_MISSING_FILE` for a pattern without any file, `SOURCE_UNREADABLE`
 */
export async function findFiles(patterns: readonly string[], folder: string): Promise<LocalFile[]> {
  const files = new Map<string, LocalFile>();
  for (const pattern of patterns) {
    const found = await filesOf(pattern, folder);
    if (found.length === 0) {
      throw new SyncError({
        code: 'SOURCE_MISSING_FILE',
        where: pattern,
        what: `No file matches ${pattern}, seen from the folder ${basename(resolve(folder))}.`,
        fix: 'Correct `path` in the job file, or put the export there. Relative paths start at the job file.',
      });
    }
    for (const file of found) files.set(file.path, file);
  }
  return [...files.values()];
}

/**
 * Milliseconds times 1000 stay exact until the year 2255; the rest tells files of one instant apart. Versions begin in
 * 1970.
 */
export function versionAt(milliseconds: number, index: number): number {
  return Math.max(0, Math.floor(milliseconds) * 1000 + index);
}

async function filesOf(pattern: string, folder: string): Promise<LocalFile[]> {
  const literal = await stat(resolve(folder, pattern)).catch(() => undefined);
  const names = literal?.isFile() ? [pattern] : await Array.fromAsync(glob(pattern, { cwd: folder }));
  const files: LocalFile[] = [];
  for (const name of names) {
    const path = resolve(folder, name);
    const facts = await stat(path).catch((error: unknown) => {
      throw unreadable(name, error);
    });
    if (facts.isFile()) files.push({ name, path, size: facts.size, modified_ms: facts.mtimeMs });
  }
  return files;
}

/** Turns what the file system or a decompressor threw into our error; other errors pass as they are. */
export function unreadable(name: string, error: unknown): unknown {
  const code = (error as { code?: unknown }).code;
  if (typeof code !== 'string' || code === 'ABORT_ERR') return error;
  const packed = code.startsWith('Z');
  return new SyncError(
    {
      code: 'SOURCE_UNREADABLE',
      where: name,
      what: `${name} cannot be read (${code}).`,
      why: packed ? 'The packed file is damaged or not complete.' : undefined,
      fix: packed
        ? 'Put the whole file there; it may have been read while it was being copied.'
        : 'Let the user that runs segment-sync read the file.',
    },
    { retry: 'next_run', cause: error },
  );
}
