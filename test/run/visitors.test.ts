import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Order } from '../../connectors/index.ts';
import { erase } from '../../src/run/erase.ts';
import { explainCustomer } from '../../src/run/explain.ts';
import { lastRun } from '../../src/run/state.ts';
import { explanationText } from '../../src/commands/explain-text.ts';
import { stateDir } from '../engine/state-dir.ts';
import { aCustomer, anOrder, openStage, type Profile, type Shop } from './stage.ts';
import { linesExport, putLines, type SiteEvent } from './tables/ga4-export.ts';

const stage = openStage();
const AS_OF = '2026-03-31';
let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'segment-sync-visitors-'));
});
afterEach(() => rm(folder, { recursive: true }));

let shops = 0;

/** A shop of its own, and the analytics of its site. */
async function openShop(orders: Partial<Order>[], events: SiteEvent[], settings: object = {}) {
  await putLines(folder, 'events_20260301.json', linesExport(events));
  const analytics = { type: 'files', name: 'analytics', format: 'ga4', path: join(folder, 'events_*') };
  const name = `shop-${(shops += 1)}`;
  const shop = stage.shop({
    sources: [name, analytics],
    segments: { lifecycle: { model: 'recency' } },
    ...settings,
  });
  shop.holds({ orders: orders.map((order) => anOrder(order)) }, name);
  return { ...shop, name };
}

const ANA = 'ana@example.com';
const BEN = 'ben@example.com';
const bought = (device: string, order: string, more: Partial<SiteEvent> = {}): SiteEvent => ({
  at: '2026-03-01T12:00:00Z',
  name: 'purchase',
  device,
  order,
  ...more,
});
const visited = (device: string, day: number, more: Partial<SiteEvent> = {}): SiteEvent => ({
  at: `2026-03-${String(day).padStart(2, '0')}T08:00:00Z`,
  device,
  ...more,
});

