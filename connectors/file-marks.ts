import type { PullFrom } from './source.ts';

/** What tells a file from an earlier state of it. */
type Known = { name: string; size: number; modified_ms: number; etag?: string };

/** A file changed so short a time ago may change again without its size or its time telling. */
const UNSETTLED_MS = 2000;

/**
 * Which of these files have to be read: those that are not as they were when an earlier pull had stored all of them.
 * @returns also the mark to keep once a file is stored, and those to take away because their file has gone
 */
export function filesToRead<File extends Known>(
  files: readonly File[],
  from: PullFrom,
): { changed: File[]; gone: Record<string, string> } {
  const names = new Set(files.map(({ name }) => name));
  const gone = [...from.marks.keys()].filter((name) => !names.has(name));
  return {
    changed: files.filter((file) => from.marks.get(file.name) !== markOf(file)),
    gone: Object.fromEntries(gone.map((name) => [name, ''])),
  };
}

/** @param found when the file's size and time were looked at, milliseconds since 1970 */
export function fileMark(file: Known, found: number): Record<string, string> {
  const isSettled = file.etag !== undefined || found - file.modified_ms >= UNSETTLED_MS;
  return { [file.name]: isSettled ? markOf(file) : '' };
}

/** What a storage says of an object's content tells more than when it was put there. */
function markOf({ size, modified_ms, etag }: Known): string {
  return `${size} bytes, ${etag ?? new Date(modified_ms).toISOString()}`;
}
