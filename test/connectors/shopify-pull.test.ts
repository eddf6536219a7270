import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { SandboxOrder } from '../../connectors/shopify/sandbox-shop.ts';
import { NOW, openStand, settled, type Stand } from './shopify-stand.ts';

const EVERYTHING = {
  marks: new Map(),
  since: new Map(['orders', 'customers', 'products'].map((part) => [part, '1970-01-01T00:00:00.000Z'])),
};

const cents = fc.integer({ min: 1, max: 50_000 });
const anyLine = fc.record({
  product: fc.option(fc.integer({ min: 1, max: 4 }), { nil: undefined }),
  sku: fc.option(fc.constantFrom('A-1', 'B-2', 'a "quoted" one'), { nil: undefined }),
  title: fc.constantFrom('Sandals', 'Штаны', 'with "__parentId":"gid://shopify/Order/9" in it', 'a\nbreak'),
  quantity: fc.integer({ min: 1, max: 3 }),
  price: cents,
  off: fc.integer({ min: 0, max: 90 }),
  rate: fc.constantFrom(0, 5, 19),
});
const anyOrder = fc.record({
  taxesIncluded: fc.boolean(),
  status: fc.constantFrom('PAID', 'PARTIALLY_REFUNDED', 'PENDING', 'VOIDED'),
  test: fc.boolean(),
  day: fc.integer({ min: 0, max: 300 }),
  customer: fc.option(fc.integer({ min: 1, max: 3 }), { nil: undefined }),
  shippingPrice: fc.constantFrom(0, 499),
  lines: fc.oneof(
    { weight: 9, arbitrary: fc.array(anyLine, { maxLength: 4 }) },
    { weight: 1, arbitrary: fc.array(anyLine, { minLength: 51, maxLength: 60 }) },
  ),
  back: fc.array(fc.integer({ min: 1, max: 50 }), { maxLength: 2 }),
});

/** What an order is by its own numbers, in cents. */
function expectedOf({ lines = [], taxesIncluded }: SandboxOrder) {
  const paid = lines.map(({ price, quantity = 1, discount = 0 }) => price * quantity - discount);
  const tax = lines.map((line) => line.tax ?? 0);
  const nets = paid.map((each, index) => each - (taxesIncluded ? tax[index]! : 0));
  return { goods: nets.reduce((sum, net) => sum + net, 0), nets };
}

function sandboxOrder(
  id: number,
  drawn: typeof anyOrder extends fc.Arbitrary<infer T> ? T : never,
): SandboxOrder {
  const { taxesIncluded, day, back } = drawn;
  const lines = drawn.lines.map(({ off, rate, ...line }, index) => {
    const discount = Math.floor((line.price * line.quantity * off) / 100);
    const paid = line.price * line.quantity - discount;
    const tax = Math.round(taxesIncluded ? (paid * rate) / (100 + rate) : (paid * rate) / 100);
    return { ...line, id: id * 1000 + index, discount, tax };
  });
  const total = lines.reduce(
    (sum, { price, quantity, discount, tax }) =>
      sum + price * quantity - discount + (taxesIncluded ? 0 : tax),
    0,
  );
  const processedAt = new Date(Date.parse('2026-01-01T00:00:00Z') + day * 86_400_000).toISOString();
  return {
    ...drawn,
    id,
    lines,
    processedAt,
    email: drawn.customer ? undefined : `guest${id}@example.com`,
    refunds: back.map((percent, index) => ({
      id: id * 10 + index,
      at: processedAt,
      amount: Math.floor((total * percent) / 100),
    })),
  };
}

test('the bulk operation and the pages give the same records, and those are what the shop holds', async () => {
  const stand = await openStand({ rates: false });
  const { shop, pull, sandbox } = stand;
  for (const id of [1, 2, 3]) {
    shop.putCustomer({
      id,
      email: `c${id}@example.com`,
      emailState: 'SUBSCRIBED',
      updatedAt: '2026-02-01T00:00:00Z',
    });
    shop.putProduct({
      id,
      type: `Type ${id}`,
      collections: ['Sale', `Only ${id}`],
      updatedAt: '2026-02-01T00:00:00Z',
    });
  }
  const property = fc.asyncProperty(fc.array(anyOrder, { minLength: 1, maxLength: 12 }), async (drawn) => {
    shop.orders.clear();
    const orders = drawn.map((one, index) => sandboxOrder(index + 1, one));
    for (const order of orders) shop.putOrder(order);

    const byBulk = settled(await pull({ marks: new Map(), since: new Map() }));
    const byPages = settled(await pull(EVERYTHING));

    expect(byPages).toEqual(byBulk);
    expect(byBulk.orders).toHaveLength(orders.length);
    const inCents = (amount: string) => Math.round(Number(amount) * 100);
    for (const order of orders) {
      const { goods, nets } = expectedOf(order);
      const ours = byBulk.orders.find(({ order_id }) => order_id === String(order.id))!;
      const lines = byBulk.lines.filter(({ order_id }) => order_id === ours.order_id);
      const refunded = byBulk.refunds.filter(({ order_id }) => order_id === ours.order_id);
      expect(inCents(ours.goods)).toBe(goods);
      expect(lines.map((line) => inCents(line.net)).toSorted()).toEqual(nets.toSorted());
      expect([...lines, ...refunded].every(({ version }) => version === ours.version)).toBe(true);
      const back = refunded.reduce((sum, { amount }) => sum + Number(amount), 0);
      expect(back).toBeLessThanOrEqual(Number(ours.goods) + 1e-9);
    }
    expect(sandbox.exchanges.some(({ reply }) => reply.status !== 200)).toBe(false);
  });
  await fc.assert(property, { numRuns: 25, seed: 20_261_129 });
}, 120_000);

