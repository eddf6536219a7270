import { expect, test } from 'vitest';
import { csvSource } from '../../connectors/csv/source.ts';
import { netOf, pulled } from './csv-folder.ts';

const ORDER = { order_id: 'id', ordered_at: 'date', total: 'sum' };

/** One order row under the header `id,date,sum` plus what the test adds. */
const one = async (columns: Record<string, string>, cells: string, settings: object = {}) => {
  const names = Object.values(columns).join(';');
  const file = `id;date;sum;${names}\n1;2026-03-02;29.90;${cells}\n`;
  return pulled({ 'a.csv': file }, { path: 'a.csv', columns: { ...ORDER, ...columns }, ...settings });
};

const dated = async (date: string, settings: object, timezone = 'Europe/Bucharest') => {
  const file = `id;date;sum\n1;${date};1\n`;
  const { orders } = await pulled(
    { 'a.csv': file },
    { path: 'a.csv', columns: ORDER, ...settings },
    { timezone },
  );
  return orders[0]?.ordered_at.replace(':00.000Z', 'Z');
};

const summed = async (sum: string, decimal: string) => {
  const file = `id;date;sum\n1;2026-03-02;${sum}\n`;
  const { orders } = await pulled({ 'a.csv': file }, { path: 'a.csv', columns: ORDER, decimal });
  return orders[0]?.goods;
};

test.each([
  ['iso', '2026-03-02', '2026-03-01T22:00Z'],
  ['iso', '2026-03-02 16:07', '2026-03-02T14:07Z'],
  ['iso', '2026-07-02T16:07:00.000+0530', '2026-07-02T10:37Z'],
  ['iso', '2026-07-02 16:07:00Z', '2026-07-02T16:07Z'],
  ['iso', '2026-07-02 16:07:00 UTC', '2026-07-02T16:07Z'],
  ['iso', '2026-07-02 16:07:00-03', '2026-07-02T19:07Z'],
  ['iso', '2024-02-29', '2024-02-28T22:00Z'],
  ['ymd', '2026/7/2 9:05', '2026-07-02T06:05Z'],
  ['dmy', '02.03.2026', '2026-03-01T22:00Z'],
  ['dmy', '2/3/26 4:07 pm', '2026-03-02T14:07Z'],
  ['dmy', '02-03-1997, 12:00 AM', '1997-03-01T22:00Z'],
  ['mdy', '02/03/2026', '2026-02-02T22:00Z'],
])('dates: %s reads %s', async (dates, text, expected) => {
  expect(await dated(text, { dates })).toBe(expected);
});

test.each([
  ['iso', '2026-02-31'],
  ['iso', '2026-3-2'],
  ['iso', '02.03.2026'],
  ['iso', '2026-03-02 24:30'],
  ['iso', '2026-03-02 noon'],
  ['iso', '2026-03-02T10:00:00+02:00 or so'],
  ['dmy', '13.13.2026'],
  ['dmy', '2026-03-02'],
  ['dmy', '1.2.202'],
  ['mdy', '31/01/2026'],
  ['ymd', '0026-01-01'],
  ['iso', ''],
])('dates: %s refuses "%s"', async (dates, text) => {
  expect(await dated(text, { dates })).toBeUndefined();
});

test('a local time is read by the clock of its zone, on both sides of a change', async () => {
  const at = (text: string) => dated(text, {}, 'Europe/Berlin');

  expect(await at('2026-03-29 01:59')).toBe('2026-03-29T00:59Z');
  expect(await at('2026-03-29 03:00')).toBe('2026-03-29T01:00Z');
  expect(await at('2026-10-25 01:59')).toBe('2026-10-24T23:59Z');
  expect(await at('2026-10-25 03:00')).toBe('2026-10-25T02:00Z');
  expect(await dated('2026-03-02 16:07', { timezone: 'America/New_York' })).toBe('2026-03-02T21:07Z');
});

test.each([
  ['.', '29.90', '29.90'],
  ['.', '1,234,567.89', '1234567.89'],
  ['.', "1'234.50", '1234.50'],
  ['.', '$29.90', '29.90'],
  ['.', '-5.00', '-5.00'],
  ['.', '29.899999999999999', '29.90'],
  ['.', '.5', '0.5'],
  [',', '29,90', '29.90'],
  [',', '1.234,5', '1234.5'],
  [',', '1\u00a0234,50 €', '1234.50'],
  [',', '1.234', '1234'],
])('with the decimal sign %s the amount %s is %s', async (decimal, text, expected) => {
  expect(await summed(text, decimal)).toBe(expected);
});

test.each([
  ['.', '29,90'],
  ['.', '1.234.567'],
  ['.', '1e3'],
  ['.', 'free'],
  ['.', '123456789012345'],
  [',', '29.90'],
  [',', '1,234,5'],
])('with the decimal sign %s "%s" is refused, not guessed', async (decimal, text) => {
  expect(await summed(text, decimal)).toBeUndefined();
});

test('goods are the total less tax and shipping, to the last decimal', async () => {
  const all = await one({ tax: 'tax', shipping: 'post' }, '4.7711;0.10');

  expect(all.orders[0]).toMatchObject({ goods: '25.0289', total: '29.90', tax: '4.7711', shipping: '0.10' });
});

