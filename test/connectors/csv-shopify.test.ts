import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { netOf, openCsv, pullAll, pulled } from './csv-folder.ts';

const FIXTURES = join(import.meta.dirname, 'fixtures');
const MESSY = readFileSync(join(FIXTURES, 'shopify-messy.csv'), 'utf8');
const pullMessy = async (settings: object = {}) =>
  pullAll(await openCsv(FIXTURES, { path: 'shopify-messy.csv', format: 'shopify', ...settings }));

const HEAD =
  'Name,Email,Financial Status,Total,Subtotal,Created at,Lineitem quantity,Lineitem name,Lineitem price';
const order = (name: string, rest = '') =>
  `${name},a@example.com,paid,20.00,20.00,2026-03-02 10:00:00 +0000,1,Sock,20.00${rest}`;

test('an order counts by its state, and what went back is a refund of its own', async () => {
  const all = await pullMessy();

  const states = all.orders.map(({ order_id }) => [order_id, ...Object.values(netOf(all, order_id))]);
  expect(states).toEqual([
    ['#1', '40.00', true],
    ['#2', '17.50', true],
    ['#3', '0.00', false],
    ['#4', '0.00', false],
    ['#5', null, false],
    ['#6', null, false],
    ['#7', '30.00', true],
    ['#8', '30.00', true],
    ['#9', '0.00', true],
    ['#10', '30.00', true],
    ['#11', null, false],
  ]);
  expect(all.refunds.map(({ refund_id, at, amount }) => [refund_id, at, amount])).toEqual([
    ['#2', '2026-03-30T08:00:00.000Z', '12.50'],
    ['#3', '2026-04-01T07:00:00.000Z', '30.00'],
    ['#4', '2026-03-31T09:00:00.000Z', '30.00'],
  ]);
  expect(all.rejected).toEqual([]);
});

test('an unknown state and an address that is none are told once, without the address', async () => {
  const all = await pullMessy();

  expect(all.warnings).toEqual([
    'shopify-messy.csv: cells that are no e-mail address were left out (1)',
    'shopify-messy.csv: orders in an unknown state do not count: on_trial (1)',
  ]);
  expect(all.orders.at(-1)).toMatchObject({ order_id: '#11', state: 'on_trial' });
  expect(all.orders.at(-1)?.email).toBeUndefined();
});

test('orders that wait for payment count when the job says so', async () => {
  const { orders } = await pullMessy({ pending_orders: 'count' });

  expect(orders.filter(({ counts }) => !counts).map(({ order_id }) => order_id)).toEqual(['#5', '#11']);
});

test('orders of the bogus gateway are tests', async () => {
  const { orders } = await pullMessy();

  expect(orders.filter(({ is_test }) => is_test).map(({ order_id }) => order_id)).toEqual(['#10']);
});

test('an order carries its amounts, its number and the instant in UTC', async () => {
  const { orders } = await pullMessy();

  expect(orders[0]).toMatchObject({
    order_id: '#1',
    number: '#1',
    email: 'ana@example.com',
    ordered_at: '2026-03-29T01:30:00.000Z',
    state: 'paid',
    currency: 'EUR',
    goods: '40.00',
    shipping: '5.00',
    tax: '8.55',
    total: '53.55',
    country: 'RO',
  });
  expect(orders[8]?.email).toBe('ana@example.com');
});

test('a customer has the name, place and consent of the order; zips and phones lose the spreadsheet apostrophe', async () => {
  const { customers, orders } = await pullMessy();

  expect(customers[0]).toEqual({
    email: 'ana@example.com',
    phone: '+40 740 000 001',
    first_name: 'Ana Maria',
    last_name: 'Pop',
    city: 'Cluj',
    region: 'CJ',
    zip: '040123',
    country: 'RO',
    email_consent: 'yes',
    sms_consent: 'unknown',
    ads_consent: 'unknown',
    updated_at: '2026-03-29T01:30:00.000Z',
  });
  expect(customers.map(({ email_consent }) => email_consent).slice(0, 3)).toEqual(['yes', 'no', 'unknown']);
  expect(customers.find(({ first_name }) => first_name === 'José "Pepe"')?.last_name).toBe('Núñez');
  expect(orders[6]?.phone).toBe('+40740000707');
});

test('the phone of an address does not make an order somebody’s', async () => {
  const { orders, customers } = await pullMessy();

  expect(orders[7]).toMatchObject({ order_id: '#8', counts: true });
  expect(orders[7]?.phone).toBeUndefined();
  expect(customers.some(({ phone }) => phone?.startsWith('+49'))).toBe(false);
});

