import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { FROM_THE_BEGINNING } from '../../connectors/source.ts';
import { pagesOf, folderOf, openCsv, pullAll, pulled, type Pulled } from './csv-folder.ts';

const COLUMNS = {
  order_id: 'id',
  email: 'mail',
  ordered_at: 'date',
  total: 'sum',
  zip: 'zip',
  last_name: 'name',
};
const ROWS = [
  'id,mail,date,sum,zip,name',
  '1,a@example.com,2026-03-02,29.90,01234,Müller',
  '2,b@example.com,2026-03-03,10.00,99999,Nuñez',
  '',
].join('\n');

const read = (content: string | Buffer, settings: object = {}) =>
  pulled({ 'a.csv': content }, { path: 'a.csv', columns: COLUMNS, ...settings });
const facts = ({ orders, customers }: Pulled) =>
  orders.map(({ order_id, goods }, index) => [
    order_id,
    goods,
    customers[index]?.zip,
    customers[index]?.last_name,
  ]);
const ids = ({ orders }: Pulled) => orders.map(({ order_id }) => order_id);

const EXPECTED = [
  ['1', '29.90', '01234', 'Müller'],
  ['2', '10.00', '99999', 'Nuñez'],
];

function utf16be(text: string): Buffer {
  return Buffer.from(text, 'utf16le').swap16();
}

test.each([
  ['as it is', ROWS],
  ['with a byte order mark', `\uFEFF${ROWS}`],
  ['with CRLF', ROWS.replaceAll('\n', '\r\n')],
  ['with CR alone', ROWS.replaceAll('\n', '\r')],
  ['with CRLF only in the header', ROWS.replace('\n', '\r\n')],
  ['without a line end at the end', ROWS.trimEnd()],
  ['with blank lines and rows', `\n${ROWS.replaceAll('\n', '\n\n')},,,,,\n`],
  ['with a delimiter at the end of every row', ROWS.replace(/(?<=.)\n/g, ',\n')],
  ['with delimiters at the end of the data rows', ROWS.replace(/(?<=[rz])\n/g, ',,\n')],
  ['in quotes', ROWS.replace(/[^,\n]+/g, '"$&"')],
  ['with semicolons', ROWS.replaceAll(',', ';')],
  ['with tabs', ROWS.replaceAll(',', '\t')],
  ['with bars', ROWS.replaceAll(',', '|')],
  ['in UTF-16, little end first', Buffer.from(`\uFEFF${ROWS}`, 'utf16le')],
  ['in UTF-16, big end first', utf16be(`\uFEFF${ROWS}`)],
  ['in UTF-16 without a mark', Buffer.from(ROWS, 'utf16le')],
  ['gzipped, whatever it is called', gzipSync(ROWS)],
  ['gzipped in two parts', Buffer.concat([gzipSync(ROWS.slice(0, 40)), gzipSync(ROWS.slice(40))])],
  ['packed with zstd', zstdCompressSync(ROWS)],
])('a file %s gives the same records', async (_, content) => {
  const all = await read(content);

  expect(facts(all)).toEqual(EXPECTED);
  expect(all).toMatchObject({ rejected: [], warnings: [] });
});

test('a file that is not UTF-8 is read as windows-1252, with a warning', async () => {
  const all = await read(Buffer.from(ROWS, 'latin1'));

  expect(facts(all)).toEqual(EXPECTED);
  expect(all.warnings).toEqual([
    'a.csv is not UTF-8 and was read as windows-1252; set `encoding` if that is wrong.',
  ]);
});

test('an encoding that is set is used, without a warning', async () => {
  const turkish = Buffer.from(ROWS.replace('Müller', '\u00deahin'), 'latin1');

  const all = await read(turkish, { encoding: 'iso-8859-9' });

  expect(all.customers[0]?.last_name).toBe('Şahin');
  expect(all.warnings).toEqual([]);
});

test('one byte that is no UTF-8 far down in a file decides for the whole file', async () => {
  const rows = Array.from({ length: 60_000 }, (_, row) => `${row},x@example.com,2026-03-02,1.00,0,Muller`);
  const text = Buffer.from(
    `${ROWS}${rows.join('\n')}\nlast,x@example.com,2026-03-02,1.00,0,M\xfcller\n`,
    'latin1',
  );

  const all = await read(text);

  expect(all.customers[0]?.last_name).toBe('Müller');
  expect(all.customers.at(-1)?.last_name).toBe('Müller');
});

test('single quotes are no quotes', async () => {
  const all = await read(ROWS.replace('Müller', "'O, Neil'"));

  expect(all.rejected).toEqual([{ source: 'a.csv', line: 2, reason: '7 cells where the header has 6' }]);
  expect(ids(all)).toEqual(['2']);
});

