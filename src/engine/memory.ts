import { totalmem } from 'node:os';
import { SyncError } from '../../connectors/error.ts';

const UNITS: Record<string, number> = { '': 1, k: 2 ** 10, m: 2 ** 20, g: 2 ** 30, t: 2 ** 40 };

/** Where the engine may take less than this, in bytes, statements are kept small, and none beside another. */
export const LITTLE_MEMORY = 2 ** 30;

/**
 * The memory that the engine process may use, in bytes.
 *
 * @param given bytes, or a text like `4GiB`, `500 MB`, `2g` (units of 1024); default half of what the machine or
 *   container has
 * @throws SyncError `ENGINE_MEMORY_INVALID`
 */
export function memoryBytes(given: string | number | undefined): number {
  if (given === undefined) {
    const limit = process.constrainedMemory() || Infinity;
    return Math.floor(Math.min(totalmem(), limit) / 2);
  }
  const [, number, unit = ''] = /^\s*(\d+(?:\.\d+)?)\s*([kmgt]?)(?:i?b)?\s*$/i.exec(String(given)) ?? [];
  if (!number) {
    throw new SyncError({
      code: 'ENGINE_MEMORY_INVALID',
      where: 'engine.max_memory',
      what: 'The memory limit is no amount of memory.',
      fix: 'Write a number of bytes, or for example 4GiB or 500MB.',
    });
  }
  return Math.floor(Number(number) * UNITS[unit.toLowerCase()]!);
}
