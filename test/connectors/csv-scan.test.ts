import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readRows } from '../../connectors/csv/rows.ts';
import { scanCsv } from '../../connectors/csv/scan.ts';

async function* inPieces(text: Buffer, size: number) {
  for (let at = 0; at < text.length; at += size) yield text.subarray(at, at + size);
}

const scanned = (text: string | Buffer, { rows = [] as number[], size = 7, delimiter = ',' } = {}) =>
  scanCsv(inPieces(Buffer.from(text), size), delimiter, rows);

describe('a text that every reader splits alike', () => {
  test.each([
    ['plain cells', 'a,b\n1,2\n3,4\n'],
    ['no line feed at its end', 'a,b\n1,2'],
    ['lines as Windows writes them', 'a,b\r\n1,2\r\n'],
    [
      'quoted cells, doubled quotes, delimiters and line feeds in them',
      'a,b\n"1,1","x ""y"" z"\n"\n\n","\r\n"\n""""\n',
    ],
    ['blank cells and letters of any script', 'a,b\n,"Žluťoučký"\n😀,\n'],
    ['nothing', ''],
  ])('%s', async (_, text) => {
    for (const size of [1, 2, 3, 7, 1000]) expect(await scanned(text, { size })).toEqual([]);
  });
});

describe('a text that readers may split in other ways', () => {
  test.each([
    ['a blank line', 'a,b\n1,2\n\n3,4\n'],
    ['a blank line in front', '\na,b\n1,2\n'],
    ['a blank line behind quotes', 'a,b\n1,"2"\n\n3,4\n'],
    ['a blank line of Windows', 'a,b\r\n1,2\r\n\r\n3,4\r\n'],
    ['a carriage return alone', 'a,b\n1\r2,3\n'],
    ['a quote inside a cell', 'a,b\n1,2"3\n'],
    ['text behind a quoted cell', 'a,b\n1,"2"3\n'],
    ['a space in front of quotes', 'a,b\n1, "2"\n'],
    ['a quote that is never closed', 'a,b\n1,"2\n3,4\n'],
    ['another delimiter behind quotes', 'a;b\n"1";"2"\n'],
    ['bytes that are no UTF-8', Buffer.from([0x61, 0x0a, 0xe4, 0x0a])],
  ])('%s', async (_, text) => {
    for (const size of [1, 2, 3, 7, 1000]) expect(await scanned(text, { size })).toBeUndefined();
  });

  test('a line longer than 1 MiB', async () => {
    expect(await scanned(`a\n${'x'.repeat(1100 * 1024)}\n`, { size: 100_000 })).toBeUndefined();
  });
});

const cell = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom('1', 'ab', '""', '"a"', '"a,b"', '"a\nb"', '"a ""b"""') },
  { weight: 1, arbitrary: fc.constantFrom('"', 'a"b', ' "a"', '"a" ', '\r', '"a\n\nb"', '"\r\n"') },
);
/** The first cell is never blank: rows of blank cells are left out by the other reader. */
const anyText = fc
  .tuple(
    fc.array(
      fc.tuple(
        cell.filter((text) => text !== '""'),
        cell,
      ),
      { minLength: 1, maxLength: 20 },
    ),
    fc.constantFrom('\n', '\r\n'),
    fc.constantFrom('', '\n', '\n\n'),
  )
  .map(([rows, feed, end]) => ['h,i', ...rows.map((cells) => cells.join(','))].join(feed) + end);

test('where it is split alike, no row is damaged, and its rows begin on the lines that the other reader counts', async () => {
  await fc.assert(
    fc.asyncProperty(anyText, fc.integer({ min: 1, max: 50 }), async (text, size) => {
      const batches = await Array.fromAsync(readRows([Buffer.from(text)], ','));
      const rows = batches.flat().slice(1);
      const ordinals = rows.map((_, index) => index + 1);
      const lines = await scanned(text, { rows: ordinals, size });

      // The engine refuses a row that has not as many cells as the header.
      fc.pre(!rows.some((row) => 'damage' in row && row.damage.endsWith('where the header has 2')));
      if (lines)
        expect(rows).toEqual(lines.map((line) => ({ line, cells: [expect.anything(), expect.anything()] })));
    }),
    { numRuns: 2000 },
  );
});
