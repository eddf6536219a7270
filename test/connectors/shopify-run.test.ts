import { expect, onTestFinished, test } from 'vitest';
import { serveSandbox } from '../../connectors/index.ts';
import { shopifySandbox } from '../../connectors/shopify/sandbox.ts';
import { openStage } from '../run/stage.ts';

const stage = openStage();
const DAY_MS = 86_400_000;

/** An empty shop of that name, and a job that reads it. */
async function openShop(name: string) {
  const shopify = shopifySandbox({});
  // Operations are done when they are looked at: here time is not virtual.
  shopify.bulk.takeLooks(0);
  const sandbox = await serveSandbox([shopify]);
  onTestFinished(() => sandbox.close());
  const source = { type: 'shopify', shop: name, access_token: 'sandbox', base_url: sandbox.url };
  const shop = stage.shop({ name, sources: [source], currency: 'EUR', exchange_rates: { USD: '0.5' } });
  const daysAgo = (days: number) => new Date(Date.now() - days * DAY_MS).toISOString();
  const as_of = daysAgo(0).slice(0, 10);
  const revenue = async () => {
    const rows = await stage.engine.query<{ email: string; orders: number; revenue: string }>(
      `SELECT email, orders, revenue FROM profiles WHERE job = {name:String}
       AND run_id = (SELECT max(run_id) FROM profiles WHERE job = {name:String}) ORDER BY email`,
      { name },
    );
    return Object.fromEntries(rows.map((row) => [row.email, `${row.orders} × ${Number(row.revenue)}`]));
  };
  return { shopify, sandbox, shop, daysAgo, as_of, revenue };
}

test('a shop becomes customers worth what they paid for goods; the second run brings no new row', async () => {
  const { shopify, sandbox, shop, daysAgo, as_of, revenue } = await openShop('shopify-run');
  const line = (id: number, price: number, tax: number) => [{ id, product: 1, sku: 'S', price, tax }];
  shopify.putProduct({ id: 1, type: 'Shoes', collections: ['Summer'], updatedAt: daysAgo(200) });
  shopify.putCustomer({
    id: 1,
    email: 'ana@example.com',
    emailState: 'SUBSCRIBED',
    firstName: 'Ana',
    updatedAt: daysAgo(90),
  });
  shopify.putCustomer({ id: 2, email: 'ion@example.com', updatedAt: daysAgo(90) });
  const order = (id: number, days: number, more: object = {}) =>
    shopify.putOrder({ id, customer: 1, processedAt: daysAgo(days), lines: line(id, 11_900, 1900), ...more });
  order(1, 100);
  order(2, 90, {
    status: 'PARTIALLY_REFUNDED',
    refunds: [{ id: 1, at: daysAgo(80), amount: 5950, goods: 5950 }],
  });
  order(3, 80, { status: 'REFUNDED', refunds: [{ id: 2, at: daysAgo(70), amount: 11_900, goods: 11_900 }] });
  order(4, 70, { status: 'VOIDED', cancelledAt: daysAgo(69) });
  order(5, 60, { test: true });
  order(6, 50, { status: 'PENDING' });
  order(7, 40, { customer: 2, currency: 'USD' });
  order(8, 30, { customer: undefined, email: 'guest@example.com' });

  const first = await shop.run(as_of);
  const found = await revenue();
  const second = await shop.run(as_of);

  expect(first).toMatchObject({ status: 'done', pulled: { orders: 8, lines: 8, customers: 3 } });
  expect(found).toEqual({
    'ana@example.com': '2 × 150',
    'ion@example.com': '1 × 50',
    'guest@example.com': '1 × 100',
  });
  expect(second).toMatchObject({ status: 'done', pulled: { orders: 0, lines: 0, customers: 0 } });
  expect(await revenue()).toEqual(found);
  const [categories] = await stage.engine.query<{ favourite: string }>(
    `SELECT favourite_category AS favourite FROM favourites AS f INNER JOIN profiles AS p USING (job, run_id, customer)
     WHERE job = 'shopify-run' AND email = 'ana@example.com' LIMIT 1`,
  );
  expect(categories?.favourite).toBe('Shoes');
  expect(shopify.bulk.begun()).toBe(3);

  // What is given back later counts from its day on, and nothing but the order that changed is read.
  order(1, 100, {
    updatedAt: daysAgo(0),
    status: 'REFUNDED',
    refunds: [{ id: 3, at: daysAgo(1), amount: 11_900, goods: 11_900 }],
  });
  const third = await shop.run(as_of);
  expect(third).toMatchObject({ status: 'done', pulled: { orders: 1, lines: 1 } });
  expect((await revenue())['ana@example.com']).toBe('1 × 50');
  await shop.run(daysAgo(2).slice(0, 10));
  expect((await revenue())['ana@example.com']).toBe('2 × 150');
  expect(sandbox.requests().shopify!['GET /_bulk/3.jsonl']).toBe(1);
}, 180_000);

test('a run with half a result is held, and the next one makes up for it', async () => {
  const { shopify, shop, daysAgo, as_of, revenue } = await openShop('shopify-half');
  shopify.putOrder({
    id: 1,
    email: 'ana@example.com',
    processedAt: daysAgo(9),
    lines: [{ id: 1, price: 1000 }],
  });
  shopify.bulk.end('COMPLETED', 'COMPLETED', 'FAILED', 'FAILED');

  const first = await shop.run(as_of);
  const second = await shop.run(as_of);

  expect(first.pulled.incomplete).toEqual([
    expect.stringContaining('Shopify could not put all orders together'),
  ]);
  expect(second.pulled).toMatchObject({ orders: 1, incomplete: [] });
  expect(await revenue()).toEqual({ 'ana@example.com': '1 × 10' });
}, 180_000);
