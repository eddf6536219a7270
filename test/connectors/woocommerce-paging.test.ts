import fc from 'fast-check';
import { expect, test } from 'vitest';
import { openStand, type Stand } from './woocommerce-stand.ts';

const ONLY_ORDERS = { settings: { read: ['orders'] } };
const DAY_MS = 86_400_000;

function fill(stand: Stand, orders: number): void {
  for (let order = 0; order < orders; order += 1) stand.shop.put();
}

const ids = (orders: readonly { order_id: string }[]) => orders.map(({ order_id }) => Number(order_id));
const allIds = (stand: Stand) => [...stand.shop.orders.keys()].toSorted((a, b) => a - b);

test.each([0, 1, 2, 99, 100, 101, 199, 200, 1_000])('of %i orders each is read once', async (count) => {
  const stand = await openStand(ONLY_ORDERS);
  fill(stand, count);

  const { orders, pages } = await stand.pull();

  expect(ids(orders)).toEqual(allIds(stand));
  expect(pages[0]?.expected).toBe(count);
});

test.each([0, 1, 100, 101, 450])(
  'of %i orders each is read once where the headers do not arrive',
  async (count) => {
    const stand = await openStand({ ...ONLY_ORDERS, host: { hides_totals: true } });
    fill(stand, count);

    const { orders } = await stand.pull();

    expect(ids(orders)).toEqual(allIds(stand));
  },
);

test('pages overlap by one row: 1,000 orders are 11 requests, and one for the empty trash', async () => {
  const stand = await openStand(ONLY_ORDERS);
  fill(stand, 1_000);

  await stand.pull();

  const lists = stand.asked(/^\/wc\/v3\/orders$/);
  expect(lists.filter((query) => query.get('status') === 'any')).toHaveLength(11);
  expect(lists.filter((query) => query.get('status') === 'trash')).toHaveLength(1);
});

test('when nothing changed for a while, the second pull brings no row', async () => {
  const stand = await openStand();
  fill(stand, 250);
  stand.shop.putCustomer({ email: 'a@example.com' });
  stand.shop.putProduct();
  stand.shop.put({ status: 'trash' });
  await stand.pull();
  stand.later(2 * DAY_MS);
  await stand.pull();

  const { orders, customers, products, warnings } = await stand.pull();

  expect({ orders, customers, products, warnings }).toEqual({
    orders: [],
    customers: [],
    products: [],
    warnings: [],
  });
});

test('what is read again within the lag is the same', async () => {
  const stand = await openStand();
  fill(stand, 120);
  await stand.pull();
  const before = structuredClone(stand.kept.orders);

  const { orders } = await stand.pull();

  expect(orders).toHaveLength(120);
  expect(stand.kept.orders).toEqual(before);
});

test('the next pull brings what changed and what is new, nothing else', async () => {
  const stand = await openStand(ONLY_ORDERS);
  fill(stand, 300);
  await stand.pull();
  stand.later(3 * DAY_MS);
  await stand.pull();
  stand.shop.change(17, { status: 'cancelled' });
  stand.shop.refund(200, { amount: '5.00' });
  const { id } = stand.shop.put();

  const { orders } = await stand.pull();

  expect(ids(orders)).toEqual([17, 200, id]);
  expect(stand.kept.orders.get('17')).toMatchObject({ counts: false, state: 'cancelled' });
});

test.each([-12 * 60, -8 * 60, 0, 2 * 60, 14 * 60])(
  'the time zone of the shop, %i minutes from GMT, makes no order come late',
  async (offset_minutes) => {
    const stand = await openStand({ ...ONLY_ORDERS, host: { offset_minutes } });
    fill(stand, 10);
    await stand.pull();
    stand.later(3 * DAY_MS);
    await stand.pull();
    stand.shop.change(4, { status: 'completed' });

    const { orders } = await stand.pull();

    expect(ids(orders)).toEqual([4]);
    expect(stand.asked(/orders$/).some((query) => /Z|\+/.test(query.get('modified_after') ?? ''))).toBe(
      false,
    );
  },
);

