import { expect, test } from 'vitest';
import type { Explanation } from '../../src/report/explain.ts';
import { explainCustomer } from '../../src/run/explain.ts';
import { lastRun } from '../../src/run/state.ts';
import { facts } from '../../src/models/facts.ts';
import { openActiveShop } from './active-shop.ts';
import { openPlatform } from './platform.ts';
import { aBuyer, aCustomer, aLine, anOrder, aRefund, openStage, type Shop } from './stage.ts';

const stage = openStage();
const AS_OF = '2026-03-31';
const at = (day: string) => `${day}T12:00:00.000Z`;

async function explained(shop: Shop, wanted: string | { customer_id: string }): Promise<Explanation> {
  const last = await lastRun(stage.engine, shop.job.name, 'segmented');
  const who = typeof wanted === 'string' ? { email: wanted } : wanted;
  return explainCustomer(stage.engine, shop.job, last!, who);
}

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

  const ana = await explained(shop, ' Ana@Example.com ');

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
  expect(await explained(shop, { customer_id: '7' })).toEqual(ana);
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
    const { segments } = await explained(shop, email);
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

test('the history holds the dates on which segments changed, also when the name did', async () => {
  const { shop } = openActiveShop(stage, {
    segments: { lifecycle: { model: 'recency', at_risk_after: '30d', lost_after: '90d', top_share: 0 } },
  });
  shop.holds(aBuyer('cy', { ordered_at: at('2025-12-01') }));
  await shop.run('2025-12-31');
  shop.holds([
    aBuyer('cy', { ordered_at: at('2025-12-01') }),
    aBuyer('ana', { ordered_at: at('2026-03-01') }),
  ]);
  for (const day of ['2026-01-31', AS_OF, '2026-04-15']) await shop.run(day);
  const account = { orders: [anOrder({ customer_id: '7', ordered_at: at('2026-06-01') })] };
  shop.holds([aBuyer('ana', { ordered_at: at('2026-03-01') }), account]);
  await shop.run('2026-06-15');
  // The newest run of a date stands for it.
  await shop.run(AS_OF);
  await shop.run('2026-06-15');

  const { history, customer } = await explained(shop, 'ana@example.com');

  expect(customer).toMatch(/^customer:/);
  expect(history.map(({ as_of, entered, left, gone }) => ({ as_of, entered, left, gone }))).toEqual([
    { as_of: AS_OF, entered: ['lifecycle.active'], left: [], gone: false },
    { as_of: '2026-04-15', entered: ['lifecycle.at_risk'], left: ['lifecycle.active'], gone: false },
    { as_of: '2026-06-15', entered: ['lifecycle.active'], left: ['lifecycle.at_risk'], gone: false },
  ]);
});

test('what each audience made of a customer, and what platforms acknowledged and when', async () => {
  const platforms = ['open', 'strict', 'phones'].map((type) =>
    openPlatform({ type, ...(type === 'phones' ? { identifiers: ['phone'] } : {}) }),
  );
  const [open, strict, phones] = platforms as [
    (typeof platforms)[0],
    (typeof platforms)[0],
    (typeof platforms)[0],
  ];
  const { shop } = openActiveShop(stage, {
    connectors: { open: open.definition, strict: strict.definition, phones: phones.definition },
    destinations: [
      { type: 'open', audiences: [{ segment: 'lifecycle.*' }] },
      { type: 'strict', consent: 'required', audiences: [{ segment: 'lifecycle.active' }] },
      { type: 'phones', audiences: [{ segment: 'lifecycle.active' }] },
    ],
  });
  const march = aBuyer('ana', {}, { email_consent: 'yes' });
  shop.holds(march);
  await shop.run(AS_OF);
  const refused = { customers: [aCustomer({ email_consent: 'no' as const, updated_at: at('2026-03-15') })] };
  shop.holds([march, refused]);
  open.outcome = (_, op) => (op === 'remove' ? 'refused for good' : 'done');
  await shop.run('2026-09-30');

  const { audiences } = await explained(shop, 'ana@example.com');

  const short = audiences.map(({ destination, audience, wanted, held, events }) => [
    `${destination} ${audience}`,
    wanted,
    held,
    events.map(({ op, result, reason }) => [op, result, reason].filter(Boolean).join(' ')),
  ]);
  expect(short).toEqual([
    ['open Active', 'not in segment', true, ['add done', 'remove refused not wanted here']],
    ['open At risk', 'yes', true, ['add done']],
    ['strict Active', 'not in segment', false, ['add done', 'remove done']],
  ]);
  const { events } = audiences[0]!;
  expect(events[0]!.at).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
  expect(Math.abs(Date.parse(events[0]!.at) - Date.now())).toBeLessThan(600_000);
  await shop.run(AS_OF);
  const again = await explained(shop, 'ana@example.com');
  expect(again.audiences.map(({ destination, audience, wanted }) => [destination, audience, wanted])).toEqual(
    [
      ['open', 'Active', 'yes'],
      ['open', 'At risk', 'not in segment'],
      ['strict', 'Active', 'without consent'],
      ['phones', 'Active', 'unreachable'],
    ],
  );
});

