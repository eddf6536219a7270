import { isUtf8 } from 'node:buffer';
import { LONGEST_RECORD_BYTES } from './rows.ts';

/**
 * Whether every reader of RFC 4180 splits a text alike: UTF-8, lines that end with a line feed, quotes only around
 * whole cells and doubled inside. A text with blank lines or with a very long one is left to the reader that knows
 * what to make of them. How many cells a row has is not looked at.
 * @param chunks UTF-8 without byte order mark
 * @param rows ordinals of rows, the first behind the header is 1, in ascending order
 * @returns undefined where it is not so; else the line on which each of these rows begins, the header's is 1
 */
export async function scanCsv(
  chunks: AsyncIterable<Buffer>,
  delimiter: string,
  rows: readonly number[] = [],
): Promise<number[] | undefined> {
  const block = blockScanner(delimiter, rows);
  let pending: Buffer = Buffer.alloc(0);
  for await (const chunk of chunks) {
    const text = pending.length > 0 ? Buffer.concat([pending, chunk]) : chunk;
    const end = text.lastIndexOf(LF) + 1;
    const stop = block.scan(text.subarray(0, end), false);
    if (stop === undefined) return undefined;
    pending = text.subarray(stop);
    if (pending.length > LONGEST_RECORD_BYTES) return undefined;
  }
  return block.scan(pending, true) === undefined ? undefined : block.lines();
}

const LF = 0x0a;
/** A blank line, or the end of a line as only old programs write it. */
const ODD_LINES = /\r(?!\n)|\n\r?\n/;

function blockScanner(delimiter: string, rows: readonly number[]) {
  /** Line feeds that ended a row, and those inside cells. */
  let ended = 0;
  let inside = 0;
  let lines: number[] = [];

  /** Rows up to this one stand behind the line feeds in the cells of rows before it. */
  const placeUpTo = (row: number) => {
    while (lines.length < rows.length && rows[lines.length]! <= row) {
      lines.push(1 + rows[lines.length]! + inside);
    }
  };

  /** Takes whole rows off the front; answers where they end, or undefined where readers may differ. */
  const scan = (bytes: Buffer, isLast: boolean): number | undefined => {
    if (bytes.length === 0) return 0;
    if (!isUtf8(bytes)) return undefined;
    // One byte a character: places in the text are places in the bytes.
    const text = bytes.toString('latin1');
    if (/^\r?\n/.test(text)) return undefined;
    const isOdd = ODD_LINES.test(text);
    const before = { ended, inside, lines: [...lines] };
    let at = 0;
    let counted = 0;
    for (let open = text.indexOf('"'); open !== -1; open = text.indexOf('"', at)) {
      if (isOdd && ODD_LINES.test(text.slice(at, open))) return undefined;
      const left = text[open - 1] ?? '\n';
      if (left !== delimiter && left !== '\n') return undefined;
      let close = text.indexOf('"', open + 1);
      while (close !== -1 && text[close + 1] === '"') close = text.indexOf('"', close + 2);
      if (close === -1) {
        if (isLast) return undefined;
        // The last row goes on in what comes next.
        ({ ended, inside, lines } = before);
        return scan(bytes.subarray(0, startOfRow(text, open)), false);
      }
      const feeds = countIn(text, '\n', open, close);
      if (feeds > 0) {
        ended += countIn(text, '\n', counted, open);
        placeUpTo(ended);
        inside += feeds;
        counted = close;
      }
      at = close + 1;
      const right = text[at] ?? '\n';
      if (right !== delimiter && right !== '\n' && right !== '\r') return undefined;
    }
    if (isOdd && ODD_LINES.test(text.slice(at))) return undefined;
    ended += countIn(text, '\n', counted, text.length);
    return text.length;
  };

  return {
    scan,
    lines: () => {
      placeUpTo(Infinity);
      return lines;
    },
  };
}

/** Where the row begins in which a quote is opened: behind a line feed that no cell holds. */
function startOfRow(text: string, open: number): number {
  let feed = text.lastIndexOf('\n', open);
  while (feed !== -1 && countIn(text, '"', feed, open) % 2 === 1) feed = text.lastIndexOf('\n', feed - 1);
  return feed + 1;
}

function countIn(text: string, sign: string, from: number, to: number): number {
  let count = 0;
  for (let at = text.indexOf(sign, from); at !== -1 && at < to; at = text.indexOf(sign, at + 1)) count += 1;
  return count;
}