test('a line’s net is price times quantity less the line’s discount, exactly', async () => {
  const { lines } = await pullMessy();

  expect(lines.slice(0, 2)).toMatchObject([
    { order_id: '#1', sku: 'TS-1', title: 'Trail shoe', brand: 'Nordweg', quantity: '2', net: '35.00' },
    { order_id: '#1', sku: 'SO-1', title: 'Sock', quantity: '1', net: '5.00' },
  ]);
  expect(lines.find(({ order_id }) => order_id === '#10')?.title).toBe('12" plate, blue');
});

test('equal lines of one order stay two lines, and categories come from a column that some programs add', async () => {
  const file = [
    `${HEAD},Product Type`,
    order('#1', ',Socks'),
    '#1,a@example.com,,,,,1,Sock,20.00,Socks',
  ].join('\n');

  const { lines } = await pulled({ 'a.csv': file }, { path: 'a.csv', format: 'shopify' });

  expect(lines).toMatchObject([{ category: 'Socks' }, { category: 'Socks' }]);
  expect(new Set(lines.map(({ line_id }) => line_id)).size).toBe(2);
});

test('an old export without Id, phone and refunds is read, goods being the total less tax and shipping', async () => {
  const file =
    'Name,Financial Status,Total,Taxes,Shipping,Created at\n#1,paid,29.90,4.77,5.00,2015-03-02 10:00:00 +0000\n';

  const { orders } = await pulled({ 'old.csv': file }, { path: 'old.csv', format: 'shopify' });

  expect(orders).toMatchObject([{ order_id: '#1', goods: '20.13', currency: 'EUR' }]);
});

test('of an order in two files the one in the later file stands', async () => {
  const later = `${HEAD}\n${order('#1').replace('paid', 'refunded')}\n`;
  const settings = { path: '*.csv', format: 'shopify' };

  const { orders } = await pulled({ 'b.csv': `${HEAD}\n${order('#1')}\n`, 'a.csv': later }, settings);

  const newest = orders.toSorted((a, b) => b.version - a.version)[0];
  expect(orders).toHaveLength(2);
  expect(newest?.state).toBe('refunded');
  expect(Number.isSafeInteger(newest?.version)).toBe(true);
});

test('a row that cannot be read is named by line and reason and takes nothing else with it', async () => {
  const file = [
    HEAD,
    order('#1'),
    order('#2').replace('2026-03-02', '2026-02-31'),
    order('#3').replace('20.00', 'twenty'),
    order(''),
    order('#5').replace('1,Sock', 'one,Sock'),
    order('#6'),
  ].join('\n');

  const all = await pulled({ 'a.csv': file }, { path: 'a.csv', format: 'shopify' });

  expect(all.orders.map(({ order_id }) => order_id)).toEqual(['#1', '#5', '#6']);
  expect(all.rejected).toEqual([
    { source: 'a.csv', line: 3, reason: 'the date of the order cannot be read' },
    { source: 'a.csv', line: 4, reason: 'total cannot be read as an amount' },
    { source: 'a.csv', line: 5, reason: 'the order has no number' },
    { source: 'a.csv', line: 6, reason: 'quantity, price or discount of a product cannot be read' },
  ]);
});

test('line numbers are those of the file, line breaks inside cells included', async () => {
  const broken = `${MESSY}#12,x@example.com,paid,,EUR,soon${','.repeat(23)}\n`;

  const { rejected } = await pulled(
    { 'a.csv': broken.replaceAll('\n', '\r\n') },
    { path: 'a.csv', format: 'shopify' },
  );

  expect(rejected.map(({ line }) => line)).toEqual([MESSY.split('\n').length]);
});

test('a missing column is named with the nearest one, before anything is read', async () => {
  const files = {
    'a.csv': `${HEAD}\n${order('#1')}\n`,
    'b.csv': `${HEAD.replace('Created at', 'Created-at')}\n`,
  };

  await expect(pulled(files, { path: '*.csv', format: 'shopify' })).rejects.toMatchObject({
    problem: {
      code: 'SOURCE_MISSING_COLUMN',
      where: 'b.csv',
      what: 'b.csv has no column "Created at".',
      why: expect.stringContaining('Created-at, Lineitem quantity'),
      fix: expect.stringContaining('Did you mean "Created-at"?'),
    },
  });
});