test('what the operator asks for anew is read from that day on', async () => {
  const stand = await openStand(ONLY_ORDERS);
  stand.shop.put({ date_modified_gmt: '2026-01-05T00:00:00' });
  const { id } = stand.shop.put({ date_modified_gmt: '2026-02-05T00:00:00' });
  await stand.pull();

  const { orders } = await stand.pull({ since: '2026-02-01T00:00:00.000Z' });

  expect(ids(orders)).toEqual([id]);
});

test('orders that somebody deletes stop counting, and count again when they are taken back', async () => {
  const stand = await openStand(ONLY_ORDERS);
  fill(stand, 5);
  await stand.pull();
  stand.later(3 * DAY_MS);
  // Some versions do not tell when an order was deleted.
  stand.shop.orders.get(3)!.status = 'trash';
  await stand.pull();
  const deleted = stand.kept.orders.get('3');
  stand.later(3 * DAY_MS);
  stand.shop.change(3, { status: 'completed' });
  await stand.pull();

  expect(deleted).toMatchObject({ state: 'trash', counts: false });
  expect(stand.kept.orders.get('3')).toMatchObject({ state: 'completed', counts: true });
});

test('a pull that is cut off anywhere goes on where it was', async () => {
  const stand = await openStand(ONLY_ORDERS);
  fill(stand, 500);
  await stand.pull({ pages: 3 });

  const { orders } = await stand.pull();

  expect(stand.kept.orders.size).toBe(500);
  const again = orders.filter(({ order_id }) => Number(order_id) <= 298);
  // What changed in the last day is read again once the rest is there; the rest came first.
  expect(ids(orders).slice(0, 202)).toEqual(allIds(stand).slice(298));
  expect(again.length).toBeLessThanOrEqual(298);
});

test('a first pull that is cut off, with the shop changing behind it, ends with the shop as it is', async () => {
  const stand = await openStand(ONLY_ORDERS);
  fill(stand, 400);
  await stand.pull({ pages: 2 });
  stand.later(10 * DAY_MS);
  stand.shop.change(5, { status: 'cancelled' });
  stand.shop.change(350, { status: 'failed' });

  await stand.pull();

  expect(stand.kept.orders.size).toBe(400);
  expect(stand.kept.orders.get('5')).toMatchObject({ counts: false });
  expect(stand.kept.orders.get('350')).toMatchObject({ counts: false });
});

test('what changes behind the place where a pull of days is comes with the next one', async () => {
  let requests = 0;
  const stand = await openStand({
    ...ONLY_ORDERS,
    before: () => {
      requests += 1;
      stand.later(20 * 3_600_000);
      if (requests === 2) stand.shop.change(5, { status: 'cancelled' });
    },
  });
  fill(stand, 400);
  await stand.pull();
  const before = stand.kept.orders.get('5');

  await stand.pull();

  expect(before).toMatchObject({ counts: true });
  expect(stand.kept.orders.get('5')).toMatchObject({ counts: false });
});

test('a pull that asks for something else than the one that was cut off begins anew', async () => {
  const stand = await openStand(ONLY_ORDERS);
  fill(stand, 250);
  await stand.pull({ pages: 1 });
  stand.marks.set('orders', '2020-01-01T00:00:00.000Z');

  const { orders } = await stand.pull();

  expect(ids(orders)).toEqual(allIds(stand));
});

test('accounts are read whole when it is time, and only new ones in between', async () => {
  const stand = await openStand({ settings: { read: ['customers'], customers_every: 1 } });
  for (let index = 0; index < 250; index += 1) stand.shop.putCustomer({ email: `c${index}@example.com` });
  const first = await stand.pull();
  stand.shop.putCustomer({ email: 'new@example.com' });
  const second = await stand.pull();
  const third = await stand.pull();
  const { began } = JSON.parse(stand.marks.get('customers')!) as { began: string };
  const yesterday = new Date(Date.parse(began) - DAY_MS).toISOString();
  stand.marks.set('customers', stand.marks.get('customers')!.replace(began, yesterday));
  const fourth = await stand.pull();

  const counts = [first, second, third, fourth].map(({ customers }) => customers.length);
  expect(counts).toEqual([250, 1, 0, 251]);
});

