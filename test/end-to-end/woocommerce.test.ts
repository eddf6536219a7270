import { expect, onTestFinished, test } from 'vitest';
import { serveSandbox } from '../../connectors/index.ts';
import { woocommerceSandbox, type SandboxHost } from '../../connectors/woocommerce/sandbox.ts';
import { gmtText, type SandboxOrder } from '../../connectors/woocommerce/sandbox-shop.ts';
import { openStage, type ShopSettings } from '../run/stage.ts';

const stage = openStage();
const AS_OF = '2026-03-31';
const TODAY = Date.parse('2026-03-31T08:00:00Z');
const DAY_MS = 86_400_000;

/** A shop in the sandbox, and a job that reads it. */
async function openWoo(host: SandboxHost = {}, settings: ShopSettings = {}) {
  const clock = { now: TODAY };
  const platform = woocommerceSandbox({ now: () => clock.now, host, empty: true });
  const sandbox = await serveSandbox([platform]);
  onTestFinished(() => sandbox.close());
  const source = {
    type: 'woocommerce',
    url: sandbox.url,
    consumer_key: 'sandbox',
    consumer_secret: 'sandbox',
  };
  const name = `woo-${new URL(sandbox.url).port}`;
  const job = stage.shop({ name, segments: { engagement: {} }, ...settings, sources: [source] });
  const requests = () =>
    Object.values(sandbox.requests().woocommerce ?? {}).reduce((sum, count) => sum + count, 0);
  return { shop: platform.shop, sandbox, clock, job, requests };
}

const money = (cents: number) => (cents / 100).toFixed(2);
const STATES = ['completed', 'processing', 'on-hold', 'cancelled', 'failed', 'pending', 'refunded'];
const PAID = new Set(['completed', 'processing']);

type Sold = { order: SandboxOrder; who: string; cents: number; back: number; paid: boolean };

/** Orders by 40 people in two currencies, some given back in part or whole. */
function sell(shop: Awaited<ReturnType<typeof openWoo>>['shop'], count: number): Sold[] {
  return Array.from({ length: count }, (_, index): Sold => {
    const cents = 1_000 + ((index * 7_919) % 9_000);
    const shipping = 490;
    const tax = Math.round((cents + shipping) * 0.19);
    const status = STATES[(index * 5) % STATES.length]!;
    const person = index % 40;
    const account = person < 20 ? person + 1 : 0;
    const at = gmtText(TODAY - (2 + ((index * 37) % 700)) * DAY_MS);
    const order = shop.put({
      status,
      currency: index % 3 === 0 ? 'RON' : 'EUR',
      customer_id: account,
      billing: {
        email: `Person${person}@example.com`,
        first_name: 'P',
        last_name: String(person),
        country: 'RO',
      },
      line_items: [
        {
          id: index * 2 + 1,
          name: 'Hat',
          product_id: 1,
          variation_id: 0,
          quantity: 1,
          sku: 'HAT',
          total: money(cents - 400),
        },
        {
          id: index * 2 + 2,
          name: 'Cap',
          product_id: 2,
          variation_id: 0,
          quantity: 2,
          sku: 'CAP',
          total: '4.00',
        },
      ],
      shipping_total: money(shipping),
      total_tax: money(tax),
      total: money(cents + shipping + tax),
      date_created_gmt: at,
      date_modified_gmt: at,
    });
    let back = 0;
    if (status === 'refunded') {
      shop.refund(order.id, { amount: order.total, date_created_gmt: at });
      back = cents;
    } else if (index % 4 === 1) {
      const line_items = [{ id: 90_000 + index, product_id: 2, quantity: -2, total: '-4.00' }];
      shop.refund(order.id, { amount: '4.76', date_created_gmt: at, line_items });
      back = 400;
    }
    order.date_modified_gmt = at;
    const who = account > 0 ? `customer ${account}` : `person${person}@example.com`;
    return { order, who, cents, back, paid: PAID.has(status) || status === 'refunded' };
  });
}

/** Revenue by person in EUR, computed anew from what was sold. */
function revenue(sold: readonly Sold[]): Map<string, { orders: number; revenue: number }> {
  const people = new Map<string, { orders: number; revenue: number }>();
  for (const { order, who, cents, back, paid } of sold) {
    if (!paid || back >= cents) continue;
    const rate = order.currency === 'RON' ? 0.2 : 1;
    const known = people.get(who) ?? { orders: 0, revenue: 0 };
    people.set(who, {
      orders: known.orders + 1,
      revenue: known.revenue + Math.round((cents - back) * rate * 100),
    });
  }
  return people;
}

