import { execFile } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { parse } from 'csv-parse/sync';
import { parsePhoneNumberFromString, type CountryCode } from 'libphonenumber-js';
import { expect, test } from 'vitest';

const SAMPLE = join(import.meta.dirname, '../config/sample');
const ORDERS = ['orders_export_1.csv', 'orders_export_2.csv', 'old-shop.csv'];
const FILES = [...ORDERS, 'visits.csv', 'engagement.csv', 'products.csv', 'accounts.csv'];
const run = promisify(execFile);

type Row = Record<string, string>;
const rowsOf = (file: string, delimiter = ',') =>
  parse<Row>(readFileSync(join(SAMPLE, file)), { columns: true, delimiter });
const cents = (amount = '') => Math.round(Number(amount) * 100);

const first = rowsOf('orders_export_1.csv');
const second = rowsOf('orders_export_2.csv');
const later = new Set(second.map((row) => row['Name']));
/** One row per line, each order once, as the later export has it. */
const rows = [...first.filter((row) => !later.has(row['Name'])), ...second];
const orders = rows.filter((row) => row['Id']);
const count = (test: (order: Row) => boolean) => orders.filter(test).length;
const inState = (state: string) => count((order) => order['Financial Status'] === state);

test('the sample is what its generator writes, and a file that is not is named', async () => {
  const copy = mkdtempSync(join(tmpdir(), 'segment-sync-sample-'));
  cpSync(SAMPLE, copy, { recursive: true });
  const check = () => run(process.execPath, [join(copy, 'generate.ts'), '--check']);

  await check();
  writeFileSync(join(copy, 'visits.csv'), 'visit_id\n');
  const refusal = check();

  await expect(refusal).rejects.toMatchObject({ code: 1, stderr: expect.stringContaining('visits.csv') });
  rmSync(copy, { recursive: true });
});

test('together the files stay small', () => {
  const bytes = FILES.reduce((sum, file) => sum + statSync(join(SAMPLE, file)).size, 0);

  expect(bytes).toBeLessThan(3.2e6);
});

test('the export has the columns of Shopify, and further lines of an order leave those of the order blank', () => {
  expect(Object.keys(first[0]!)).toHaveLength(79);
  expect(Object.keys(second[0]!)).toEqual(Object.keys(first[0]!));
  const further = rows.filter((row) => !row['Id']);
  const filled = new Set(further.flatMap((row) => Object.keys(row).filter((column) => row[column])));
  const lineColumns = [...filled].filter((column) => !column.startsWith('Lineitem '));

  expect(further.length).toBeGreaterThan(1000);
  expect(lineColumns.toSorted()).toEqual(['Created at', 'Email', 'Name', 'Phone', 'Vendor']);
});

test('the amounts of every order add up', () => {
  const goods = new Map<string, number>();
  for (const row of rows) {
    const line = Number(row['Lineitem quantity']) * cents(row['Lineitem price']);
    goods.set(row['Name']!, (goods.get(row['Name']!) ?? 0) + line);
  }

  const wrong = orders.filter((order) => {
    const subtotal = goods.get(order['Name']!)! - cents(order['Discount Amount']);
    const total = subtotal + cents(order['Shipping']) + cents(order['Taxes']);
    return subtotal !== cents(order['Subtotal']) || total !== cents(order['Total']);
  });

  expect(wrong).toEqual([]);
});