/** Visits of the last 12 months by who made them. */
function visitsBy(customers: readonly Profile[]): Record<string, unknown> {
  return Object.fromEntries(customers.map(({ customer, visits_12m }) => [customer, visits_12m]));
}
describe('visits of a device', () => {
  test.each([
    ['its number', { number: '#1001' }, '1001'],
    ['its number as it stands', { number: '#1001' }, '#1001'],
    ['its id', { order_id: '77', number: '#1001' }, '77'],
    ['the end of an id that is a path', { order_id: 'gid://shopify/Order/4711' }, '4711'],
  ])('are those of whoever placed an order there, told by %s', async (_, order, transaction) => {
    const shop = await openShop(
      [{ email: ANA, ...order }, { email: BEN }],
      [visited('1.1', 2), bought('1.1', transaction), visited('1.1', 5), visited('2.2', 5)],
    );

    const { customers, warnings } = await shop.profile(AS_OF);

    expect(
      customers.map(({ customer, visits_12m, last_visit }) => [customer, visits_12m, last_visit]),
    ).toEqual([
      [`email:${ANA}`, 3, '2026-03-05'],
      [`email:${BEN}`, 0, null],
    ]);
    expect(warnings).toEqual([
      'analytics: 1 of 2 visitors of the last 12 months are customers (50 %); 1 of the 1 purchases it names are orders of this job',
    ]);
  });

  test('are those of one person under several names', async () => {
    const shop = await openShop(
      [
        { email: ANA, customer_id: '7', number: '1' },
        { email: 'ana@work.example', customer_id: '7', number: '2' },
        { email: undefined, phone: '+40722000111', number: '3' },
        { email: ANA, phone: '+40722000111' },
      ],
      [
        bought('1.1', '1'),
        bought('1.1', '2', { at: '2026-03-02T12:00:00Z' }),
        bought('1.1', '3'),
        visited('1.1', 9),
      ],
    );

    const { customers } = await shop.profile(AS_OF);

    expect(customers).toMatchObject([{ orders: 4, visits_12m: 3 }]);
  });

  test("on which several people ordered are nobody's, and make nobody one", async () => {
    const shop = await openShop(
      [
        { email: ANA, number: '1' },
        { email: BEN, number: '2' },
      ],
      [
        bought('shared', '1'),
        bought('shared', '2'),
        visited('shared', 5),
        bought('own', '2'),
        visited('own', 6),
      ],
    );

    const { customers, warnings } = await shop.profile(AS_OF);

    expect(visitsBy(customers)).toEqual({ [`email:${ANA}`]: 0, [`email:${BEN}`]: 2 });
    expect(warnings).toContain(
      'analytics: 1 visitors placed orders of different customers; their visits count for none of them',
    );
  });

  test("are nobody's where orders of several customers have that number", async () => {
    const shop = await openShop(
      [
        { email: ANA, order_id: '5', number: '#9' },
        { email: BEN, order_id: '9', number: '#5' },
      ],
      [bought('1.1', '9')],
    );

    const { customers, warnings } = await shop.profile(AS_OF);

    expect(customers.map(({ visits_12m }) => visits_12m)).toEqual([0, 0]);
    expect(warnings).toContain(
      'analytics: 1 purchases have the number of orders of several customers, and tell nothing',
    );
  });

  test('go by the order of that day where an older one has the same number', async () => {
    const shop = await openShop(
      [
        { email: ANA, order_id: '9', ordered_at: '2025-02-01T12:00:00.000Z' },
        { email: BEN, order_id: '5', number: '#9' },
      ],
      [bought('1.1', '9'), bought('2.2', '5', { at: '2026-03-09T12:00:00Z' })],
    );

    const { customers, warnings } = await shop.profile(AS_OF);

    expect(visitsBy(customers)).toEqual({ [`email:${ANA}`]: 0, [`email:${BEN}`]: 1 });
    expect(warnings).toEqual([
      'analytics: 1 of 2 visitors of the last 12 months are customers (50 %); 1 of the 2 purchases it names are orders of this job',
    ]);
  });

  test('are found by a purchase of a later day, and by no refund or order that is not set', async () => {
    const shop = await openShop(
      [
        { email: ANA, number: '1' },
        { email: BEN, number: '2' },
      ],
      [
        visited('1.1', 1),
        bought('2.2', '2', { name: 'refund' }),
        bought('2.2', '(not set)'),
        visited('2.2', 3),
      ],
    );
    expect(visitsBy((await shop.profile(AS_OF)).customers)).toEqual({
      [`email:${ANA}`]: 0,
      [`email:${BEN}`]: 0,
    });

    await putLines(
      folder,
      'events_20260302.json',
      linesExport([bought('1.1', '1', { at: '2026-03-02T12:00:00Z' })]),
    );

    expect(visitsBy((await shop.profile(AS_OF)).customers)).toEqual({
      [`email:${ANA}`]: 2,
      [`email:${BEN}`]: 0,
    });
  });
});

describe('a customer id of the site', () => {
  test('is that of the shop where the job says that the two share theirs', async () => {
    const shop = await openShop([{ email: ANA, customer_id: '7' }], [visited('1.1', 3, { user: '7' })], {
      identity: { same_ids: [[`shop-${shops + 1}`, 'analytics']] },
    });

    expect((await shop.profile(AS_OF)).customers).toMatchObject([{ visits_12m: 1 }]);
  });

  test('that only the site uses is known by an order like a device', async () => {
    const shop = await openShop(
      [{ email: ANA, number: '1' }],
      [bought('1.1', '1', { user: 'hash' }), visited('9.9', 4, { user: 'hash' })],
    );

    expect((await shop.profile(AS_OF)).customers).toMatchObject([{ visits_12m: 2 }]);
  });
});

const orders = [
  { email: ANA, number: '1' },
  { email: BEN, number: '2' },
];

async function explained(shop: Shop, email: string) {
  const last = await lastRun(stage.engine, shop.job.name, 'segmented');
  return explainCustomer(stage.engine, shop.job, last!, { email });
}