/** Three orders of last year and their customer and product. */
function fill({ shop }: Stand): void {
  for (const id of [1, 2, 3]) {
    shop.putOrder({
      id,
      customer: 1,
      processedAt: `2025-0${id}-01T00:00:00Z`,
      lines: [{ id, product: 1, price: 1000 }],
    });
  }
  shop.putCustomer({ id: 1, email: 'ana@example.com', updatedAt: '2025-03-01T00:00:00Z' });
  shop.putProduct({ id: 1, updatedAt: '2025-03-01T00:00:00Z' });
}

describe('the second pull', () => {
  test('of a shop where nothing changed brings nothing', async () => {
    const stand = await openStand();
    fill(stand);
    await stand.pull();

    const second = await stand.pull();

    expect(settled(second)).toEqual({ orders: [], lines: [], refunds: [], customers: [], products: [] });
    expect(stand.shop.bulk.begun()).toBe(3);
  });

  test('brings what changed since, and its mark goes along', async () => {
    const stand = await openStand();
    const { shop, pull, marks, clock } = stand;
    fill(stand);
    await pull();
    expect(marks.get('orders')).toBe(NOW);
    const later = new Date(Date.parse(NOW) + clock.now() + 3_600_000).toISOString();
    shop.putOrder({
      id: 2,
      customer: 1,
      processedAt: '2025-02-01T00:00:00Z',
      updatedAt: later,
      status: 'VOIDED',
    });
    shop.putOrder({ id: 4, customer: 1, processedAt: later, lines: [{ id: 4, price: 500 }] });

    const { orders, lines, customers } = settled(await pull());

    expect(orders.map(({ order_id, state }) => [order_id, state])).toEqual([
      ['2', 'voided'],
      ['4', 'paid'],
    ]);
    expect(lines.map((line) => line.line_id)).toEqual(['4']);
    expect(customers).toEqual([]);
    expect(marks.get('orders')).toBe(`${later.slice(0, 19)}.000Z`);
    expect(stand.asked().slice(-4)).toEqual([
      'CountOrders',
      'ChangedProducts',
      'ChangedCustomers',
      'ChangedOrders',
    ]);
  });

  test('reads two days before its mark again, for changes that showed late', async () => {
    const stand = await openStand();
    fill(stand);
    await stand.pull();
    const late = new Date(Date.parse(NOW) - 47 * 3_600_000).toISOString();
    stand.shop.putOrder({ id: 9, processedAt: late });
    stand.shop.putOrder({ id: 10, processedAt: new Date(Date.parse(NOW) - 49 * 3_600_000).toISOString() });

    const { orders } = await stand.pull();

    expect(orders.map((order) => order.order_id)).toEqual(['9']);
  });

  test('uses a bulk operation where very much changed', async () => {
    const stand = await openStand({ rates: false });
    await stand.pull();
    for (let id = 1; id <= 5_001; id += 1) stand.shop.putOrder({ id });

    const { orders } = await stand.pull();

    expect(orders).toHaveLength(5_001);
    expect(stand.shop.bulk.begun()).toBe(4);
    expect(stand.asked()).not.toContain('ChangedOrders');
  });
});

test('pages of a shop that changes meanwhile lose nothing', async () => {
  const stand = await openStand({ rates: false });
  const at = (minute: number) => new Date(Date.parse('2026-01-01T00:00:00Z') + minute * 60_000).toISOString();
  for (let id = 1; id <= 250; id += 1) stand.shop.putOrder({ id, processedAt: at(id) });
  const seen = new Set<string>();
  let pages = 0;

  for await (const page of stand.source.pull(EVERYTHING)) {
    for (const order of page.orders ?? []) seen.add(order.order_id);
    if (page.orders?.length) pages += 1;
    // The first orders of the next page are changed, and so move to the end.
    if (pages === 1)
      for (const id of [101, 102, 103])
        stand.shop.putOrder({ id, processedAt: at(id), updatedAt: at(1000 + id) });
  }

  expect(pages).toBe(3);
  expect(seen.size).toBe(250);
});

