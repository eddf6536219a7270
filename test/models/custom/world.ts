import fc from 'fast-check';
import type { EventType, Page } from '../../../connectors/index.ts';
import { FIELDS, FIELD_TABLES } from '../../../src/job/fields.ts';
import { facts } from '../../../src/models/facts.ts';
import { countForRules } from '../../../src/run/counts.ts';
import { profile } from '../../../src/run/profile.ts';
import { pull } from '../../../src/run/pull.ts';
import { assignSegments } from '../../../src/run/segment.ts';
import { aCustomer, aLine, anOrder, aRefund, type Shop, type Stage } from '../../run/stage.ts';
import { exact, type Known, type KnownOrder } from './reference.ts';

export const AS_OF = '2026-03-31';
const DAY_MS = 86_400_000;
export const dayBefore = (age: number) =>
  new Date(Date.parse(AS_OF) - age * DAY_MS).toISOString().slice(0, 10);

export const CATEGORIES = ['Shoes', 'SHOES', 'Șosete', 'șosete', 'Straße', 'Hats & co', ''];
export const BRANDS = ['Nord', 'nord', "O'Neill", ''];
export const TAGS = ['VIP', 'vip', 'press', 'a, b'];
export const EXTRAS = ['age', 'joined', 'likes'] as const;

/** What the sources say of products; lines name them by SKU. */
export const PRODUCTS = [
  { sku: 'S-1', title: 'Trail runner', category: 'Shoes', brand: 'Nord', collections: ['Summer', 'Sale'] },
  { sku: 'S-2', title: 'Clog', category: '', brand: "O'Neill", collections: ['sale'] },
  { sku: 'S-3', title: '', category: 'Șosete', brand: '', collections: [] },
];

/** Days that conditions ask about, which the customers' own days are often on or beside. */
export const SPANS = [1, 2, 30, 365];

const age = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(0, ...SPANS.flatMap((span) => [span - 1, span, span + 1])) },
  { weight: 1, arbitrary: fc.integer({ min: 0, max: 800 }) },
);
const cents = fc.oneof(
  fc.integer({ min: 0, max: 40 }).map((amount) => amount * 100),
  fc.nat(30_000),
);

const line = fc.record({
  product: fc.option(fc.integer({ min: 0, max: PRODUCTS.length - 1 }), { nil: undefined }),
  category: fc.constantFrom(...CATEGORIES),
  brand: fc.constantFrom(...BRANDS),
  quantity: fc.constantFrom('1', '2', '0.5'),
  cents,
});

const order = fc.record({
  age,
  cents,
  back: fc.constantFrom(0, 0, 0, 0.5, 1),
  counts: fc.constantFrom(true, true, true, false),
  lines: fc.array(line, { maxLength: 3 }),
});

const some = <T>(values: readonly T[]) => fc.option(fc.constantFrom(...values), { nil: undefined });

/** Somebody whose first order always counts, so that they are a customer. */
const person = fc.record({
  first: fc.record({
    age,
    cents: cents.map((amount) => amount + 1),
    lines: fc.array(line, { maxLength: 2 }),
  }),
  orders: fc.array(order, { maxLength: 4 }),
  events: fc.array(
    fc.record({ type: fc.constantFrom<EventType[]>('visit', 'open', 'cart', 'review'), age }),
    {
      maxLength: 4,
    },
  ),
  country: some(['RO', 'DE', 'ro']),
  city: some(['București', 'BUCUREȘTI', 'Köln', 'Bad Straße']),
  consent: fc.constantFrom<('yes' | 'no' | 'pending' | 'unknown')[]>('yes', 'no', 'pending', 'unknown'),
  tags: fc.subarray(TAGS),
  cost: some(['0', '12.5', '19.9999']),
  extra: fc.record(
    {
      age: fc.constantFrom('34', '34.0', ' 35 ', '+36', '-1', 'n/a', '1e3', 'inf', ''),
      joined: fc.constantFrom(
        '2026-03-31',
        '2026-02-30',
        '2026-03-01T10:00:00Z',
        '2024-02-29',
        '31/03/2026',
        '2026-05-01',
      ),
      likes: fc.constantFrom('Sport, Music', 'sport', 'music ,  art', ','),
    },
    { requiredKeys: [] },
  ),
  prediction: fc.option(
    fc.record({
      p_alive: fc.constantFrom(0, 0.25, 0.5, 1),
      clv_12m: fc.constantFrom('0', '12.3456', '99.9'),
    }),
    { nil: undefined },
  ),
  favourite: fc.option(
    fc.record({
      favourite_category: fc.constantFrom(...CATEGORIES),
      next_order: some([0, -1, -29, -30].map(dayBefore)),
    }),
    { nil: undefined },
  ),
});

