import { CsvError, parse } from 'csv-parse/sync';

/** One row of a file at the line it starts on, or the reason why it could not be split into cells. */
export type Row = { line: number; cells: string[] } | { line: number; damage: string };

const BLOCK_BYTES = 256 * 1024;
/** A quoted cell that is still open after this much text was never closed. */
export const LONGEST_RECORD_BYTES = 1024 * 1024;

const LF = 0x0a;
const CR = 0x0d;

/**
 * Splits text into rows. The first row is the header and sets how many cells a row has; blank rows are left out.
 *
 * A damaged row costs itself and nothing else: splitting goes on at the line after the one it starts on. So a quote
 * that is never closed gives up its own line, and the lines it would have swallowed are read as rows.
 */
export async function* readRows(
  chunks: AsyncIterable<Buffer> | Iterable<Buffer>,
  delimiter: string,
): AsyncGenerator<Row[]> {
  const split = blockSplitter(delimiter);
  let pending: Buffer = Buffer.alloc(0);
  let wanted = BLOCK_BYTES;
  for await (const chunk of chunks) {
    pending = Buffer.concat([pending, chunk]);
    if (pending.length < wanted) continue;
    const { rows, rest } = split(pending, false);
    pending = rest;
    // Doubling keeps the work linear while a long quoted cell waits for its end.
    wanted = Math.max(BLOCK_BYTES, 2 * rest.length);
    if (rows.length > 0) yield rows;
  }
  const { rows } = split(pending, true);
  if (rows.length > 0) yield rows;
}

function blockSplitter(delimiter: string) {
  let line = 1;
  let width: number | undefined;
  let lineBreak: number | undefined;
  let skipsLine = false;

  /** Takes whole records off the front of `block`; the rest is to be offered again with more text behind it. */
  return (block: Buffer, isLast: boolean): { rows: Row[]; rest: Buffer } => {
    const rows: Row[] = [];
    lineBreak ??= block.includes(LF) || !block.includes(CR) ? LF : CR;
    const nextLine = (from: number) => {
      const end = block.indexOf(lineBreak ?? LF, from);
      return end === -1 ? block.length : end + 1;
    };
    const damaged = (damage: string) => {
      rows.push({ line, damage });
      line += 1;
    };

    let at = 0;
    if (skipsLine) {
      if (!isLast && !block.includes(lineBreak)) return { rows, rest: Buffer.alloc(0) };
      at = nextLine(0);
      skipsLine = false;
    }
    const end = isLast ? block.length : block.lastIndexOf(lineBreak) + 1;
    while (at < end) {
      const part = block.subarray(at, end);
      let done = 0;
      const damage = splitPart(part, delimiter, lineBreak, (cells, stop) => {
        const lines = Math.max(1, countBytes(part, lineBreak ?? LF, done, stop));
        const isBlank = cells.every((cell) => cell === '');
        if (!isBlank) {
          width ??= cells.findLastIndex((cell) => cell !== '') + 1;
          const wrong = wrongWidth(cells, width);
          // Over several lines it is the work of a stray quote: the lines are looked at one by one.
          if (wrong && lines > 1) return wrong;
          rows.push(wrong ? { line, damage: wrong } : { line, cells: cells.slice(0, width) });
        }
        line += lines;
        done = stop;
        return undefined;
      });
      at += done;
      if (!damage) {
        at = end;
      } else {
        if (damage === OPEN_QUOTE && !isLast && block.length - at <= LONGEST_RECORD_BYTES) break;
        damaged(damage);
        at = nextLine(at);
      }
    }
    const rest = block.subarray(at);
    if (rest.length <= LONGEST_RECORD_BYTES || rest.includes(lineBreak)) return { rows, rest };
    damaged('the line is longer than 1 MiB');
    skipsLine = true;
    return { rows, rest: Buffer.alloc(0) };
  };
}

const OPEN_QUOTE = 'a quote is opened and never closed';
const STRAY_QUOTE =
  'a quote stands inside a cell; quotes in a cell are written twice, and the cell in quotes';

const STOPPED = new Error('stopped');

/**
 * Splits whole lines; `take` gets each record with the offset behind it and may stop by answering why.
 * @returns what is wrong with the record that begins where the last one taken ended
 */
function splitPart(
  part: Buffer,
  delimiter: string,
  lineBreak: number,
  take: (cells: string[], stop: number) => string | undefined,
): string | undefined {
  let refusal: string | undefined;
  try {
    parse(part, {
      delimiter,
      record_delimiter: lineBreak === LF ? ['\r\n', '\n'] : ['\r'],
      relax_column_count: true,
      on_record: (cells: string[], { bytes }) => {
        refusal = take(cells, bytes);
        if (refusal) throw STOPPED;
        return null;
      },
    });
    return undefined;
  } catch (error) {
    if (error === STOPPED) return refusal;
    // Its message quotes the cell, so only the code is used.
    if (error instanceof CsvError) return error.code === 'CSV_QUOTE_NOT_CLOSED' ? OPEN_QUOTE : STRAY_QUOTE;
    throw error;
  }
}

/** Extra cells are fine as long as they are blank: many tools end every row with a delimiter. */
function wrongWidth(cells: readonly string[], width: number): string | undefined {
  const tooMany = cells.length > width && cells.slice(width).some((cell) => cell !== '');
  if (!tooMany && cells.length >= width) return undefined;
  return `${cells.length} cells where the header has ${width}`;
}

function countBytes(bytes: Buffer, byte: number, from: number, to: number): number {
  let count = 0;
  for (let at = bytes.indexOf(byte, from); at !== -1 && at < to; at = bytes.indexOf(byte, at + 1)) count += 1;
  return count;
}

/** The delimiter that a header line holds most of, outside quotes; a comma where it holds none. */
export function detectDelimiter(line: string): string {
  const bare = line.replace(/"[^"]*"/g, '');
  const counted = [',', ';', '\t', '|'].map((delimiter) => ({
    delimiter,
    count: bare.split(delimiter).length,
  }));
  return counted.reduce((best, next) => (next.count > best.count ? next : best)).delimiter;
}