test("a shop's figures are those of a plain computation", async () => {
  const { shop, job } = await openWoo({}, { exchange_rates: { RON: '0.2' } });
  for (let id = 1; id <= 20; id += 1) shop.putCustomer({ id, email: `person${id - 1}@example.com` });
  const sold = sell(shop, 400);

  const { pulled, customers } = await job.profile(AS_OF);

  const expected = revenue(sold);
  const computed = customers.map((profile) => [
    profile.customer_id ? `customer ${profile.customer_id}` : profile.email,
    { orders: profile.orders, revenue: Math.round(Number(profile.revenue) * 10_000) },
  ]);
  expect(new Map(computed as [string, object][])).toEqual(expected);
  expect(pulled).toMatchObject({ orders: 400, lines: 800, rejected: 0, incomplete: [] });
});

test('a second run pulls nothing new, a third what changed in between', async () => {
  const { shop, job, clock, requests } = await openWoo();
  sell(shop, 250);
  const first = await job.run(AS_OF);
  const after = requests();
  const second = await job.run(AS_OF);
  const asked = requests() - after;
  shop.change(40, { status: 'cancelled' });
  clock.now += 1_000;
  shop.put({ billing: { email: 'new@example.com' } });
  const third = await job.run(AS_OF);

  expect(first).toMatchObject({ status: 'done', pulled: { orders: 250 } });
  expect(second.pulled).toMatchObject({ orders: 0, lines: 0, customers: 0, rejected: 0 });
  expect(asked).toBe(5);
  expect(third.pulled).toMatchObject({ orders: 2, customers: expect.any(Number) });
});

test('with throttling, pages for people and broken connections between the figures are the same', async () => {
  const calm = await openWoo({}, { exchange_rates: { RON: '0.2' } });
  sell(calm.shop, 150);
  const rough = await openWoo(
    { strips_authorization: true, notices: true, hides_totals: true, most_rows: 60, offset_minutes: 120 },
    { exchange_rates: { RON: '0.2' } },
  );
  sell(rough.shop, 150);
  const faults = [
    { status: 429, headers: { 'retry-after': '0' } },
    { drop: 'after' as const },
    { status: 502, text: '<html></html>', content_type: 'text/html' },
    { status: 200, text: '<html>Please wait</html>', content_type: 'text/html' },
    { status: 200, text: '[{"id":1,' },
  ];
  for (const [index, fault] of faults.entries()) {
    rough.sandbox.fault({ platform: 'woocommerce', path: 'orders', skip: 1 + index * 4, ...fault });
  }

  const [expected, computed] = [await calm.job.profile(AS_OF), await rough.job.profile(AS_OF)];

  const figures = (profiles: typeof expected.customers) =>
    profiles.map(({ email, orders, revenue, purchase_days }) => ({ email, orders, revenue, purchase_days }));
  expect(figures(computed.customers)).toEqual(figures(expected.customers));
  expect(computed.pulled.orders).toBe(150);
});

test('a run that fails half-way keeps what it read, and the next goes on from there', async () => {
  const { shop, job, sandbox } = await openWoo();
  sell(shop, 500);
  sandbox.fault({
    platform: 'woocommerce',
    path: 'orders$',
    skip: 3,
    times: 8,
    status: 429,
    headers: { 'retry-after': '0' },
  });
  const failed = await job.run(AS_OF);

  const resumed = await job.run(AS_OF);

  expect(failed).toMatchObject({ status: 'failed', error: { code: 'SOURCE_THROTTLED' } });
  expect(resumed.status).toBe('done');
  expect(resumed.pulled.orders).toBeLessThan(500);
  expect(resumed.pulled.sources[0]?.orders).toBe(500);
});

test('an order that was deleted for good is left out once everything is read again', async () => {
  const { shop, job } = await openWoo();
  sell(shop, 20);
  const before = await job.profile(AS_OF);
  const [{ id }] = [...shop.orders.values()].filter(({ status }) => status === 'completed') as [SandboxOrder];
  shop.orders.delete(id);

  const report = await job.run(AS_OF, { reach: 'all' });

  expect(before.pulled.orders).toBe(20);
  expect(report.warnings.join()).toContain('1 orders that it no longer has do not count any more');
});
