import { describe, expect, test } from 'vitest';
import type { Page } from '../../connectors/index.ts';
import { anOrder, aRefund, aVisit, openStage, type ShopSettings } from './stage.ts';

const stage = openStage();

function shopWith(records: Page, settings: ShopSettings = {}) {
  const shop = stage.shop(settings);
  shop.holds(records);
  return shop;
}

describe('a run as of a day', () => {
  test('includes that day to its last minute and knows nothing of the next', async () => {
    const shop = shopWith({
      orders: [
        anOrder({ ordered_at: '2026-03-31T23:59:59.999Z', goods: '1.00' }),
        anOrder({ ordered_at: '2026-04-01T00:00:00.000Z', goods: '2.00' }),
      ],
    });

    const { customers } = await shop.profile('2026-03-31');

    expect(customers).toMatchObject([
      { orders: 1, revenue: '1', last_order: '2026-03-31', days_since_order: 0 },
    ]);
  });

  test('counts an order that was cancelled only later', async () => {
    const shop = shopWith({ orders: [anOrder({ cancelled_at: '2026-03-10T08:00:00.000Z' })] });

    const before = await shop.profile('2026-03-09');
    const after = await shop.profile('2026-03-10');

    expect(before.customers).toMatchObject([{ orders: 1, revenue: '10' }]);
    expect(after.customers).toEqual([]);
    expect(after.warnings).toEqual(['1 order left out: not paid, cancelled or voided (cancelled)']);
  });

  test('takes off what was given back by then', async () => {
    const order = anOrder();
    const refunds = [
      aRefund(order, { amount: '3.00', at: '2026-03-10T08:00:00.000Z' }),
      aRefund(order, { amount: '7.00', at: '2026-03-20T08:00:00.000Z' }),
    ];
    const shop = shopWith({ orders: [order], refunds });

    const worth = async (as_of: string) =>
      (await shop.profile(as_of)).customers.map(({ revenue }) => revenue);

    expect(await worth('2026-03-09')).toEqual(['10']);
    expect(await worth('2026-03-10')).toEqual(['7']);
    expect(await worth('2026-03-20')).toEqual([]);
  });

  test('knows nobody before the first order', async () => {
    const shop = shopWith({ orders: [anOrder()] });

    const { customers, warnings } = await shop.profile('2026-02-28');

    expect({ customers, warnings }).toEqual({ customers: [], warnings: [] });
  });
});

describe('days', () => {
  test('are those of the job’s time zone: half past eleven at night is still that day', async () => {
    const orders = ['2026-03-31T20:30:00.000Z', '2026-03-31T21:30:00.000Z'].map((ordered_at) =>
      anOrder({ ordered_at }),
    );

    const bucharest = await shopWith({ orders }, { timezone: 'Europe/Bucharest' }).profile('2026-03-31');
    const utc = await shopWith({ orders }, { timezone: 'UTC' }).profile('2026-03-31');
    const losAngeles = await shopWith(
      { orders: [anOrder({ ordered_at: '2026-04-01T06:30:00.000Z' })] },
      { timezone: 'America/Los_Angeles' },
    ).profile('2026-03-31');

    expect(bucharest.customers).toMatchObject([{ orders: 1, last_order: '2026-03-31' }]);
    expect(utc.customers).toMatchObject([{ orders: 2, purchase_days: 1 }]);
    expect(losAngeles.customers).toMatchObject([
      { orders: 1, last_order: '2026-03-31', days_since_order: 0 },
    ]);
  });

  test.each([
    {
      day: 'of 23 hours in spring',
      within: ['2026-03-28T22:30:00.000Z', '2026-03-29T20:30:00.000Z'],
      after: '2026-03-29T21:30:00.000Z',
      days: ['2026-03-29', '2026-03-30'],
    },
    {
      day: 'of 25 hours in autumn',
      within: ['2026-10-24T21:30:00.000Z', '2026-10-25T21:30:00.000Z'],
      after: '2026-10-25T22:30:00.000Z',
      days: ['2026-10-25', '2026-10-26'],
    },
  ])('$day are one day', async ({ within, after, days }) => {
    const orders = [...within, after].map((ordered_at) => anOrder({ ordered_at }));
    const shop = shopWith({ orders }, { timezone: 'Europe/Bucharest' });

    const { customers } = await shop.profile('2026-12-31');

    const [first_order, last_order] = days;
    expect(customers).toMatchObject([{ orders: 3, purchase_days: 2, first_order, last_order }]);
  });

  test('with two orders are one purchase day', async () => {
    const times = ['2026-03-01T08:00:00.000Z', '2026-03-01T20:00:00.000Z', '2026-03-08T08:00:00.000Z'];

    const { customers } = await shopWith({
      orders: times.map((ordered_at) => anOrder({ ordered_at })),
    }).profile('2026-03-31');

    expect(customers).toMatchObject([
      {
        orders: 3,
        purchase_days: 2,
        first_order: '2026-03-01',
        last_order: '2026-03-08',
        days_since_order: 23,
      },
    ]);
  });

  test('reach back 365 for the revenue of twelve months, the day of the run included', async () => {
    const orders = [
      anOrder({ ordered_at: '2025-03-31T12:00:00.000Z', goods: '1.00' }),
      anOrder({ ordered_at: '2025-04-01T12:00:00.000Z', goods: '20.00' }),
      anOrder({ ordered_at: '2026-03-31T12:00:00.000Z', goods: '300.00' }),
    ];

    const { customers } = await shopWith({ orders }).profile('2026-03-31');

    expect(customers).toMatchObject([{ revenue: '321', revenue_12m: '320', revenue_window: '320' }]);
  });
});