test("explain says by which order visits are somebody's", async () => {
  const shop = await openShop(orders, [bought('1.1', '1'), visited('1.1', 5), bought('2.2', '2')]);
  await shop.run(AS_OF);

  const explanation = await explained(shop, ANA);

  const device = `device:${shop.job.sources[1]!.key}:1.1`;
  expect(explanation.names).toEqual([`email:${ANA}`, device]);
  expect(explanation.joined).toEqual([
    { names: [`email:${ANA}`, device], by: 'its visits are theirs, since order 1 was placed there' },
  ]);
  expect(explanationText(explanation)).toContain(
    `  email ${ANA} and device 1.1: its visits are theirs, since order 1 was placed there`,
  );
});

async function tablesWith(text: string): Promise<string[]> {
  const found: string[] = [];
  for (const name of ['events', 'visitor_orders', 'identity_labels', 'identity_links']) {
    const [row] = await stage.engine.query<{ rows: number }>(
      `SELECT toUInt32(count()) AS rows FROM ${name} WHERE position(toJSONString(tuple(*)), {text:String}) > 0`,
      { text },
    );
    if (row!.rows > 0) found.push(name);
  }
  return found;
}

describe('erasing', () => {
  test('takes the devices of the person, keeps them away, and leaves shared ones without the order', async () => {
    const order = (email: string, number: string) => ({ email: `${number}${email}`, number });
    const events = [
      bought('gone.1', 'E1'),
      visited('gone.1', 5),
      bought('both.1', 'E1'),
      bought('both.1', 'E2'),
      bought('kept.1', 'E2'),
    ];
    const shop = await openShop([order(ANA, 'E1'), order(BEN, 'E2')], events);
    await shop.run(AS_OF);
    expect(await tablesWith('gone.1')).toEqual(['events', 'visitor_orders', 'identity_labels']);
    await using state = stateDir();

    const receipt = await erase(stage.engine, [shop.job], `E1${ANA}`, {
      state: state.path,
      signal: new AbortController().signal,
      log: () => {},
    });

    // The address, the device, and the order that analytics names.
    expect(receipt).toMatchObject({
      identities: 3,
      complete: true,
      deleted: { visitor_orders: 2, events: 2 },
    });
    const left = async () => [
      await tablesWith('gone.1'),
      await tablesWith('"E1"'),
      await tablesWith('both.1'),
    ];
    expect(await left()).toEqual([[], [], ['events', 'visitor_orders']]);
    await putLines(folder, 'events_20260301.json', linesExport([...events, visited('gone.1', 6)]), 1);
    const { warnings } = await shop.run(AS_OF);
    expect(await left()).toEqual([[], [], ['events', 'visitor_orders', 'identity_labels']]);
    expect(warnings).toContain('4 records of people who were erased were left out');
  });

  test('by the shop itself takes what tells on which device its customer ordered', async () => {
    const shop = await openShop(
      [
        { email: ANA, customer_id: '7', number: 'R1' },
        { email: BEN, customer_id: '8', number: 'R2' },
      ],
      [bought('r.1', 'R1'), bought('r.2', 'R2')],
    );
    await shop.profile(AS_OF);
    shop.holds({ customers: [aCustomer({ customer_id: '7', email: undefined, redacted: true })] }, shop.name);

    const { customers } = await shop.profile(AS_OF);
    await putLines(folder, 'events_20260301.json', linesExport([bought('r.1', 'R1'), visited('r.1', 9)]), 1);
    const again = await shop.profile(AS_OF);

    const visits = (rows: typeof customers) => rows.map(({ visits_12m }) => visits_12m);
    expect([visits(customers), visits(again.customers)]).toEqual([
      [0, 1],
      [0, 1],
    ]);
    expect(await tablesWith('"R1"')).toEqual([]);
    expect(await tablesWith('"R2"')).toEqual(['visitor_orders']);
  });
});
