import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Order, OrderLine } from '../../connectors/index.ts';
import { findFavourites } from '../../src/run/favourites.ts';
import { byRecency, type ModelReport } from '../../src/run/predict.ts';
import { profile } from '../../src/run/profile.ts';
import { pull } from '../../src/run/pull.ts';
import { aLine, anOrder, aRefund, openStage, type Shop } from './stage.ts';

const stage = openStage();
const AS_OF = '2026-03-31';

type Row = { customer: string } & Record<
  'favourite_product' | 'favourite_category' | 'favourite_brand' | 'next_order',
  string | null
>;

/** What is stored of each customer, sorted by name, and what people are told. */
async function favourites(shop: Shop, model: ModelReport = byRecency(null), as_of = AS_OF) {
  const run = shop.context(as_of);
  await pull(run);
  const { round } = await profile(run);
  const warnings = await findFavourites(run, round, model);
  const rows = await stage.engine.query<Row>(
    'SELECT * EXCEPT (job, run_id) FROM favourites WHERE job = {job:String} AND run_id = {run:String} ORDER BY customer',
    { job: shop.job.name, run: run.run_id },
  );
  return { rows: rows.map((row) => ({ ...row, customer: row.customer.replace('email:', '') })), warnings };
}

/** The favourites of one customer with one order for each of these lines, on these days of March. */
async function liked(lines: (Partial<OrderLine> & { day: number; order?: Partial<Order> })[]) {
  const shop = stage.shop({ exchange_rates: { RON: '0.2' } });
  const sold = lines.map(({ day, order, ...line }) => {
    const placed = anOrder({ ordered_at: `2026-03-${String(day).padStart(2, '0')}T12:00:00.000Z`, ...order });
    return { order: placed, line: aLine(placed, line) };
  });
  shop.holds({ orders: sold.map(({ order }) => order), lines: sold.map(({ line }) => line) });
  const { rows } = await favourites(shop);
  const { favourite_product, favourite_category, favourite_brand } = rows[0]!;
  return [favourite_product, favourite_category, favourite_brand];
}

test('the favourite is what most was spent on in all, in the currency of the job', async () => {
  const boots = { title: 'Boot', category: 'Shoes', brand: 'Nordweg' };

  const all = await liked([
    { day: 1, ...boots, net: '30' },
    { day: 2, ...boots, net: '30' },
    { day: 3, title: 'Tent', category: 'Camping', brand: 'Padina', net: '59.9999' },
    { day: 4, title: 'Sleeping bag', category: 'Camping', net: '299', order: { currency: 'RON' } },
  ]);

  expect(all).toEqual(['Boot', 'Camping', 'Nordweg']);
});

test('of equals, the one bought last is the favourite, then the first by name', async () => {
  const later = await liked([
    { day: 2, title: 'Apple', net: '10' },
    { day: 3, title: 'Cherry', net: '10' },
    { day: 3, title: 'Banana', net: '10' },
  ]);

  expect(later[0]).toBe('Banana');
});

test('what is not known is no favourite, and neither is what was sent back, called off or bought later', async () => {
  const all = await liked([
    { day: 1, title: 'Sock', net: '1' },
    { day: 2, title: '', net: '500' },
    { day: 3, title: 'Hat', category: 'Hats', net: '900', order: { counts: false } },
    {
      day: 4,
      title: 'Coat',
      category: 'Coats',
      net: '900',
      order: { cancelled_at: '2026-03-05T00:00:00.000Z' },
    },
    { day: 5, title: 'Scarf', net: '900', order: { ordered_at: '2026-04-01T12:00:00.000Z' } },
  ]);

  expect(all).toEqual(['Sock', '', '']);
});

test('what a line does not say of its product is taken from the products, by SKU, else by product id', async () => {
  const shop = stage.shop();
  const order = anOrder();
  shop.holds({
    orders: [order],
    lines: [aLine(order, { sku: 'S', product_id: 'P', title: 'as typed', net: '9' })],
    products: [
      { sku: 'S', title: 'Boot', version: 1 },
      { sku: 'S', title: 'Old boot', category: 'Old shoes', version: 0 },
      { product_id: 'P', title: 'Wrong', category: 'Shoes', brand: 'Padina', version: 1 },
    ],
  });

  const { rows } = await favourites(shop);

  expect(rows).toMatchObject([
    { favourite_product: 'Boot', favourite_category: 'Shoes', favourite_brand: 'Padina' },
  ]);
});

