import { createReadStream } from 'node:fs';
import { SyncError } from '../error.ts';
import { PEEKED_ROWS, type Peek } from '../peek.ts';
import { firstRow, firstText, firstLine } from './head.ts';
import { detectDelimiter, readRows } from './rows.ts';
import { CHUNK_BYTES, detectEncoding, utf8Chunks } from './text.ts';

/**
 * Reads the names and first rows of a delimited file. Damaged rows are passed over.
 * @param path of a file on this machine
 * @throws SyncError `SOURCE_UNREADABLE`, also where the file is empty
 */
export async function peekCsv(path: string, given: string | undefined, signal: AbortSignal): Promise<Peek> {
  const file = { name: path, bytes: () => createReadStream(path, { highWaterMark: CHUNK_BYTES, signal }) };
  const encoding = given ?? (await detectEncoding(file, Infinity));
  const head = await firstText(utf8Chunks(file, encoding));
  const delimiter = detectDelimiter(firstLine(head));
  const header = await firstRow(head, delimiter);
  if (!header || 'damage' in header) {
    throw new SyncError({
      code: 'SOURCE_UNREADABLE',
      where: path,
      what: header ? `Its first line cannot be read: ${header.damage}.` : 'The file is empty.',
      fix: 'Export it again, as CSV with a first line of column names.',
    });
  }
  const columns = header.cells.map((cell) => ({ name: cell.trim() }));
  const rows: string[][] = [];
  let isHeader = true;
  for await (const batch of readRows(utf8Chunks(file, encoding), delimiter)) {
    for (const row of isHeader ? batch.slice(1) : batch)
      if ('cells' in row) rows.push(columns.map((_, at) => (row.cells[at] ?? '').trim()));
    isHeader = false;
    if (rows.length >= PEEKED_ROWS) break;
  }
  return { columns, rows: rows.slice(0, PEEKED_ROWS), encoding };
}
