import { randomUUID } from 'node:crypto';
import { open, rm, type FileHandle } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const BLOCK_BYTES = 1024 * 1024;

/** A temporary file. It has no name any more once it is open: whatever ends this process, nothing of it stays. */
export type Spool = { write(bytes: Uint8Array): Promise<void>; size(): number } & AsyncDisposable & {
    /** Whole lines, without their ends. */
    lines(): AsyncGenerator<string[]>;
  };

export async function openSpool(): Promise<Spool> {
  const path = join(tmpdir(), `segment-sync-${randomUUID()}`);
  const file = await open(path, 'wx+', 0o600);
  await rm(path);
  return spoolOf(file);
}

function spoolOf(file: FileHandle): Spool {
  let size = 0;
  return {
    async write(bytes) {
      for (let at = 0; at < bytes.length;) {
        const { bytesWritten } = await file.write(bytes, at, bytes.length - at, size);
        at += bytesWritten;
        size += bytesWritten;
      }
    },
    size: () => size,
    async *lines() {
      let rest: Buffer = Buffer.alloc(0);
      for (let at = 0; at < size;) {
        const block = Buffer.alloc(Math.min(BLOCK_BYTES, size - at));
        const { bytesRead } = await file.read(block, 0, block.length, at);
        if (bytesRead === 0) break;
        at += bytesRead;
        const read = block.subarray(0, bytesRead);
        const text = rest.length > 0 ? Buffer.concat([rest, read]) : read;
        const end = text.lastIndexOf(0x0a) + 1;
        rest = text.subarray(end);
        if (end > 0) yield linesIn(text.subarray(0, end));
      }
      if (rest.length > 0) yield linesIn(rest);
    },
    [Symbol.asyncDispose]: () => file.close(),
  };
}

function linesIn(text: Buffer): string[] {
  return text
    .toString('utf8')
    .split('\n')
    .filter((line) => line !== '');
}