const NAMES = ['', 'a', 'b', 'c', 'd'];
const anyLine = fc.record({
  customer: fc.constantFrom('ana', 'bo', 'cy', 'dan', 'eva', 'fay'),
  day: fc.integer({ min: 1, max: 3 }),
  product: fc.constantFrom(...NAMES),
  category: fc.constantFrom(...NAMES),
  brand: fc.constantFrom(...NAMES),
  cents: fc.integer({ min: 0, max: 2 }),
});
type AnyLine = typeof anyLine extends fc.Arbitrary<infer T> ? T : never;

/** The favourite by plain sorting. */
function best(lines: readonly AnyLine[], name: (line: AnyLine) => string): string {
  const groups = Map.groupBy(
    lines.filter((line) => name(line) !== ''),
    name,
  );
  const [first] = [...groups]
    .map(([name, own]) => ({
      name,
      spent: own.reduce((sum, { cents }) => sum + cents, 0),
      last: Math.max(...own.map(({ day }) => day)),
    }))
    .toSorted((a, b) => b.spent - a.spent || b.last - a.last || (a.name < b.name ? -1 : 1));
  return first?.name ?? '';
}

test('any shop has the favourites that plain sorting finds, whatever order its rows come in', async () => {
  const property = fc.asyncProperty(fc.array(anyLine, { minLength: 1, maxLength: 60 }), async (drawn) => {
    const expected = [...Map.groupBy(drawn, ({ customer }) => customer)]
      .map(([customer, own]) => ({
        customer: `${customer}@example.com`,
        favourite_product: best(own, ({ product }) => product),
        favourite_category: best(own, ({ category }) => category),
        favourite_brand: best(own, ({ brand }) => brand),
      }))
      .toSorted((a, b) => (a.customer < b.customer ? -1 : 1));
    for (const lines of [drawn, drawn.toReversed()]) {
      const shop = stage.shop();
      const sold = lines.map(({ customer, day, product, category, brand, cents }) => {
        const order = anOrder({
          email: `${customer}@example.com`,
          ordered_at: `2026-03-0${day}T12:00:00.000Z`,
        });
        const net = (cents / 100).toFixed(2);
        return { order, line: aLine(order, { title: product, category, brand, net }) };
      });
      shop.holds({ orders: sold.map(({ order }) => order), lines: sold.map(({ line }) => line) });

      const { rows } = await favourites(shop);

      expect(rows.map(({ next_order: _next, ...row }) => row)).toEqual(expected);
    }
  });
  await fc.assert(property, { numRuns: 8 });
});

test('lines of a file of their own belong to the order of that number, as the newest file has them', async () => {
  const shop = stage.shop({ sources: ['orders', 'items'] });
  const order = anOrder({ version: 7000 });
  const line = (line_id: string, title: string, net: string, version: number) =>
    aLine(order, { line_id, title, net, version });
  shop.holds({ orders: [order] }, 'orders');
  shop.holds({ lines: [line('1', 'Boot', '9', 1), line('2', 'Returned for another', '50', 1)] }, 'items');
  shop.holds([{ lines: [line('1', 'Boot', '9', 2), line('3', 'Sandal', '8', 2)] }], 'items');

  const before = await favourites(shop);
  shop.holds({ lines: [line('1', 'Boot', '9', 3), line('3', 'Sandal', '10', 3)] }, 'items');
  const after = await favourites(shop);

  expect(before.rows).toMatchObject([{ favourite_product: 'Boot' }]);
  expect(after.rows).toMatchObject([{ favourite_product: 'Sandal' }]);
  expect([before.warnings, after.warnings]).toEqual([[], []]);
});

test('lines that belong to no order, or to two, count for nobody and are told', async () => {
  const shop = stage.shop({ sources: ['new-shop', 'old-shop', 'lines'] });
  const [one, two, lost] = [anOrder(), anOrder(), anOrder()];
  shop.holds({ orders: [one, two] }, 'new-shop');
  shop.holds({ orders: [anOrder({ order_id: two.order_id, email: 'bo@example.com' })] }, 'old-shop');
  const priced = { title: 'Whose?', net: '99' };
  const lines = [aLine(one, { title: 'Boot' }), aLine(two, priced), aLine(lost, priced), aLine(lost, priced)];
  shop.holds({ lines }, 'lines');

  const { rows, warnings } = await favourites(shop);

  expect(rows.map(({ customer, favourite_product }) => [customer, favourite_product])).toEqual([
    ['ana@example.com', 'Boot'],
    ['bo@example.com', ''],
  ]);
  expect(warnings).toEqual([
    '2 lines belong to no order: no source has an order of that number',
    '1 line belongs to no order: several sources have an order of that number',
  ]);
});

