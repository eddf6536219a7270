import { parse } from 'csv-parse/sync';

const QUOTE = 0x22;
const LINE_FEED = 0x0a;
/** A header longer than this is none. */
const LONGEST_BYTES = 1024 * 1024;

/**
 * Reads the line of column names in front of a CSV stream.
 * @returns the names, and the stream from its beginning
 */
export async function headed(
  stream: AsyncIterable<Uint8Array>,
): Promise<{ header: string[]; bytes: AsyncIterable<Uint8Array> }> {
  const chunks = stream[Symbol.asyncIterator]();
  let head: Buffer = Buffer.alloc(0);
  let header: string[] | undefined;
  let ended = false;
  while (header === undefined) {
    const next = await chunks.next();
    ended = next.done === true;
    if (!next.done) head = Buffer.concat([head, next.value]);
    header = firstRow(head, ended || head.length > LONGEST_BYTES);
  }
  async function* whole() {
    if (head.length > 0) yield head;
    if (ended) return;
    yield* { [Symbol.asyncIterator]: () => chunks };
  }
  return { header, bytes: whole() };
}

/** The first row, once all of it is there; a line end inside quotes ends no row. */
function firstRow(text: Buffer, isLast: boolean): string[] | undefined {
  let open = false;
  let end = -1;
  for (let at = 0; at < text.length && end === -1; at += 1) {
    if (text[at] === QUOTE) open = !open;
    else if (text[at] === LINE_FEED && !open) end = at;
  }
  if (end === -1 && !isLast) return undefined;
  const line = end === -1 ? text : text.subarray(0, end);
  const [row] = parse(line, { bom: true, relax_quotes: true });
  return row ?? [];
}
