import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { pipeline } from 'node:stream';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import { type LocalFile, unreadable } from '../local-files.ts';

const CHUNK_BYTES = 256 * 1024;

/**
 * Reads a file as UTF-8 chunks without byte order mark, whatever its packing and encoding.
 * @throws SyncError `SOURCE_UNREADABLE`
 */
export async function* utf8Chunks(
  file: LocalFile,
  encoding: string,
  signal: AbortSignal,
): AsyncGenerator<Buffer> {
  const decoder = new TextDecoder(encoding);
  if (decoder.encoding !== 'utf-8') {
    for await (const chunk of unpacked(file, signal))
      yield Buffer.from(decoder.decode(chunk, { stream: true }));
    yield Buffer.from(decoder.decode());
    return;
  }
  let isFirst = true;
  for await (const chunk of unpacked(file, signal)) {
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
export async function detectEncoding(file: LocalFile, upTo: number, signal: AbortSignal): Promise<string> {
  const utf8 = new TextDecoder('utf-8', { fatal: true });
  let seen = 0;
  for await (const chunk of unpacked(file, signal)) {
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

async function* unpacked(file: LocalFile, signal: AbortSignal): AsyncGenerator<Buffer> {
  try {
    const head = await firstBytes(file.path, 4);
    const stored = createReadStream(file.path, { highWaterMark: CHUNK_BYTES, signal });
    const unpacker = unpackerFor(head);
    // The error of either stream ends the iteration below.
    if (unpacker) pipeline(stored, unpacker, () => {});
    for await (const chunk of unpacker ?? stored) yield chunk as Buffer;
  } catch (error) {
    throw unreadable(file.name, error);
  }
}

/** By content, not by name: exports are renamed freely. */
function unpackerFor(head: Buffer) {
  if (hasPrefix(head, [0x1f, 0x8b])) return createGunzip({ chunkSize: CHUNK_BYTES });
  if (hasPrefix(head, [0x28, 0xb5, 0x2f, 0xfd])) return createZstdDecompress({ chunkSize: CHUNK_BYTES });
  return undefined;
}

async function firstBytes(path: string, count: number): Promise<Buffer> {
  const handle = await open(path);
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(count), 0, count, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await handle.close();
  }
}

function hasPrefix(bytes: Buffer, prefix: readonly number[]): boolean {
  return prefix.every((byte, index) => bytes[index] === byte);
}