test('rows with cells missing or too many are left out and named', async () => {
  const all = await read(
    `${ROWS}3,c@example.com,2026-03-02\n4,d@example.com,2026-03-02,1,0,Doe,Jane\n5,,2026-03-02,1,,\n`,
  );

  expect(ids(all)).toEqual(['1', '2', '5']);
  expect(all.rejected).toEqual([
    { source: 'a.csv', line: 4, reason: '3 cells where the header has 6' },
    { source: 'a.csv', line: 5, reason: '7 cells where the header has 6' },
  ]);
});

test.each([
  ['and rows without quotes after it', '2,b@example.com,2026-03-03,10.00,1,B\n'],
  ['and rows in quotes after it', '"2","b@example.com","2026-03-03","10.00","1","B"\n'],
  ['and a quoted cell that begins with the delimiter after it', '2,b@example.com,2026-03-03,10.00,1,",B"\n'],
  ['and a quoted cell over two lines after it', '2,b@example.com,2026-03-03,10.00,1,"B\nC"\n'],
])('a quote that is never closed costs its own line only, %s', async (_, next) => {
  const all = await read(
    `id,mail,date,sum,zip,name\n1,"a@example.com,2026-03-02,29.90,01234,A\n${next}3,c@example.com,2026-03-03,1.00,1,C\n`,
  );

  expect(ids(all)).toEqual(['2', '3']);
  expect(all.rejected.map(({ line }) => line)).toEqual([2]);
});

test('a quote never closed in a long file gives up one line, however far the next quote is', async () => {
  const row = (id: number) => `${id},x@example.com,2026-03-02,1.00,0,Muller\n`;
  const rows = Array.from({ length: 60_000 }, (_, id) => row(id));
  rows[10] = row(10).replace('Muller', '"Muller');
  rows[59_990] = row(59_990).replace('Muller', '"Muller');

  const all = await read(`id,mail,date,sum,zip,name\n${rows.join('')}`);

  expect(all.rejected).toEqual([
    { source: 'a.csv', line: 12, reason: 'a quote is opened and never closed' },
    { source: 'a.csv', line: 59_992, reason: 'a quote is opened and never closed' },
  ]);
  expect(all.orders).toHaveLength(59_998);
});

test('a quoted cell of half a megabyte and many lines is a cell', async () => {
  const note = 'line one, line two\n'.repeat(28_000);

  const all = await read(ROWS.replace('Müller', `"${note}"`));

  expect(all.customers[0]?.last_name).toBe(note.trim());
  expect(ids(all)).toEqual(['1', '2']);
});

test('a line of megabytes is left out, the rest is read', async () => {
  const all = await read(ROWS.replace('Müller', 'x'.repeat(3_000_000)));

  expect(all.rejected).toEqual([{ source: 'a.csv', line: 2, reason: 'the line is longer than 1 MiB' }]);
  expect(ids(all)).toEqual(['2']);
});

test('a quote inside a cell without quotes costs that row, and no message quotes it', async () => {
  const all = await read(ROWS.replace('Müller', 'Mü"ller'));

  expect(ids(all)).toEqual(['2']);
  expect(all.rejected).toMatchObject([
    { line: 2, reason: expect.stringContaining('a quote stands inside a cell') },
  ]);
  expect(JSON.stringify(all.rejected)).not.toContain('ller');
});

test.each([
  ['an empty file', '', 'a.csv is empty.'],
  ['a file of blank lines', '\n\n', 'a.csv is empty.'],
  ['a header without rows', 'id,mail,date,sum,zip,name\n', 'a.csv holds no rows.'],
])('%s is no error but a warning', async (_, content, warning) => {
  const all = await read(content);

  expect(all).toMatchObject({ orders: [], rejected: [], warnings: [warning] });
});

test('globs and lists of them find each file once, oldest first', async () => {
  const head = 'id,date,sum\n';
  const settings = {
    path: ['2*.csv', '{1,2}*'],
    columns: { order_id: 'id', ordered_at: 'date', total: 'sum' },
  };

  const all = await pulled(
    {
      '2-old.csv': `${head}a,2026-01-01,1\n`,
      '1.csv': `${head}b,2026-01-01,1\n`,
      '2.csv': `${head}c,2026-01-01,1\n`,
    },
    settings,
  );

  expect(ids(all)).toEqual(['a', 'b', 'c']);
  expect(all.orders.map(({ version }) => version)).toEqual(
    all.orders.map(({ version }) => version).toSorted(),
  );
});

test('a file whose name looks like a glob is found by its name', async () => {
  const all = await pulled({ 'orders [1].csv': ROWS }, { path: 'orders [1].csv', columns: COLUMNS });

  expect(ids(all)).toEqual(['1', '2']);
});