test('accounts that are deleted make no new one be missed', async () => {
  const stand = await openStand({ settings: { read: ['customers'] } });
  for (let index = 0; index < 250; index += 1) stand.shop.putCustomer();
  await stand.pull();
  for (let id = 1; id <= 120; id += 1) stand.shop.customers.delete(id);
  stand.shop.putCustomer({ id: 900, email: 'new@example.com' });

  const { customers } = await stand.pull();

  expect(customers).toMatchObject([{ customer_id: '900' }]);
});

test('a shop that sorts as it likes is refused, since orders would be missed', async () => {
  const stand = await openStand(ONLY_ORDERS);
  fill(stand, 3);
  const body = [3, 1, 2].map((id) => ({ ...stand.shop.orders.get(id) }));
  stand.fault({ path: '/orders$', status: 200, body, times: 5 });

  await expect(stand.pull()).rejects.toMatchObject({ problem: { code: 'SOURCE_ANSWER' } });
});

const KINDS = ['change', 'trash', 'restore', 'refund', 'order', 'wait'] as const;
type Step = { does: (typeof KINDS)[number]; nth: number };

const step: fc.Arbitrary<Step> = fc.record({ does: fc.constantFrom(...KINDS), nth: fc.nat(400) });

function take({ shop, later }: Stand, { does, nth }: Step): void {
  if (does === 'wait') return later(3_600_000);
  if (does === 'order') return void shop.put({ status: 'completed' });
  const order = [...shop.orders.values()][nth % Math.max(1, shop.orders.size)];
  if (!order) return;
  const trashed = order.status === 'trash';
  if (does === 'change' && !trashed) {
    shop.change(order.id, { status: order.status === 'failed' ? 'completed' : 'failed' });
  }
  if (does === 'refund' && !trashed) shop.refund(order.id, { amount: '0.01' });
  if (does === 'restore' && trashed) shop.change(order.id, { status: 'completed' });
  // Some versions do not tell when an order was deleted.
  if (does === 'trash') order.status = 'trash';
}

test('however orders change, come and go between requests, none is lost and none comes twice in a pass', async () => {
  const changes = fc.array(fc.array(step, { maxLength: 12 }), { maxLength: 12 });
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 0, max: 330 }), changes, fc.nat(4), async (count, given, cut) => {
      const upcoming = [...given];
      const touched = new Set<number>();
      const stand = await openStand({
        ...ONLY_ORDERS,
        before: () => {
          stand.later(1_000);
          for (const one of upcoming.shift() ?? []) {
            touched.add([...stand.shop.orders.keys()][one.nth % Math.max(1, stand.shop.orders.size)] ?? 0);
            take(stand, one);
          }
        },
      });
      fill(stand, count);
      const there = allIds(stand);

      await stand.pull({ pages: cut });
      const during = await stand.pull();
      const listed = ids(during.orders.filter(({ state }) => state !== 'trash'));
      const calm = there.filter((id) => !touched.has(id));
      const keptDuring = new Set(stand.kept.orders.keys());
      upcoming.length = 0;
      await stand.pull();

      if (cut === 0) expect(new Set(listed).size).toBe(listed.length);
      expect(calm.filter((id) => !keptDuring.has(String(id)))).toEqual([]);
      const kept = [...stand.kept.orders.values()].map(({ order_id, state }) => `${order_id} ${state}`);
      const real = [...stand.shop.orders.values()].map(({ id, status }) => `${id} ${status}`);
      expect(kept.toSorted()).toEqual(real.toSorted());
      await stand.sandbox.close();
    }),
    { numRuns: 40 },
  );
});

test('a reading of all products that is cut off goes on, unless the categories changed again', async () => {
  const stand = await openStand({ settings: { read: ['products'] } });
  const hats = stand.shop.putCategory({ name: 'Hats' });
  for (let product = 0; product < 250; product += 1) stand.shop.putProduct({ categories: [hats] });
  await stand.pull({ pages: 3 });
  const { products } = await stand.pull();
  hats.name = 'Caps';
  await stand.pull({ pages: 3 });
  hats.name = 'Headwear';

  await stand.pull();

  expect(products.slice(0, 51).map(({ product_id }) => Number(product_id))).toEqual(
    [...stand.shop.products.keys()].slice(199),
  );
  expect(new Set([...stand.kept.products.values()].map(({ category }) => category))).toEqual(
    new Set(['Headwear']),
  );
});
