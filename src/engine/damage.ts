import { statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** CHECKSUM_DOESNT_MATCH, NO_FILE_IN_DATA_PART, BAD_SIZE_OF_FILE_IN_DATA_PART, CORRUPTED_DATA. */
const DAMAGE = /^Code: (40|226|228|246)\./;
/** A store that is damaged again so soon is not mended by starting anew. */
const AGAIN_MS = 10 * 60_000;

/**
 * Whether the engine process should start anew, since a statement met a part of the store that cannot be read: a disk
 * that was full left it so. As it starts, the engine sets such a part aside; without that, every statement on the table
 * would fail for ever. Notes that it does.
 * @param state the state directory
 */
export function startsAnew(state: string, error: unknown): boolean {
  const message = error instanceof Error ? error.message : String(error);
  if (!DAMAGE.test(message)) return false;
  const note = join(state, 'damaged');
  const last = statSync(note, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  if (Math.abs(Date.now() - last) < AGAIN_MS) return false;
  writeFileSync(note, '', { mode: 0o600 });
  return true;
}
