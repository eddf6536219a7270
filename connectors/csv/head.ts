import { readRows, type Row } from './rows.ts';

/** So much of a file is looked at for what it is. */
export const SAMPLE_BYTES = 1024 * 1024;

/** Enough text to hold the header. */
export async function firstText(chunks: AsyncIterable<Buffer>): Promise<Buffer> {
  let text: Buffer = Buffer.alloc(0);
  for await (const chunk of chunks) {
    text = Buffer.concat([text, chunk]);
    if (text.length >= SAMPLE_BYTES || /[\r\n]/.test(text.toString().trimStart())) break;
  }
  return text;
}

export function firstLine(text: Buffer): string {
  const [line = ''] = text
    .toString()
    .trimStart()
    .split(/[\r\n]/, 1);
  return line;
}

export async function firstRow(text: Buffer, delimiter: string): Promise<Row | undefined> {
  for await (const [row] of readRows([text], delimiter)) return row;
  return undefined;
}
