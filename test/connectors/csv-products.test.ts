import fc from 'fast-check';
import { expect, test } from 'vitest';
import { csvSource } from '../../connectors/csv/source.ts';
import { pulled } from './csv-folder.ts';

const LINES = {
  order_id: 'order',
  line_id: 'line',
  sku: 'code',
  title: 'name',
  category: 'kind',
  brand: 'maker',
  quantity: 'count',
  net: 'paid',
};

const linesOf = (file: string, columns: object = LINES, settings: object = {}) =>
  pulled({ 'a.csv': file }, { path: 'a.csv', records: 'lines', columns, ...settings });

test('products are read with what is said of them; a row without SKU and id is named', async () => {
  const file = [
    'code,id,name,kind,maker,groups',
    'S-1,P1,"Sandal, brown",Shoes,Nordweg,"Summer, Sale ,Summer"',
    ',P2,Boot,,,',
    ',,Ghost,Shoes,,',
  ].join('\n');
  const columns = {
    sku: 'code',
    product_id: 'id',
    title: 'name',
    category: 'kind',
    brand: 'maker',
    collections: 'groups',
  };

  const all = await pulled({ 'a.csv': file }, { path: 'a.csv', records: 'products', columns });

  const version = Date.parse('2026-01-01T00:00:00Z') * 1000;
  expect(all.products).toEqual([
    {
      sku: 'S-1',
      product_id: 'P1',
      title: 'Sandal, brown',
      category: 'Shoes',
      brand: 'Nordweg',
      collections: ['Summer', 'Sale'],
      version,
    },
    { product_id: 'P2', title: 'Boot', version },
  ]);
  expect(all.rejected).toEqual([
    { source: 'a.csv', line: 4, reason: 'the row has no SKU and no product id' },
  ]);
});

test('lines are read with their product, how many and what was paid', async () => {
  const file = 'order,line,code,name,kind,maker,count,paid\n7,7-1,S-1,Sandal,Shoes,Nordweg,2,89.90\n';

  const all = await linesOf(file);

  expect(all.lines).toEqual([
    {
      order_id: '7',
      line_id: '7-1',
      sku: 'S-1',
      title: 'Sandal',
      category: 'Shoes',
      brand: 'Nordweg',
      quantity: '2',
      net: '89.90',
      version: Date.parse('2026-01-01T00:00:00Z') * 1000,
    },
  ]);
  expect(all.orders).toEqual([]);
});

test('a line is worth its price times how many there are, one where nothing is said; `net` goes first', async () => {
  const file = 'order;code;count;each;paid\n1;A;3;1.234,50;\n1;B;;0,9999;\n1;C;2;10;15\n1;D;-1;5;\n';
  const columns = { order_id: 'order', sku: 'code', quantity: 'count', price: 'each', net: 'paid' };

  const all = await linesOf(file, columns, { decimal: ',' });

  expect(all.lines.map(({ title, quantity, net }) => [title, quantity, net])).toEqual([
    ['A', '3', '3703.50'],
    ['B', '1', '0.9999'],
    ['C', '2', '15'],
    ['D', '-1', '-5.00'],
  ]);
});

test.each([
  [',A,1,5', 'the line has no order number'],
  ['7,,1,5', 'the line names no product'],
  ['7,A,many,5', 'quantity, net or price of a product cannot be read'],
  ['7,A,1,free', 'quantity, net or price of a product cannot be read'],
  ['7,A,1,', 'the line has no amount'],
])('the line "%s" is left out and named: %s', async (row, reason) => {
  const columns = { order_id: 'order', sku: 'code', quantity: 'count', net: 'paid' };

  const all = await linesOf(`order,code,count,paid\n${row}\n7,B,1,5\n`, columns);

  expect(all.lines.map(({ sku }) => sku)).toEqual(['B']);
  expect(all.rejected).toEqual([{ source: 'a.csv', line: 2, reason }]);
});