export type Person = typeof person extends fc.Arbitrary<infer P> ? P : never;
export const people = fc.array(person, { minLength: 1, maxLength: 25 });

const money = (amount: number) => (amount / 100).toFixed(2);
const emailOf = (index: number) => `c${index}@example.com`;

/** A shop of these people under its own rules, up to the assigned segments. */
export async function assigned(stage: Stage, shop: Shop, crowd: readonly Person[]): Promise<Known[]> {
  shop.holds(pageOf(crowd));
  const run = shop.context(AS_OF);
  const ids = { job: run.job.name, run_id: run.run_id };
  await pull(run);
  const { round } = await profile(run);
  const rows = (part: 'prediction' | 'favourite') =>
    crowd.flatMap((one, index) =>
      one[part] ? [{ ...ids, customer: `email:${emailOf(index)}`, ...one[part] }] : [],
    );
  if (rows('prediction').length > 0) await stage.engine.insert('predictions', rows('prediction'));
  if (rows('favourite').length > 0) await stage.engine.insert('favourites', rows('favourite'));
  await countForRules(run, round);
  await assignSegments(run, false, round);
  const fields = Object.keys(FIELDS).filter((field) => !(field in FIELD_TABLES.scores));
  const found = await stage.engine.query<Record<string, unknown> & { customer: string; segments: string[] }>(
    `SELECT f.*, a.segments AS segments FROM ${facts(fields)} AS f
     INNER JOIN (SELECT customer, segments FROM assignments WHERE job = {job:String} AND run_id = {run:String}) AS a
       USING (customer)`,
    { job: run.job.name, run: run.run_id },
  );
  return crowd.map((one, index) => {
    const { segments, ...fields } = found.find(({ customer }) => customer === `email:${emailOf(index)}`)!;
    return {
      fields,
      extra: one.extra,
      orders: ordersOf(one),
      events: one.events.map((event) => ({ type: event.type, day: dayBefore(event.age) })),
      segments: new Set(segments),
    };
  });
}

type GivenOrder = Person['orders'][number];

function allOrders({ first, orders }: Person): GivenOrder[] {
  return [{ ...first, back: 0, counts: true }, ...orders];
}

function pageOf(crowd: readonly Person[]): Page {
  const page = { orders: [], lines: [], refunds: [], customers: [], events: [], products: [] } as Required<
    Pick<Page, 'orders' | 'lines' | 'refunds' | 'customers' | 'events' | 'products'>
  >;
  page.products = PRODUCTS.map((product) => ({ ...product, version: 1 }));
  for (const [index, one] of crowd.entries()) {
    const email = emailOf(index);
    const { country, city, tags, extra, cost: service_cost, consent: email_consent } = one;
    page.customers.push(
      aCustomer({
        email,
        country,
        city,
        tags,
        extra,
        service_cost,
        email_consent,
      }),
    );
    for (const given of allOrders(one)) {
      const placed = anOrder({
        email,
        ordered_at: `${dayBefore(given.age)}T12:00:00.000Z`,
        goods: money(given.cents),
        counts: given.counts,
      });
      page.orders.push(placed);
      if (given.back > 0)
        page.refunds.push(
          aRefund(placed, { at: placed.ordered_at, amount: money(Math.floor(given.cents * given.back)) }),
        );
      for (const { product, category, brand, quantity, cents: net } of given.lines)
        page.lines.push(
          aLine(placed, {
            sku: product === undefined ? undefined : PRODUCTS[product]!.sku,
            title: 'Sandals',
            category,
            brand,
            quantity,
            net: money(net),
          }),
        );
    }
    for (const [place, event] of one.events.entries())
      page.events.push({
        event_id: `${index}-${place}`,
        type: event.type,
        at: `${dayBefore(event.age)}T09:00:00.000Z`,
        email,
      });
  }
  return page;
}

/** The orders that are purchases: paid, and not given back whole. */
function ordersOf(one: Person): KnownOrder[] {
  return allOrders(one).flatMap((given) => {
    const back = Math.floor(given.cents * given.back);
    if (!given.counts || (back > 0 && back >= given.cents)) return [];
    const lines = given.lines.map(({ product, category, brand, quantity, cents: net }) => {
      const described = product === undefined ? undefined : PRODUCTS[product]!;
      return {
        sku: described?.sku ?? '',
        product: described?.title || 'Sandals',
        category: category || described?.category || '',
        brand: brand || described?.brand || '',
        collections: described?.collections ?? [],
        quantity: exact(quantity),
        spent: exact(money(net)),
      };
    });
    return [{ day: dayBefore(given.age), value: exact(money(given.cents - back)), lines }];
  });
}
