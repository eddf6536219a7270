import { parseError } from '@clickhouse/client';

/** The longest that an error behind the rows is looked for in. */
const TAIL_BYTES = 64 * 1024;
/** The error in a block of its own (since 25.11), and before that as it is; after rows it is the last of the body. */
const LATE = [
  /\r\n__exception__\r\n(?<tag>\S+)\r\n(?<error>Code: \d+\. DB::Exception: [^]*?)\n\d+ \k<tag>\r\n__exception__\r\n$/,
  /(?<error>Code: \d+\. DB::Exception: [^]*\(version \d[^\n]*\)\s*)$/,
];
/** What rows must not hold outside quotes, so that none of them is taken for an error. */
export const LATE_MARK = 'DB::Exception';

/**
 * Passes the bytes of a result on, all rows that came among them.
 * @throws the server's error where it failed after the first bytes, which the status of the answer does not tell
 */
export async function* wholeResult(stream: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const held: Buffer[] = [];
  let size = 0;
  let broken: { error: unknown } | undefined;
  try {
    for await (const chunk of stream) {
      held.push(chunk);
      size += chunk.length;
      while (size - held[0]!.length >= TAIL_BYTES) {
        size -= held[0]!.length;
        yield held.shift()!;
      }
    }
  } catch (error) {
    // A server may break the connection off behind its error, so that no client takes the result for whole.
    broken = { error };
  }
  const rest = Buffer.concat(held);
  const from = Math.max(0, rest.length - TAIL_BYTES);
  const tail = rest.toString('latin1', from);
  const late = LATE.map((pattern) => pattern.exec(tail)).find((match) => match !== null);
  yield late ? rest.subarray(0, from + late.index) : rest;
  if (late) throw parseError(Buffer.from(late.groups!.error!, 'latin1').toString());
  if (broken) throw broken.error;
}
