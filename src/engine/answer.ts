import type { Readable } from 'node:stream';
import { lateError } from './errors.ts';

const LINES_BYTES = 256 * 1024;
const NEWLINE = 0x0a;

/**
 * Passes a result's bytes on and throws the error that the engine wrote behind them, if it failed on the way.
 *
 * @param tag marks that block; a server before 25.11 names none, and its error is then found by `rowsOf`
 */
export async function* untilException(stream: Readable, tag: unknown): AsyncGenerator<Buffer> {
  if (typeof tag !== 'string') {
    yield* stream;
    return;
  }
  const mark = Buffer.from(`\r\n__exception__\r\n${tag}\r\n`);
  let rest: Buffer = Buffer.alloc(0);
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    rest = rest.length > 0 ? Buffer.concat([rest, chunk]) : chunk;
    const at = rest.indexOf(mark);
    if (at >= 0) {
      if (at > 0) yield rest.subarray(0, at);
      const block = [rest.subarray(at + mark.length)];
      for await (const more of stream as AsyncIterable<Buffer>) block.push(more);
      throw lateError(Buffer.concat(block).toString());
    }
    // The mark may be cut in two by the chunks.
    const kept = Math.min(rest.length, mark.length - 1);
    if (rest.length > kept) yield rest.subarray(0, rest.length - kept);
    rest = rest.subarray(rest.length - kept);
  }
  if (rest.length > 0) yield rest;
}

/** Parses lines of JSON as they come: an array of rows for each chunk of bytes. */
export async function* rowsOf<Row>(chunks: AsyncIterable<Buffer>): AsyncGenerator<Row[]> {
  let rest: Buffer[] = [];
  for await (const chunk of chunks) {
    const end = chunk.lastIndexOf(NEWLINE);
    if (end < 0) {
      rest.push(chunk);
      continue;
    }
    const text = Buffer.concat([...rest, chunk.subarray(0, end)]).toString();
    rest = [chunk.subarray(end + 1)];
    yield parse<Row>(text);
  }
  const unfinished = Buffer.concat(rest).toString();
  if (unfinished) throw lateError(unfinished);
}

function parse<Row>(lines: string): Row[] {
  try {
    // Newlines within values are escaped, so the lines of a chunk are parsed in one go.
    return JSON.parse(`[${lines.replaceAll('\n', ',')}]`) as Row[];
  } catch {
    throw lateError(lines.slice(lines.lastIndexOf('\n') + 1));
  }
}

/** Rows as lines of JSON, in pieces of about 256 KiB. */
export async function* linesOf(rows: Iterable<object> | AsyncIterable<object>): AsyncGenerator<string> {
  let lines = '';
  for await (const row of rows) {
    lines += `${JSON.stringify(row)}\n`;
    if (lines.length >= LINES_BYTES) {
      yield lines;
      lines = '';
    }
  }
  if (lines) yield lines;
}