test('an order sent back in part still says what was liked', async () => {
  const shop = stage.shop();
  const order = anOrder({ goods: '100' });
  shop.holds({ orders: [order], refunds: [aRefund(order, { amount: '40' })], lines: [aLine(order)] });

  expect((await favourites(shop)).rows).toMatchObject([{ favourite_product: 'Sandals' }]);
});

const DAY_MS = 86_400_000;

/** A shop without lines in which customers bought so many days before the run. */
function boughtBefore(customers: Record<string, number[]>): Shop {
  const shop = stage.shop();
  const at = (days: number) => new Date(Date.parse(`${AS_OF}T12:00:00Z`) - days * DAY_MS).toISOString();
  const orders = Object.entries(customers).flatMap(([name, before]) =>
    before.map((days) => anOrder({ email: `${name}@example.com`, ordered_at: at(days) })),
  );
  shop.holds({ orders });
  return shop;
}

/** Days from the run to the next order of each customer, by name. */
function waits(rows: readonly Row[]): Record<string, number | null> {
  const days = (date: string | null) => date && (Date.parse(date) - Date.parse(AS_OF)) / DAY_MS;
  return Object.fromEntries(
    rows.map(({ customer, next_order }) => [customer.replace('@example.com', ''), days(next_order) || 0]),
  );
}

/**
 * The chance that somebody who has not left waits longer than `t`, by adding up what is known of their rate: the
 * density of Gamma(r + x, alpha + T) times e^(-rate t), in steps of the rate's logarithm.
 */
function stillWaits(t: number, shape: number, scale: number): number {
  let [mass, waiting] = [0, 0];
  for (let log = -60; log < 12; log += 0.001) {
    const rate = Math.exp(log) / scale;
    const density = Math.exp(shape * log - rate * scale);
    mass += density;
    waiting += density * Math.exp(-rate * t);
  }
  return waiting / mass;
}

test('by the model, every second customer like this one has ordered again by the next order, and not the day before', async () => {
  const customers = { often: [210, 180, 150, 120, 90, 60, 30], once: [40], today: [0], twice: [700, 20] };
  const parameters = { r: 0.7, alpha: 9.5 };

  for (const name of ['mbg_nbd', 'nbd'] as const) {
    const { rows } = await favourites(boughtBefore(customers), { ...byRecency(null), name, parameters });

    for (const [customer, wait] of Object.entries(waits(rows))) {
      const bought = customers[customer as keyof typeof customers];
      const shape = parameters.r + bought.length - 1;
      const scale = parameters.alpha + bought[0]! / 7;
      expect(stillWaits(wait! / 7, shape, scale), customer).toBeLessThanOrEqual(0.5);
      expect(stillWaits((wait! - 1) / 7, shape, scale), customer).toBeGreaterThan(0.5);
    }
  }
});

test('by the model, whoever is not expected while the calendar of the store lasts has no next order', async () => {
  const parameters = { r: 0.0005, alpha: 10 };

  const { rows } = await favourites(boughtBefore({ once: [40], twice: [100, 40] }), {
    ...byRecency(null),
    name: 'mbg_nbd',
    parameters,
  });

  expect(rows.map(({ next_order }) => next_order)).toEqual([null, expect.stringMatching(/^20\d\d-/)]);
});

test("by recency, the next order comes after the customer's own mean gap, the shop's for those who bought once, never before the run", async () => {
  const { rows } = await favourites(
    boughtBefore({ even: [70, 40, 10], uneven: [41, 10, 5], late: [400, 300], once: [13], new: [0] }),
  );

  // Gaps by customer: 30 twice, 18 twice, 100 once; in the middle of the five stands 30.
  expect(waits(rows)).toEqual({ even: 20, uneven: 13, late: 0, once: 17, new: 30 });
});

test('in a shop where nobody came back, nobody knows when the next order comes; without lines nobody has a favourite', async () => {
  const { rows } = await favourites(boughtBefore({ ana: [3], bo: [30] }));

  expect(rows.map(({ customer: _customer, ...row }) => row)).toEqual(
    [1, 2].map(() => ({
      favourite_product: '',
      favourite_category: '',
      favourite_brand: '',
      next_order: null,
    })),
  );
});