test('a held-out customer is told to be held out', async () => {
  const { shop, platform } = openActiveShop(stage, {
    destinations: [{ type: 'platform', audiences: [{ segment: 'lifecycle.active', holdout: 0.5 }] }],
  });
  const names = Array.from({ length: 12 }, (_, index) => `buyer${index}`);
  shop.holds(names.map((name) => aBuyer(name)));
  await shop.run(AS_OF);

  const members = platform.members('Active');
  const wanted = await Promise.all(
    names.map(async (name) => (await explained(shop, `${name}@example.com`)).audiences[0]!.wanted),
  );

  expect(new Set(wanted)).toEqual(new Set(['yes', 'held out']));
  expect(wanted).toEqual(
    names.map((name) => (members.includes(`email:${name}@example.com`) ? 'yes' : 'held out')),
  );
});

test('who has no order that counts is explained as no customer, who is unknown is an error without their address', async () => {
  const { shop } = openActiveShop(stage);
  shop.holds([
    aBuyer('ana'),
    { orders: [anOrder({ email: 'void@example.com', counts: false, state: 'voided' })] },
    { customers: [aCustomer({ email: 'reader@example.com' })] },
  ]);
  await shop.run(AS_OF);

  const voided = await explained(shop, 'void@example.com');
  expect(voided).toMatchObject({ is_customer: false, numbers: [], segments: [], history: [] });
  expect(voided.orders).toMatchObject([{ counts: false, state: 'voided' }]);
  expect(await explained(shop, 'reader@example.com')).toMatchObject({ is_customer: false, orders: [] });
  const stranger = explained(shop, 'stranger@example.com');
  await expect(stranger).rejects.toMatchObject({ problem: { code: 'ARGUMENT_WRONG' } });
  await expect(stranger).rejects.not.toThrow(/stranger@/);
  await expect(explained(shop, 'no address')).rejects.toThrow(/no e-mail address/);
  await expect(explained(shop, { customer_id: '404' })).rejects.toThrow(/customer id/);
});

test('one customer id in two sources is one person if they share an address, else an error', async () => {
  const { shop } = openActiveShop(stage, { sources: ['one-shelf', 'other-shelf'] });
  const order = (customer_id: string, email: string) => ({ orders: [anOrder({ customer_id, email })] });
  shop.holds([order('1', 'ana@example.com'), order('2', 'bo@example.com')], 'one-shelf');
  shop.holds([order('1', 'ana@example.com'), order('2', 'di@example.com')], 'other-shelf');
  await shop.run(AS_OF);

  const ana = await explained(shop, { customer_id: '1' });
  expect(ana.orders).toHaveLength(2);
  expect(ana.names).toHaveLength(3);
  await expect(explained(shop, { customer_id: '2' })).rejects.toThrow(/2 different people/);
});

test('the names of one person are told with what joins them', async () => {
  const { shop } = openActiveShop(stage, {
    sources: ['web', 'till'],
    identity: { same_ids: [['web', 'till']] },
  });
  const phone = '+40722000111';
  shop.holds(
    [
      { orders: [anOrder({ customer_id: '1', email: 'ana@example.com', phone })] },
      { orders: [anOrder({ email: undefined, phone })] },
    ],
    'web',
  );
  shop.holds({ orders: [anOrder({ customer_id: '1', email: undefined })] }, 'till');
  await shop.run(AS_OF);

  const { orders, names, joined } = await explained(shop, 'ana@example.com');

  const [web, till] = shop.job.sources.map(({ key }) => `customer:${key}:1`);
  expect(orders).toHaveLength(3);
  expect(names.toSorted()).toEqual([web!, till!, 'email:ana@example.com', `phone:${phone}`].toSorted());
  expect(joined).toEqual([
    { names: [web, 'email:ana@example.com'], by: 'both stand in one record' },
    { names: [web, till].toSorted(), by: 'their sources share customer ids' },
    { names: [names[0], `phone:${phone}`], by: 'nobody else uses that number' },
  ]);
});

test('somebody without an id is found by what export shows in its place', async () => {
  const { shop } = openActiveShop(stage);
  const phone = '+40722000111';
  const unknown = { email: undefined, phone };
  shop.holds([
    aBuyer('ana'),
    { orders: [anOrder(unknown), anOrder(unknown)], customers: [aCustomer(unknown)] },
    { orders: [anOrder({ customer_id: '7', email: undefined })] },
  ]);
  await shop.run(AS_OF);

  const customers = await stage.engine.query<{ customer_id: string; orders: number }>(
    `SELECT customer_id, orders FROM ${facts(['customer_id', 'orders'])} ORDER BY customer_id`,
    { job: shop.job.name, run: (await lastRun(stage.engine, shop.job.name, 'segmented'))!.run_id },
  );

  expect(customers).toHaveLength(3);
  for (const { customer_id, orders } of customers) {
    const told = await explained(shop, { customer_id });
    expect(told.orders, customer_id).toHaveLength(orders);
    expect(told.numbers.find(({ field }) => field === 'customer_id')!.value).toBe(customer_id);
  }
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

  const { segments, notes } = await explained(shop, 'ana@example.com');

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
  const changed = await explained(shop, 'ana@example.com');
  expect(changed.notes).toEqual([expect.stringContaining('other rules')]);
  expect(changed.segments.every(({ rule }) => rule === null)).toBe(true);
});
