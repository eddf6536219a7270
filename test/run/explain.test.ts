import { expect, test } from 'vitest';
import { openActiveShop } from './active-shop.ts';
import { explained } from './explained.ts';
import { aBuyer, aCustomer, aLine, anOrder, aRefund, openStage } from './stage.ts';

const stage = openStage();
const AS_OF = '2026-03-31';
const at = (day: string) => `${day}T12:00:00.000Z`;

test('every order of a person, whatever name it stands under, and why some do not count', async () => {
  const { shop } = openActiveShop(stage);
  const returned = anOrder({ order_id: 'returned', ordered_at: at('2026-02-03'), goods: '5.00' });
  const partly = anOrder({ order_id: 'partly', ordered_at: at('2026-02-04'), goods: '20.00' });
  shop.holds({
    orders: [
      anOrder({ order_id: 'guest', number: '#1', ordered_at: at('2026-02-01') }),
      anOrder({ order_id: 'member', customer_id: '7', ordered_at: at('2026-02-02'), goods: '12.50' }),
      anOrder({ order_id: 'silent', customer_id: '7', email: undefined, ordered_at: at('2026-02-02') }),
      returned,
      partly,
      anOrder({ order_id: 'test', is_test: true, ordered_at: at('2026-02-05') }),
      anOrder({ order_id: 'void', counts: false, state: 'voided', ordered_at: at('2026-02-06') }),
      anOrder({ order_id: 'cancelled', ordered_at: at('2026-02-07'), cancelled_at: at('2026-02-08') }),
      anOrder({ order_id: 'lei', currency: 'RON', ordered_at: at('2026-02-09') }),
      anOrder({ order_id: 'later', ordered_at: at('2026-04-02') }),
      anOrder({ order_id: 'other', email: 'bo@example.com', customer_id: '8' }),
      // First hers, then, in a newer version, somebody else's.
      anOrder({ order_id: 'given', version: 1 }),
      anOrder({ order_id: 'given', version: 2, email: 'bo@example.com' }),
    ],
    refunds: [aRefund(returned), aRefund(partly, { amount: '8.00' })],
  });
  await shop.run(AS_OF);

  const ana = await explained(stage.engine, shop, ' Ana@Example.com ');

  expect(ana.orders.map(({ order_id, counts, value, why }) => [order_id, counts, value, why])).toEqual([
    ['guest', true, '10', null],
    ['member', true, '12.5', null],
    ['silent', true, '10', null],
    ['returned', false, '0', 'refunded in full'],
    ['partly', true, '12', null],
    ['test', false, '0', 'placed as a test'],
    ['void', false, '0', 'not paid, cancelled or voided (voided)'],
    ['cancelled', false, '0', 'cancelled'],
    ['lei', true, '0', 'counts as a purchase but adds no revenue: exchange_rates has no rate for RON'],
    ['later', false, '0', 'placed after 2026-03-31'],
  ]);
  expect(ana.orders[0]).toMatchObject({ number: '#1', day: '2026-02-01', currency: 'EUR', goods: '10' });
  expect(ana.orders[4]).toMatchObject({ refunded: '8' });
  const number = (field: string) => ana.numbers.find((one) => one.field === field)?.value;
  expect([number('orders'), number('revenue'), number('email')]).toEqual([5, '44.5', '']);
  expect(ana.names).toHaveLength(2);
  expect(ana.notes).toEqual([]);
  expect(await explained(stage.engine, shop, { customer_id: '7' })).toEqual(ana);
});