test('an order with more lines than fit a page is read whole', async () => {
  const stand = await openStand({ rates: false });
  const lines = Array.from({ length: 620 }, (_, index) => ({ id: index + 1, price: 100 }));
  stand.shop.putOrder({ id: 1, lines, processedAt: '2026-01-01T00:00:00Z' });

  const records = await stand.pull(EVERYTHING);

  expect(records.lines).toHaveLength(620);
  expect(records.orders[0]!.goods).toBe('620.00');
  expect(stand.asked().filter((name) => name === 'MoreOfOrder')).toHaveLength(3);
});

test('a page that is too dear is asked for again at half the size', async () => {
  const stand = await openStand();
  for (let id = 1; id <= 120; id += 1) stand.shop.putOrder({ id, processedAt: '2026-01-01T00:00:00Z' });
  const cost = { message: 'x', extensions: { code: 'MAX_COST_EXCEEDED', cost: 1500, maxCost: 1000 } };
  stand.sandbox.fault({
    platform: 'shopify',
    path: 'graphql',
    skip: 7,
    times: 2,
    status: 200,
    body: { errors: [cost] },
  });

  const { orders } = await stand.pull(EVERYTHING);

  expect(orders).toHaveLength(120);
  const sizes = stand.sandbox.exchanges.flatMap(({ request }) => {
    const { operationName, variables } = request.body as {
      operationName: string;
      variables: { first: number };
    };
    return operationName === 'ChangedOrders' ? variables.first : [];
  });
  expect(sizes).toEqual([25, 25, 25, 25, 25]);
});

test('a pull tells how much there will be once Shopify told', async () => {
  const stand = await openStand();
  fill(stand);
  const expected: (number | undefined)[] = [];

  for await (const page of stand.source.pull(stand.from())) expected.push(page.expected);

  expect(expected.filter(Boolean)).toEqual([5]);
});

describe('a pull that was killed', () => {
  test('goes on with the operation that is under way', async () => {
    const stand = await openStand();
    fill(stand);
    await stand.pull(stand.from(), 4);
    expect([...stand.marks.keys()]).toEqual(['products.bulk', 'customers.bulk', 'orders.bulk']);

    const second = await stand.pull();

    expect(second.orders).toHaveLength(3);
    expect(stand.shop.bulk.begun()).toBe(3);
    expect([...stand.marks.keys()].toSorted()).toEqual(['customers', 'orders', 'products']);
  });

  test('brings a result again that it had half', async () => {
    const stand = await openStand({ rates: false });
    fill(stand);
    for (let id = 10; id < 1600; id += 1) stand.shop.putOrder({ id });
    const first = await stand.pull(stand.from(), 10);
    expect(first.orders.length).toBeGreaterThan(0);
    expect(stand.marks.has('orders')).toBe(false);

    const second = await stand.pull();

    expect(second.orders).toHaveLength(1593);
    expect(stand.shop.bulk.begun()).toBe(3);
    expect(second.products).toEqual([]);
  });

  test('begins anew where the operation is gone, or was asked something else', async () => {
    const stand = await openStand();
    fill(stand);
    stand.shop.bulk.end('GONE', 'EXPIRED', 'CANCELED');
    await stand.pull(stand.from(), 4);

    const second = await stand.pull();

    expect(second.orders).toHaveLength(3);
    expect(second.customers).toHaveLength(1);
    expect(second.products).toHaveLength(1);
    expect(stand.shop.bulk.begun()).toBe(6);
    stand.marks.delete('orders');
    stand.marks.set('orders.bulk', 'gid://shopify/BulkOperation/3 0123456789abcdef');
    expect((await stand.pull()).orders).toHaveLength(3);
    expect(stand.shop.bulk.begun()).toBe(7);
  });

  test('between pages goes on from the last one', async () => {
    const stand = await openStand({ rates: false });
    await stand.pull();
    for (let id = 1; id <= 250; id += 1) {
      stand.shop.putOrder({ id, processedAt: new Date(Date.parse(NOW) + id * 86_400_000).toISOString() });
    }
    const first = await stand.pull(stand.from(), 4);
    expect(first.orders).toHaveLength(100);

    const second = await stand.pull();

    // Two days and the day itself are read again.
    expect(second.orders.map((order) => Number(order.order_id))).toEqual(
      Array.from({ length: 153 }, (_, index) => 98 + index),
    );
  });
});