test('a pattern without a file is an error, also beside one that has files', async () => {
  await expect(
    pulled({ 'a.csv': ROWS }, { path: ['a.csv', 'b*.csv'], columns: COLUMNS }),
  ).rejects.toMatchObject({
    problem: { code: 'SOURCE_MISSING_FILE', where: 'b*.csv' },
  });
});

test('a file that cannot be opened and a packed file cut short are named', async () => {
  await using dir = await folderOf({ 'cut.csv.gz': gzipSync(ROWS.repeat(1000)).subarray(0, 100) });
  await symlink('loop.csv', join(dir.folder, 'loop.csv'));

  for (const path of ['loop*', 'cut*']) {
    const source = await openCsv(dir.folder, { path, columns: COLUMNS });
    await expect(pullAll(source)).rejects.toMatchObject({
      problem: { code: 'SOURCE_UNREADABLE', where: expect.stringMatching(/^(loop\.csv|cut\.csv\.gz)$/) },
      retry: 'next_run',
    });
  }
});

test('a first line of data instead of a header is not shown in the error', async () => {
  const error = await read('1,ana@example.com,2026-03-02,29.90,01234,Pop\n').catch(
    (thrown: unknown) => thrown,
  );

  expect(error).toMatchObject({
    problem: { code: 'SOURCE_MISSING_COLUMN', why: 'Its first line does not look like a header.' },
  });
  expect(JSON.stringify(error)).not.toMatch(/ana@|Pop/);
});

test('check names each file with what was found out about it', async () => {
  await using dir = await folderOf({
    'a.csv': ROWS.replaceAll(',', ';'),
    'b.csv': gzipSync(ROWS),
    'c.csv': '',
  });
  await mkdir(join(dir.folder, 'd.csv'));

  const lines = await (await openCsv(dir.folder, { path: '*.csv', columns: COLUMNS })).check();

  expect(lines).toEqual([
    'a.csv: 1 kB, utf-8, delimiter ;, 6 columns, all needed ones there',
    'b.csv: 1 kB, utf-8, delimiter ,, 6 columns, all needed ones there',
    'c.csv: empty',
  ]);
});

test('an aborted pull stops', async () => {
  const stop = new AbortController();
  await using dir = await folderOf({ 'a.csv': ROWS, 'b.csv': ROWS });
  const source = await openCsv(dir.folder, { path: '*.csv', columns: COLUMNS }, { signal: stop.signal });

  const pages = source.pull(FROM_THE_BEGINNING)[Symbol.asyncIterator]();
  await pages.next();
  stop.abort();

  await expect(pages.next()).rejects.toMatchObject({ name: 'AbortError' });
});

test('reading a file twenty times as large takes no more memory', async () => {
  const row = (id: number) => `${id},shopper${id}@example.com,2026-03-02 10:00:00,29.90,01234,Müller\n`;
  const file = (rows: number) =>
    `id,mail,date,sum,zip,name\n${Array.from({ length: rows }, (_, id) => row(id)).join('')}`;
  await using dir = await folderOf({});
  await writeFile(join(dir.folder, 'small.csv'), file(10_000));
  await writeFile(join(dir.folder, 'large.csv'), file(200_000));

  const peak = async (path: string) => {
    const source = await openCsv(dir.folder, { path, columns: COLUMNS });
    let bytes = 0;
    let orders = 0;
    for await (const page of pagesOf(source)) {
      orders += page.orders?.length ?? 0;
      expect(page.orders?.length ?? 0).toBeLessThanOrEqual(5000);
      const { heapUsed, arrayBuffers } = process.memoryUsage();
      bytes = Math.max(bytes, heapUsed + arrayBuffers);
    }
    return { bytes, orders };
  };
  await peak('small.csv');
  const small = await peak('small.csv');
  const large = await peak('large.csv');

  expect(large.orders).toBe(200_000);
  expect(large.bytes - small.bytes).toBeLessThan(120e6);
});

test('a file is given to the engine whole, unless other readers might split it in another way', async () => {
  const rows = 'id,mail,date,sum,zip,name\n1,ana@example.com,2026-03-02,29.90,01234,"Ana ""A"""\n';
  await using dir = await folderOf({
    'a.csv': rows,
    'b.csv': `${rows}\n${rows}`,
    'c.csv': rows.replaceAll(',', '\t'),
  });
  const source = await openCsv(dir.folder, { path: '*.csv', columns: COLUMNS });

  const pages = await Array.fromAsync(source.pull(FROM_THE_BEGINNING));

  expect(pages.flatMap(({ tables = [] }) => tables.map(({ name }) => name))).toEqual(['a.csv']);
  expect(pages.flatMap(({ marks = {} }) => Object.keys(marks))).toEqual(['a.csv', 'b.csv', 'c.csv']);
});