test('the shop has three years, two currencies and every kind of order', () => {
  const days = orders.map((order) => order['Created at']!.slice(0, 10)).toSorted();

  expect([days[0], days.at(-1)]).toEqual(['2023-11-16', '2026-11-15']);
  expect(new Set(orders.map((order) => order['Currency']))).toEqual(new Set(['EUR', 'RON']));
  expect(count((order) => order['Currency'] === 'RON')).toBeGreaterThan(100);
  expect(inState('paid')).toBeGreaterThan(3000);
  expect(inState('partially_refunded')).toBeGreaterThan(100);
  expect(inState('refunded')).toBeGreaterThan(50);
  expect(inState('voided')).toBeGreaterThan(10);
  expect(inState('pending')).toBeGreaterThan(2);
  expect(inState('authorized')).toBeGreaterThan(5);
  expect(count((order) => order['Cancelled at'] !== '')).toBeGreaterThan(20);
  expect(count((order) => order['Payment Method'] === 'Bogus Gateway (for testing)')).toBeGreaterThan(3);
  expect(count((order) => cents(order['Subtotal']) === 0)).toBeGreaterThan(0);
  expect(count((order) => order['Notes']!.includes('\n'))).toBeGreaterThan(5);
  expect(count((order) => order['Billing Zip']!.startsWith("'"))).toBeGreaterThan(3000);
});

test('the files overlap, and what happened after the first export is only in the second', () => {
  const before = new Map(first.filter((row) => row['Id']).map((row) => [row['Name'], row]));
  const both = second.filter((row) => row['Id'] && before.has(row['Name']));
  const changed = both.filter(
    (row) => row['Financial Status'] !== before.get(row['Name'])!['Financial Status'],
  );

  expect(both.length).toBeGreaterThan(10);
  expect(changed.length).toBeGreaterThan(1);
});

test('customers are many, unlike each other, and new ones come every month', () => {
  const purchases = new Map<string, string[]>();
  for (const order of orders) {
    const email = order['Email']!.trim().toLowerCase();
    if (email) purchases.set(email, [...(purchases.get(email) ?? []), order['Created at']!]);
  }
  const counts = [...purchases.values()].map((dates) => dates.length);
  const months = new Set([...purchases.values()].map((dates) => dates[0]!.slice(0, 7)));
  const consented = count((order) => order['Accepts Marketing'] === 'yes') / orders.length;

  expect(purchases.size).toBeGreaterThan(1800);
  expect(counts.filter((n) => n === 1).length / counts.length).toBeGreaterThan(0.4);
  expect(counts.filter((n) => n >= 5).length).toBeGreaterThan(100);
  expect(months.size).toBe(37);
  expect(consented).toBeGreaterThan(0.6);
  expect(consented).toBeLessThan(0.8);
  expect(count((order) => order['Email'] !== order['Email']!.trim().toLowerCase())).toBeGreaterThan(50);
});

test('some customers are known by phone only, and some sales have nobody', () => {
  expect(count((order) => !order['Email'] && order['Phone'] !== '')).toBeGreaterThan(50);
  expect(count((order) => !order['Email'] && !order['Phone'] && !order['Billing Phone'])).toBeGreaterThan(20);
});

test('nobody real is reached: addresses under the example domains, phones nobody has', () => {
  const others = ['visits.csv', 'engagement.csv', 'accounts.csv'].flatMap((file) => rowsOf(file));
  const emails = [...orders, ...others, ...rowsOf('old-shop.csv', ';')]
    .map((row) => row['Email'] ?? row['email'] ?? row['mail'] ?? '')
    .filter(Boolean);
  const phones = orders
    .map((order) => ({ text: order['Phone'] || order['Billing Phone']!, country: order['Billing Country']! }))
    .filter(({ text }) => text)
    .map(({ text, country }) => parsePhoneNumberFromString(text, country as CountryCode));

  expect(emails.filter((email) => !/@example\.(com|org|net)$/i.test(email.trim()))).toEqual([]);
  expect(phones.length).toBeGreaterThan(300);
  expect(phones.filter((phone) => !phone?.isValid())).toEqual([]);
  const fictitious = /^\+(493023125|494066969)\d{3}$|^\+4070000\d{4}$/;
  expect(phones.filter((phone) => !fictitious.test(phone!.number))).toEqual([]);
});