test('a mapped order carries the customer, the consents and the currency', async () => {
  const columns = {
    customer_id: 'client',
    email: 'mail',
    phone: 'tel',
    first_name: 'first',
    country: 'land',
    currency: 'cur',
    accepts_marketing: 'news',
    accepts_sms: 'sms',
    accepts_ads: 'ads',
  };

  const all = await one(columns, "K7; Ana@Example.com ;'+40740000001;Ana;ro;ron;Subscribed;0;maybe");

  const person = { customer_id: 'K7', email: 'ana@example.com', phone: '+40740000001', country: 'RO' };
  expect(all.orders).toMatchObject([{ ...person, currency: 'RON', counts: true }]);
  expect(all.customers).toMatchObject([
    {
      ...person,
      first_name: 'Ana',
      email_consent: 'yes',
      sms_consent: 'no',
      ads_consent: 'unknown',
      updated_at: '2026-03-02T00:00:00.000Z',
    },
  ]);
});

test.each([
  ['Completed', '29.90', true],
  ['on-hold', null, false],
  ['failed', null, false],
  ['canceled', null, false],
  ['refunded', '0.00', false],
  ['verschickt', '29.90', true],
  ['Probe', null, false],
  ['gibt es nicht', null, false],
])('an order in state %s is worth %s', async (word, net, isPurchase) => {
  const all = await one({ state: 'state' }, word, { states: { Verschickt: 'paid', probe: 'test' } });

  expect(netOf(all, '1')).toEqual({ net, isPurchase });
  expect(all.orders[0]?.is_test).toBe(word === 'Probe');
  expect(all.warnings).toEqual(
    word === 'gibt es nicht'
      ? ['a.csv: orders in an unknown state do not count; name it in `states`: gibt_es_nicht (1)']
      : [],
  );
});

test('money that went back lowers the order, whatever its sign, never below nothing', async () => {
  const net = async (refunded: string) => netOf(await one({ refunded: 'back' }, refunded), '1');

  expect(await net('10.00')).toEqual({ net: '19.90', isPurchase: true });
  expect(await net('-10.00')).toEqual({ net: '19.90', isPurchase: true });
  expect(await net('35.00')).toEqual({ net: '0.00', isPurchase: false });
  expect(await net('0')).toEqual({ net: '29.90', isPurchase: true });
});

test('of two rows of an order the one changed later has the greater version', async () => {
  const file = 'id,date,sum,changed\n1,2026-03-02,1,2026-03-05\n1,2026-03-02,2,2026-03-04\n';

  const all = await pulled(
    { 'a.csv': file },
    { path: 'a.csv', columns: { ...ORDER, updated_at: 'changed' } },
  );

  expect(all.orders.toSorted((a, b) => b.version - a.version)[0]?.goods).toBe('1');
  expect(all.warnings).toEqual(['a.csv: rows repeat the order before them; one row per order is read (1)']);
});

test('a column that the file lacks is named with the setting, the file’s columns and the nearest of them', async () => {
  const file = 'id,date,sum,e-mail\n1,2026-03-02,1,a@example.com\n';

  await expect(
    pulled({ 'a.csv': file }, { path: 'a.csv', columns: { ...ORDER, email: 'email' } }),
  ).rejects.toMatchObject({
    problem: {
      code: 'SOURCE_MISSING_COLUMN',
      where: 'a.csv',
      what: 'a.csv has no column "email".',
      why: 'Its columns are: id, date, sum, e-mail.',
      fix: expect.stringContaining('Did you mean "e-mail"? Correct columns.email'),
    },
  });
});

test.each([
  [{}, 'give either `format: shopify` or `columns`, one of the two'],
  [{ format: 'shopify', columns: ORDER }, 'give either `format: shopify` or `columns`, one of the two'],
  [{ format: 'shopify', records: 'events' }, '`format: shopify` holds orders'],
  [{ columns: { order_id: 'id', total: 'sum' } }, 'orders need a column for ordered_at'],
  [{ columns: { order_id: 'id', ordered_at: 'date' } }, 'orders need a column for goods or total'],
  [{ columns: { ...ORDER, at: 'x' } }, 'orders have no at; they have order_id, ordered_at'],
  [{ columns: { ...ORDER, service_cost: 'x' } }, 'orders have no service_cost; they have order_id'],
  [
    { records: 'customers', columns: { city: 'x' } },
    'customers need a column for customer_id or email or phone',
  ],
  [{ records: 'events', columns: { at: 'x', email: 'y' } }, 'give either `columns.type` or `event`'],
  [{ columns: ORDER, timezone: 'Berlin' }, 'is not an IANA time zone'],
  [{ columns: ORDER, encoding: 'klingon' }, 'is not the name of an encoding'],
])('settings %j are refused: %s', (settings, message) => {
  const parsed = csvSource.settings.safeParse({ path: 'a.csv', ...settings });

  expect(parsed.error?.issues[0]?.message).toContain(message);
});

test('a source stays the same one when other settings or the order of its paths change', () => {
  const identity = (settings: object) =>
    csvSource.identity(csvSource.settings.parse({ columns: ORDER, ...settings }));

  expect(identity({ path: ['b.csv', 'a.csv'] })).toBe(identity({ path: ['a.csv', 'b.csv'], decimal: ',' }));
  expect(identity({ path: 'a.csv' })).not.toBe(identity({ path: 'b.csv' }));
  expect(identity({ path: 'a.csv' })).not.toBe(
    identity({ path: 'a.csv', records: 'customers', columns: { email: 'mail' } }),
  );
});