test('without a column of line ids, equal lines of an order are counted, and reading again gives the same ids', async () => {
  const aLine = fc.tuple(fc.constantFrom('1', '2'), fc.constantFrom('A', 'B'), fc.constantFrom('5', '6'));
  const columns = { order_id: 'order', sku: 'code', net: 'paid' };
  const property = fc.asyncProperty(fc.array(aLine, { maxLength: 12 }), async (drawn) => {
    const rows = drawn.toSorted((a, b) => (a[0] < b[0] ? -1 : a[0] > b[0] ? 1 : 0));
    const file = ['order,code,paid', ...rows.map((row) => row.join())].join('\n');

    const [all, again] = [await linesOf(file, columns), await linesOf(file, columns)];

    expect(all.lines.map(({ order_id, sku, net }) => [order_id, sku, net])).toEqual(rows);
    expect(new Set(all.lines.map(({ order_id, line_id }) => `${order_id} ${line_id}`)).size).toBe(
      rows.length,
    );
    expect(again.lines).toEqual(all.lines);
  });
  await fc.assert(property, { numRuns: 25 });
});

test('customers are read with their tags, and with whatever else the job names', async () => {
  const file = [
    'mail,labels,born,likes',
    'ana@example.com,"vip, wholesale,,vip",1990,shoes',
    'bo@example.com,,,',
  ].join('\n');
  const settings = { path: 'a.csv', records: 'customers', extra: { birth_year: 'born', interest: 'likes' } };
  const tagged = { ...settings, columns: { email: 'mail', tags: 'labels' } };

  const all = await pulled({ 'a.csv': file }, tagged);
  const untagged = await pulled({ 'a.csv': file }, { ...settings, columns: { email: 'mail' } });

  expect(all.customers.map(({ email, tags, extra }) => [email, tags, extra])).toEqual([
    ['ana@example.com', ['vip', 'wholesale'], { birth_year: '1990', interest: 'shoes' }],
    ['bo@example.com', [], undefined],
  ]);
  expect(untagged.customers.map(({ tags }) => tags)).toEqual([undefined, undefined]);
  expect(csvSource.extra_fields?.(csvSource.settings.parse(tagged))).toEqual(['birth_year', 'interest']);
});

test('a column for something else that the file lacks is named with its setting', async () => {
  const settings = {
    path: 'a.csv',
    records: 'customers',
    columns: { email: 'mail' },
    extra: { age: 'Age' },
  };

  await expect(pulled({ 'a.csv': 'mail,age\n' }, settings)).rejects.toMatchObject({
    problem: {
      code: 'SOURCE_MISSING_COLUMN',
      fix: expect.stringContaining('Did you mean "age"? Correct extra.age'),
    },
  });
});

test.each([
  [{ records: 'lines', columns: { sku: 'x', net: 'y' } }, 'lines need a column for order_id'],
  [
    { records: 'lines', columns: { order_id: 'x', net: 'y' } },
    'lines need a column for sku or product_id or title',
  ],
  [{ records: 'lines', columns: { order_id: 'x', sku: 'y' } }, 'lines need a column for net or price'],
  [
    { records: 'lines', columns: { order_id: 'x', sku: 'y', net: 'z', email: 'e' } },
    'lines have no email; they have',
  ],
  [{ records: 'products', columns: { title: 'x' } }, 'products need a column for sku or product_id'],
  [{ records: 'orders', extra: { age: 'x' } }, '`extra` belongs to `records: customers`'],
  [{ format: 'shopify', extra: { age: 'x' } }, '`extra` belongs to `records: customers`'],
  [
    { records: 'customers', columns: { email: 'x' }, extra: { 'Favourite colour': 'y' } },
    'Names are made of a-z, 0-9 and _',
  ],
])('settings %j are refused: %s', (settings, message) => {
  const parsed = csvSource.settings.safeParse({ path: 'a.csv', ...settings });

  expect(parsed.error?.issues.map((issue) => JSON.stringify(issue)).join('\n')).toContain(message);
});