test('a third of the customers visited in the last twelve months, some after their last order', () => {
  const visits = rowsOf('visits.csv');
  const latestOrder = new Map(
    orders.map((order) => [order['Email']!.trim().toLowerCase(), order['Created at']!.slice(0, 10)]),
  );
  const visitors = new Set(visits.map((visit) => visit['email']!));
  const since = visits.filter(
    (visit) => visit['visited_at']!.slice(0, 10) > latestOrder.get(visit['email']!)!,
  );

  expect(Object.keys(visits[0]!)).toEqual(['visit_id', 'visited_at', 'email', 'page']);
  expect(visitors.size).toBeGreaterThan(400);
  expect(since.length).toBeGreaterThan(500);
  expect(
    visits.filter((visit) => visit['visited_at']! < '2025-11-15' || visit['visited_at']! > '2026-11-16'),
  ).toEqual([]);
});

test('in the last twelve months newsletters were opened, links followed, reviews written and friends brought', () => {
  const events = rowsOf('engagement.csv');
  const ofType = (type: string) => events.filter((event) => event['type'] === type);
  const did = (event: Row) => `${event['at']} ${event['email']}`;
  const opened = new Set(ofType('open').map(did));

  expect(new Set(events.map((event) => event['type']))).toEqual(
    new Set(['open', 'click', 'review', 'referral']),
  );
  expect(ofType('open').length).toBeGreaterThan(1000);
  expect(ofType('click').length).toBeGreaterThan(100);
  expect(ofType('click').filter((click) => !opened.has(did(click)))).toEqual([]);
  expect(ofType('review').length).toBeGreaterThan(100);
  expect(ofType('referral').length).toBeGreaterThan(20);
  expect(new Set(events.map((event) => JSON.stringify(event))).size).toBe(events.length);
  expect(events.filter((event) => event['at']! < '2025-11-15' || event['at']! > '2026-11-16')).toEqual([]);
});

test('only customers open newsletters, and whoever never agreed to them does not', () => {
  const known = new Map<string, boolean>();
  for (const order of orders) {
    const email = order['Email']!.trim().toLowerCase();
    known.set(email, (known.get(email) ?? false) || order['Accepts Marketing'] === 'yes');
  }
  const readers = rowsOf('engagement.csv').filter((event) => event['type'] === 'open');
  const strangers = readers.filter((event) => !known.has(event['email']!));
  const unasked = readers.filter((event) => known.get(event['email']!) === false);

  expect(strangers).toEqual([]);
  // Somebody who agreed after their last order is in no order with a yes.
  expect(unasked.length / readers.length).toBeLessThan(0.05);
});

test('the list of products has every SKU that was sold, with a category and the product behind the variant', () => {
  const products = new Map(rowsOf('products.csv').map((product) => [product['sku'], product]));
  const sold = rows.filter((row) => row['Lineitem sku']);

  expect(sold.filter((row) => !products.has(row['Lineitem sku']))).toEqual([]);
  for (const product of products.values()) {
    expect(product['category']).not.toBe('');
    expect(product['title']!.startsWith(product['product']!)).toBe(true);
  }
  expect(new Set([...products.values()].map((product) => product['product'])).size).toBe(25);
  expect([...products.values()].filter((product) => product['collections'] !== '').length).toBeGreaterThan(
    40,
  );
});

test('some customers have an account, and with it tags, costs and what they like', () => {
  const accounts = rowsOf('accounts.csv');
  const filled = (column: string) => accounts.filter((account) => account[column] !== '').length;

  expect(new Set(accounts.map((account) => account['email'])).size).toBe(accounts.length);
  expect(accounts.length).toBeGreaterThan(500);
  for (const column of ['tags', 'birth_year', 'sport', 'ad_cost']) {
    expect(filled(column)).toBeGreaterThan(100);
    expect(filled(column)).toBeLessThan(accounts.length);
  }
  const costs = accounts.flatMap((account) => [account['ad_cost'] || '0.00', account['support_cost']!]);
  expect(costs.filter((cost) => !/^\d+\.\d\d$/.test(cost))).toEqual([]);
  expect(accounts.filter((account) => account['support_cost'] === '0.00').length).toBeGreaterThan(100);
});
