import { createWriteStream } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { SyncError } from '../../connectors/index.ts';

/**
 * Writes beside the file and renames, so that nobody reads half of it; only this user may read it.
 * @throws SyncError `ARGUMENT_WRONG` where the place cannot be written to
 */
export async function writeWhole(content: Readable | Iterable<string | Buffer>, out: string): Promise<void> {
  const unfinished = `${out}.unfinished`;
  try {
    await mkdir(dirname(out), { recursive: true });
    await pipeline(content, createWriteStream(unfinished, { mode: 0o600 }));
    await rename(unfinished, out);
  } catch (error) {
    const { code, syscall } = error as NodeJS.ErrnoException;
    if (!syscall) throw error;
    throw new SyncError({
      code: 'ARGUMENT_WRONG',
      what: `${out} cannot be written (${code}).`,
      fix: 'Name a file in a folder that this user may write to.',
    });
  } finally {
    await rm(unfinished, { force: true }).catch(() => undefined);
  }
}
