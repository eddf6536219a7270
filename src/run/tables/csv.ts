import { parse } from 'csv-parse/sync';
import { literal } from '../../engine/literal.ts';
import type { TableRows } from '../../../connectors/index.ts';
import type { RunContext } from '../run.ts';
import type { Opened } from './read.ts';

const QUOTE = 0x22;
const LINE_FEED = 0x0a;
/** A header longer than this is none. */
const LONGEST_BYTES = 1024 * 1024;
/** No text of a file stands for null. */
const NO_NULL = '\0\0\0';

type CsvRows = Extract<TableRows, { format: 'csv' }>;

/** Opens a stream of RFC 4180 with a line of column names. */
export async function openCsv(run: RunContext, rows: CsvRows): Promise<Opened> {
  const { delimiter = ',' } = rows;
  const { header, bytes } = await headed(rows.stream(), delimiter);
  const names = header.map((name) => name.trim());
  const all = names.map((_, index) => `ifNull(toValidUTF8(input.c${index + 1}), '')`);
  return {
    names,
    iso: new Set(),
    cells: (wanted) => ({
      from: `input(${literal(names.map((_, index) => `c${index + 1} Nullable(String)`).join(', '))}) AS input`,
      cells: wanted.map((name) => all[names.indexOf(name)]!),
      whole: all,
      isBlank: all.map((cell) => `${cell} = ''`).join(' AND '),
    }),
    // Columns go by their place, because names may be any.
    settings: [
      'input_format_with_names_use_header = 0',
      'input_format_csv_trim_whitespaces = 0',
      `format_csv_delimiter = ${literal(delimiter)}`,
      `format_csv_null_representation = ${literal(rows.from === 'database' ? '\\N' : NO_NULL)}`,
    ],
    insert: (sql, settings) =>
      run.engine.load(`${sql} SETTINGS ${settings.join(', ')} FORMAT CSVWithNames`, bytes, {
        signal: run.signal,
      }),
  };
}

/**
 * Reads the line of column names in front of a CSV stream.
 * @returns the names, and the stream from its beginning
 */
async function headed(
  stream: AsyncIterable<Uint8Array>,
  delimiter: string,
): Promise<{ header: string[]; bytes: AsyncIterable<Uint8Array> }> {
  const chunks = stream[Symbol.asyncIterator]();
  let head: Buffer = Buffer.alloc(0);
  let header: string[] | undefined;
  let ended = false;
  while (header === undefined) {
    const next = await chunks.next();
    ended = next.done === true;
    if (!next.done) head = Buffer.concat([head, next.value]);
    header = firstRow(head, delimiter, ended || head.length > LONGEST_BYTES);
  }
  async function* whole() {
    if (head.length > 0) yield head;
    if (ended) return;
    yield* { [Symbol.asyncIterator]: () => chunks };
  }
  return { header, bytes: whole() };
}

/** The first row, once all of it is there; a line end inside quotes ends no row. */
function firstRow(text: Buffer, delimiter: string, isLast: boolean): string[] | undefined {
  let open = false;
  let end = -1;
  for (let at = 0; at < text.length && end === -1; at += 1) {
    if (text[at] === QUOTE) open = !open;
    else if (text[at] === LINE_FEED && !open) end = at;
  }
  if (end === -1 && !isLast) return undefined;
  const line = end === -1 ? text : text.subarray(0, end);
  const [row] = parse(line, { bom: true, delimiter, relax_quotes: true });
  return row ?? [];
}