test('each model says by what figure a customer is where they are, and how far from elsewhere', async () => {
  const { shop } = openActiveShop(stage, {
    segments: {
      lifecycle: { model: 'recency', at_risk_after: '30d', lost_after: '90d', top_share: 0 },
      value_engagement: {
        value: { cuts: 'absolute', at: [20, 50] },
        engagement: { cuts: 'absolute', at: ['10d', '40d'] },
      },
      value_tier: { cuts: 'absolute', at: [20, 53.2] },
    },
  });
  shop.holds([
    aBuyer('ana', { ordered_at: at('2026-03-29'), goods: '50.00' }),
    aBuyer('bo', { ordered_at: at('2026-02-01'), goods: '12.00' }),
  ]);
  await shop.run(AS_OF);

  const reasons = async (email: string) => {
    const { segments } = await explained(stage.engine, shop, email);
    return segments.map(({ segment, reason }) => [
      segment,
      reason!.rule,
      ...reason!.thresholds.map(({ text }) => text),
    ]);
  };

  expect(await reasons('ana@example.com')).toEqual([
    [
      'lifecycle.active',
      'latest order 2 days ago, not more than 30, and revenue of 12 months 50.00 EUR is the limit itself, and revenue in all 50.00 EUR is not above 50.00 EUR, where the best 0 % of the rest begin',
      'exactly at the limit of top',
      '28 days below the limit of at_risk',
    ],
    [
      'value_engagement.excited_shoppers',
      'revenue of 365 days 50.00 EUR is medium value (20.00 EUR to 50.00 EUR); latest order or visit 2 days ago is high engagement (less than 10)',
      'exactly at the limit of high value',
      '30.00 EUR above the limit of low value',
      '8 days below the limit of medium engagement',
    ],
    [
      'value_tier.medium',
      'past and predicted revenue less costs 50.00 EUR is medium value (20.00 EUR to 53.20 EUR)',
      '3.20 EUR below the limit of high value',
      '30.00 EUR above the limit of low value',
    ],
  ]);
  expect(await reasons('bo@example.com')).toEqual([
    [
      'lifecycle.at_risk',
      'latest order 58 days ago, more than 30 and not more than 90',
      '32 days below the limit of lost',
      '28 days above the limit of active',
    ],
    [
      'value_engagement.silent_quitters',
      'revenue of 365 days 12.00 EUR is low value (below 20.00 EUR); latest order or visit 58 days ago is low engagement (more than 40)',
      '18 days above the limit of medium engagement',
      '8.00 EUR below the limit of medium value',
    ],
    [
      'value_tier.low',
      'past and predicted revenue less costs 12.00 EUR is low value (below 20.00 EUR)',
      '8.00 EUR below the limit of medium value',
    ],
  ]);
});

test('rules of custom segments are told part by part, also of those the customer is not in', async () => {
  const custom = [
    {
      name: 'local',
      where: { all: [{ field: 'country', is: ['RO', 'MD'] }, { not: { field: 'revenue', at_least: 100 } }] },
    },
    { name: 'again', where: { any: [{ bought: { at_least: 2 } }, { segment: 'custom.local' }] } },
    { name: 'predicted', where: { all: [{ segment: 'lifecycle.active' }, { field: 'clv_12m', above: 1 }] } },
    { name: 'visitors', where: { did: { event: 'visit', within: '30d', at_least: 1 } } },
    { name: 'by_taste', per_category: { of: 'lifecycle.active', at_least: 1 } },
  ];
  const { shop } = openActiveShop(stage, { segments: { lifecycle: { top_share: 0 }, custom } });
  const order = anOrder({ goods: '30.00' });
  const lines = [aLine(order, { category: 'Shoes' })];
  shop.holds({ orders: [order], lines, customers: [aCustomer({ country: 'RO' })] });
  await shop.run(AS_OF);

  const { segments, notes } = await explained(stage.engine, shop, 'ana@example.com');

  const shown = new Map(segments.map(({ segment, holds, rule }) => [segment, { holds, rule }]));
  const leaf = { parts: [] };
  expect(shown.get('custom.local')).toEqual({
    holds: true,
    rule: {
      text: 'all of these',
      holds: true,
      parts: [
        { text: 'country is RO or MD', holds: true, ...leaf },
        { text: 'not this', holds: true, parts: [{ text: 'revenue at least 100', holds: false, ...leaf }] },
      ],
    },
  });
  expect(shown.get('custom.again')?.rule).toEqual({
    text: 'any of these',
    holds: true,
    parts: [
      { text: 'bought at least 2', holds: false, ...leaf },
      { text: 'in custom.local', holds: true, ...leaf },
    ],
  });
  expect(shown.get('custom.predicted')).toMatchObject({
    holds: false,
    rule: { holds: false, parts: [{ text: 'in lifecycle.active', holds: true }, { holds: false }] },
  });
  expect(shown.get('custom.visitors')).toEqual({
    holds: false,
    rule: { text: 'did visit, within 30 days, at least 1', holds: false, ...leaf },
  });
  const family = segments.find(({ segment }) => segment.startsWith('custom.by_taste.'));
  expect(family).toMatchObject({
    holds: true,
    rule: null,
    reason: { rule: 'in lifecycle.active, divided by favourite category' },
  });
  for (const { holds, rule } of segments) if (rule) expect(rule.holds).toBe(holds);
  expect(notes).toEqual([]);

  shop.change({ segments: { lifecycle: { top_share: 0 }, custom: custom.slice(0, 1) } });
  const changed = await explained(stage.engine, shop, 'ana@example.com');
  expect(changed.notes).toEqual([expect.stringContaining('other rules')]);
  expect(changed.segments.every(({ rule }) => rule === null)).toBe(true);
});
