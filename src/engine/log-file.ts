import { copyFileSync, statSync, truncateSync } from 'node:fs';

const LARGEST_LOG_BYTES = 1_000_000;

/**
 * Begins the engine's log anew once it is large, and keeps the one before as `….1`. Who writes to it holds it open, so
 * it is emptied in place; it must have been opened for appending.
 */
export function turnLog(file: string): void {
  const size = statSync(file, { throwIfNoEntry: false })?.size ?? 0;
  if (size <= LARGEST_LOG_BYTES) return;
  copyFileSync(file, `${file}.1`);
  truncateSync(file);
}
