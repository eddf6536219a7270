import { expect, test } from 'vitest';
import type { Page } from '../../connectors/index.ts';
import type { SegmentReport } from '../../src/report/statistics.ts';
import { openPlatform } from '../run/platform.ts';
import { aBuyer, openStage } from '../run/stage.ts';

const stage = openStage();

const LOW_AND_HIGH = { lifecycle: { model: 'recency' }, value_tier: { cuts: 'absolute', at: [50, 200] } };

/** The numbers of each segment that has customers, by its name. */
function found(segments: SegmentReport[]): Record<string, Omit<SegmentReport, 'segment'>> {
  const some = segments.filter(({ customers }) => customers > 0);
  return Object.fromEntries(some.map(({ segment, ...numbers }) => [segment, numbers]));
}

function bought(name: string, day: string, goods: string, customer = {}): Page {
  return aBuyer(name, { ordered_at: `${day}T12:00:00.000Z`, goods }, customer);
}

test('each segment is told in customers, share, money, orders, days, consent and reach, worked out by hand', async () => {
  const platform = openPlatform().definition;
  const shop = stage.shop({
    segments: LOW_AND_HIGH,
    connectors: { platform: { ...platform, identifiers: ['email'] } },
    destinations: [
      { type: 'platform', name: 'strict', consent: 'required', audiences: [{ segment: 'value_tier.*' }] },
      { type: 'platform', name: 'open', consent: 'ignore', audiences: [{ segment: 'lifecycle.*' }] },
    ],
  });
  shop.holds([
    bought('ana', '2026-03-01', '100.00', { email_consent: 'yes' }),
    bought('ana', '2026-03-11', '30.00'),
    bought('bob', '2026-03-21', '60.10', { email_consent: 'no' }),
    bought('cyd', '2026-02-01', '90.05', { email_consent: 'yes' }),
    bought('cyd', '2024-02-01', '500.00'),
    // Known by a number alone: no e-mail address to send to.
    aBuyer(
      'dan',
      { ordered_at: '2026-01-30T12:00:00.000Z', goods: '70.00', email: '', phone: '+40721000111' },
      { email: '', phone: '+40721000111', email_consent: 'yes' },
    ),
    bought('eve', '2026-03-31', '300.00'),
  ]);

  const { segments } = await shop.run('2026-03-31', { send: false });

  const numbers = found(segments.filter(({ segment }) => segment.startsWith('value_tier')));
  expect(numbers).toEqual({
    'value_tier.high': {
      customers: 1,
      share: 0.2,
      revenue_12m: '300',
      mean_clv_12m: null,
      clv_12m: null,
      mean_order_value: '300',
      median_days_since_order: 0,
      consented: 0,
      reachable: { strict: 0, open: 1 },
    },
    'value_tier.medium': {
      customers: 4,
      share: 0.8,
      revenue_12m: '350.15',
      mean_clv_12m: null,
      clv_12m: null,
      // 850.15 in six orders.
      mean_order_value: '141.69',
      // 10, 20, 58 and 60 days.
      median_days_since_order: 20,
      consented: 3,
      reachable: { strict: 2, open: 3 },
    },
  });
});

test('a segment of nobody has numbers too: none', async () => {
  const shop = stage.shop({ segments: LOW_AND_HIGH });
  shop.holds(bought('ana', '2026-03-01', '100.00'));

  const { segments } = await shop.run('2026-03-31', { send: false });

  expect(segments.map(({ segment }) => segment)).toEqual([
    ...['top', 'active', 'at_risk', 'lost'].map((name) => `lifecycle.${name}`),
    ...['high', 'medium', 'low'].map((name) => `value_tier.${name}`),
  ]);
  expect(segments.at(-1)).toEqual({
    segment: 'value_tier.low',
    customers: 0,
    share: 0,
    revenue_12m: '0',
    mean_clv_12m: null,
    clv_12m: null,
    mean_order_value: null,
    median_days_since_order: null,
    consented: 0,
    reachable: { platform: 0 },
  });
});

test('CLV is told in all and on average', async () => {
  const shop = stage.shop({ segments: { value_tier: {} } });
  const context = shop.context('2026-03-31');
  const ids = { job: shop.job.name, run_id: context.run_id };
  const customers = ['a', 'b', 'c'].map((customer) => ({ ...ids, customer, orders: 1, revenue: '10' }));
  await stage.engine.insert('profiles', customers);
  await stage.engine.insert('assignments', [
    { ...ids, as_of: '2026-03-31', customer: 'a', segments: ['value_tier.low'], clv_12m: '10.1' },
    { ...ids, as_of: '2026-03-31', customer: 'b', segments: ['value_tier.low'], clv_12m: '20.2' },
    { ...ids, as_of: '2026-03-31', customer: 'c', segments: ['value_tier.low', 'custom.own'], clv_12m: '0' },
  ]);
  const { segmentReports } = await import('../../src/run/segment.ts');

  const segments = await segmentReports(context);

  expect(found(segments)).toMatchObject({
    'value_tier.low': { customers: 3, share: 1, clv_12m: '30.3', mean_clv_12m: '10.1' },
    'custom.own': { customers: 1, clv_12m: '0', mean_clv_12m: '0' },
  });
});