describe('the last visit', () => {
  test('makes a customer active again without making a purchase', async () => {
    const events = [
      aVisit({ at: '2026-03-20T12:00:00.000Z' }),
      aVisit({ at: '2026-03-11T12:00:00.000Z' }),
      aVisit({ type: 'open', at: '2026-03-30T12:00:00.000Z' }),
      aVisit({ at: '2026-04-02T12:00:00.000Z' }),
    ];

    const { customers } = await shopWith({ orders: [anOrder()], events }).profile('2026-03-31');

    expect(customers).toMatchObject([
      { orders: 1, last_visit: '2026-03-20', days_since_order: 30, days_since_active: 11 },
    ]);
  });

  test('before the latest order changes nothing', async () => {
    const events = [aVisit({ at: '2026-02-01T12:00:00.000Z' })];

    const { customers } = await shopWith({ orders: [anOrder()], events }).profile('2026-03-31');

    expect(customers).toMatchObject([{ last_visit: '2026-02-01', days_since_active: 30 }]);
  });

  test('of somebody who never bought makes no customer', async () => {
    const events = [aVisit({ email: 'guest@example.com' })];

    const { customers } = await shopWith({ orders: [anOrder()], events }).profile('2026-03-31');

    expect(customers).toMatchObject([{ customer: 'email:ana@example.com', last_visit: null }]);
  });
});

describe('what a program did', () => {
  const MARCH = '2026-03-20T12:00:00.000Z';
  const events = [
    aVisit({ at: MARCH, is_machine: true }),
    aVisit({ at: MARCH, type: 'open', is_machine: true }),
    aVisit({ at: MARCH, type: 'open', is_machine: false }),
    aVisit({ at: MARCH, type: 'open' }),
    aVisit({ at: MARCH, type: 'click', is_machine: true }),
  ];

  test('is neither an open nor a click nor a visit; what nobody can tell counts', async () => {
    const { customers } = await shopWith({ orders: [anOrder()], events }).profile('2026-03-31');

    expect(customers).toMatchObject([{ opens_12m: 2, clicks_12m: 0, visits_12m: 0, last_visit: null }]);
  });

  test('does not count for rules either', async () => {
    const did = (name: string, event: string, at_least: number) => ({
      name,
      where: { did: { event, at_least } },
    });
    const custom = [
      did('opened_twice', 'open', 2),
      did('opened_thrice', 'open', 3),
      did('clicked', 'click', 1),
    ];
    const shop = shopWith({ orders: [anOrder()], events }, { segments: { custom } });

    const { segments } = await shop.run('2026-03-31');

    expect(Object.fromEntries(segments.map(({ segment, customers }) => [segment, customers]))).toEqual({
      'custom.opened_twice': 1,
      'custom.opened_thrice': 0,
      'custom.clicked': 0,
    });
  });
});
