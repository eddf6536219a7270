import { pipeline, Readable } from 'node:stream';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import { unreadable } from '../local-files.ts';

export const CHUNK_BYTES = 256 * 1024;

/** A file by its name, and what reads it as it is stored, from its beginning. */
export type Stored = { name: string; bytes(): AsyncIterable<Buffer> };

/**
 * Reads a file as UTF-8 chunks without byte order mark, whatever its packing and encoding.
 * @throws SyncError `SOURCE_UNREADABLE`
 */
export async function* utf8Chunks(file: Stored, encoding: string): AsyncGenerator<Buffer> {
  const decoder = new TextDecoder(encoding);
  if (decoder.encoding !== 'utf-8') {
    for await (const chunk of unpacked(file)) yield Buffer.from(decoder.decode(chunk, { stream: true }));
    yield Buffer.from(decoder.decode());
    return;
  }
  let isFirst = true;
  for await (const chunk of unpacked(file)) {
    yield isFirst && hasPrefix(chunk, UTF8_MARK) ? chunk.subarray(UTF8_MARK.length) : chunk;
    isFirst = false;
  }
}

const UTF8_MARK = [0xef, 0xbb, 0xbf];

/**
 * Finds a file's encoding: by its byte order mark, by the zero bytes of unmarked UTF-16, else UTF-8 if every byte
 * fits, else windows-1252.
 * @param upTo bytes to look at; Infinity for a sure answer
 */
export async function detectEncoding(file: Stored, upTo: number): Promise<string> {
  const utf8 = new TextDecoder('utf-8', { fatal: true });
  let seen = 0;
  for await (const chunk of unpacked(file)) {
    if (seen === 0) {
      if (hasPrefix(chunk, [0xff, 0xfe]) || (chunk[0] && chunk[1] === 0)) return 'utf-16le';
      if (hasPrefix(chunk, [0xfe, 0xff]) || (chunk[0] === 0 && chunk[1])) return 'utf-16be';
    }
    try {
      utf8.decode(chunk, { stream: true });
    } catch {
      return 'windows-1252';
    }
    seen += chunk.length;
    if (seen >= upTo) return 'utf-8';
  }
  try {
    utf8.decode();
    return 'utf-8';
  } catch {
    return 'windows-1252';
  }
}

async function* unpacked({ name, bytes }: Stored): AsyncGenerator<Buffer> {
  try {
    const { head, whole } = await begun(bytes());
    const unpacker = unpackerFor(head);
    // The error of either stream ends the iteration below.
    if (unpacker) pipeline(Readable.from(whole), unpacker, () => {});
    for await (const chunk of unpacker ?? whole) yield chunk as Buffer;
  } catch (error) {
    throw unreadable(name, error);
  }
}

/** By content, not by name: exports are renamed freely. */
function unpackerFor(head: Buffer) {
  if (hasPrefix(head, [0x1f, 0x8b])) return createGunzip({ chunkSize: CHUNK_BYTES });
  if (hasPrefix(head, [0x28, 0xb5, 0x2f, 0xfd])) return createZstdDecompress({ chunkSize: CHUNK_BYTES });
  return undefined;
}

/** What packings are known by. */
const HEAD_BYTES = 4;

/** The first bytes of a stream, and all of it. */
async function begun(bytes: AsyncIterable<Buffer>): Promise<{ head: Buffer; whole: AsyncGenerator<Buffer> }> {
  const chunks = bytes[Symbol.asyncIterator]();
  let head: Buffer = Buffer.alloc(0);
  while (head.length < HEAD_BYTES) {
    const next = await chunks.next();
    if (next.done) break;
    head = Buffer.concat([head, next.value]);
  }
  async function* whole() {
    try {
      if (head.length > 0) yield head;
      for (let next = await chunks.next(); !next.done; next = await chunks.next()) yield next.value;
    } finally {
      await chunks.return?.();
    }
  }
  return { head, whole: whole() };
}

function hasPrefix(bytes: Buffer, prefix: readonly number[]): boolean {
  return prefix.every((byte, index) => bytes[index] === byte);
}
