import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { aBuyer, openStage } from '../run/stage.ts';
import { segmentsOf, type Seen } from './customers.ts';

const stage = openStage();

async function tiersOf(customers: Seen[], value_tier: object = {}) {
  const { value_tier: tiers, used, assigned } = await segmentsOf(stage, customers, { value_tier });
  return { tiers, cuts: used.value_tier, assigned };
}

const ABSOLUTE = { cuts: 'absolute', at: [50, 200] };

describe('the value tier', () => {
  test('is high above the upper cut and low below the lower one; a number on a cut is medium', async () => {
    const amounts = ['49.9999', '50', '200', '200.0001'];

    const { tiers } = await tiersOf(
      amounts.map((revenue) => ({ customer: revenue, revenue })),
      ABSOLUTE,
    );

    expect(tiers).toEqual({ '49.9999': 'low', '50': 'medium', '200': 'medium', '200.0001': 'high' });
  });

  test('goes by past and predicted revenue less what serving and winning the customer cost, to the last decimal', async () => {
    const on = { revenue: '100.0003', clv: '150.0001', service: '30.0002', acquisition: '20.0002' };
    const customers: Seen[] = [
      { customer: 'on the cut', ...on },
      { customer: 'served for less', ...on, service: '30.0001' },
      { customer: 'won for less', ...on, acquisition: '20.0001' },
      { customer: 'expected to pay more', ...on, clv: '150.0002' },
      { customer: 'paid more', ...on, revenue: '100.0004' },
      { customer: 'with costs unknown', revenue: '100.0003', clv: '150.0001' },
      { customer: 'with much on both sides', revenue: '90071992547409.9303', service: '90071992547209.9303' },
    ];

    const { tiers } = await tiersOf(
      customers.map((customer) => ({ p_alive: 0.5, ...customer })),
      ABSOLUTE,
    );

    expect(tiers).toEqual({
      'on the cut': 'medium',
      'served for less': 'high',
      'won for less': 'high',
      'expected to pay more': 'high',
      'paid more': 'high',
      'with costs unknown': 'high',
      'with much on both sides': 'medium',
    });
  });

  test('is cut in thirds of the customers unless the job says otherwise', async () => {
    const customers = Array.from({ length: 9 }, (_, index) => ({
      customer: `c${index}`,
      revenue: `${index + 3}.75`,
      service: '1.25',
    }));

    const { tiers, cuts } = await tiersOf(customers);

    expect(cuts).toEqual({ low: '4.5', high: '8.5' });
    expect(Object.values(tiers).join(' ')).toBe('low low medium medium medium medium medium high high');
  });

  test('can be cut where the figures leave gaps', async () => {
    const clumps = { small: [5, 6, 7], large: [100, 101], huge: [5000, 5001] };
    const customers = Object.entries(clumps).flatMap(([clump, amounts]) =>
      amounts.map((amount) => ({ customer: `${clump} ${amount}`, revenue: String(amount) })),
    );

    const { tiers } = await tiersOf(customers, { cuts: 'natural_breaks' });

    const tierOf = { small: 'low', large: 'medium', huge: 'high' };
    for (const [customer, tier] of Object.entries(tiers))
      expect(tier, customer).toBe(tierOf[customer.split(' ')[0] as keyof typeof clumps]);
  });

  test('is low for who brings nothing or less than they cost, and is cut among the others', async () => {
    const good = Array.from({ length: 9 }, (_, index) => ({
      customer: `c${index}`,
      revenue: `${index + 1}`,
    }));
    const bad: Seen[] = [
      { customer: 'spent nothing' },
      { customer: 'even', revenue: '900', acquisition: '900' },
      { customer: 'at a loss', revenue: '900', acquisition: '500', service: '400.0001' },
    ];

    const { tiers, cuts } = await tiersOf([...good, ...bad]);

    expect(cuts).toEqual({ low: '3', high: '7' });
    expect(bad.map(({ customer }) => tiers[customer])).toEqual(['low', 'low', 'low']);
    expect((await tiersOf(bad, { cuts: 'absolute', at: [0, 10] })).tiers).toMatchObject({ even: 'low' });
  });

  test('is medium for all where all are worth the same', async () => {
    const customers = ['a', 'b', 'c', 'd'].map((customer) => ({ customer, revenue: '20' }));

    for (const cuts of ['quantiles', 'natural_breaks']) {
      expect(new Set(Object.values((await tiersOf(customers, { cuts })).tiers))).toEqual(new Set(['medium']));
    }
  });

  test('of a single customer is medium, and low where they spent nothing', async () => {
    expect((await tiersOf([{ customer: 'ana', revenue: '20' }])).tiers).toEqual({ ana: 'medium' });
    expect((await tiersOf([{ customer: 'ana' }])).tiers).toEqual({ ana: 'low' });
  });

  test('is low for all where nobody spent anything, and nobody has one where there is nobody', async () => {
    const customers = ['a', 'b', 'c'].map((customer) => ({ customer }));

    for (const cuts of ['quantiles', 'natural_breaks'])
      expect((await tiersOf(customers, { cuts })).tiers).toEqual({ a: 'low', b: 'low', c: 'low' });
    expect((await tiersOf([])).tiers).toEqual({});
  });

  test('is one for each customer, and never lower for who is worth more', async () => {
    const cents = fc.oneof(fc.integer({ min: 0, max: 40 }), fc.nat(5_000_000));
    const customer = fc.record({ revenue: cents, clv: cents, service: cents, acquisition: cents });
    const rule = fc.constantFrom(
      { cuts: 'quantiles' },
      { cuts: 'quantiles', at: [0.1, 0.9] },
      { cuts: 'natural_breaks' },
      ABSOLUTE,
    );
    const text = (amount: number) => (amount / 100).toFixed(2);

    await fc.assert(
      fc.asyncProperty(fc.array(customer, { minLength: 1, maxLength: 40 }), rule, async (shop, rule) => {
        const seen = shop.map(({ revenue, clv, service, acquisition }, index) => ({
          customer: `c${index}`,
          revenue: text(revenue),
          p_alive: 0.5,
          clv: text(clv),
          service: text(service),
          acquisition: text(acquisition),
        }));

        const { tiers, assigned } = await tiersOf(seen, rule);

        expect(assigned.map((row) => row.customer).toSorted()).toEqual(
          seen.map((row) => row.customer).toSorted(),
        );
        const ranks = shop
          .map(({ revenue, clv, service, acquisition }, index) => ({
            value: revenue + clv - service - acquisition,
            rank: ['low', 'medium', 'high'].indexOf(tiers[`c${index}`]!),
          }))
          .toSorted((a, b) => a.value - b.value);
        for (const [index, { value, rank }] of ranks.entries()) {
          const before = ranks[index - 1];
          expect(rank).toBeGreaterThanOrEqual(before?.rank ?? 0);
          if (before?.value === value) expect(rank).toBe(before.rank);
        }
      }),
      { numRuns: 25 },
    );
  });
});

test('a run whose job names value_tier says that nothing is predicted where no model holds', async () => {
  const shop = stage.shop({ segments: { value_tier: { labels: { high: 'Gold' } } } });
  shop.holds([aBuyer('ana'), aBuyer('bo', { goods: '30.00' })]);

  const { segments, warnings, audiences, limits } = await shop.run('2026-03-31');

  expect(segments).toMatchObject([
    { segment: 'value_tier.high', customers: 0 },
    { segment: 'value_tier.medium', customers: 2, revenue_12m: '40', mean_clv_12m: null },
    { segment: 'value_tier.low', customers: 0 },
  ]);
  expect(warnings).toEqual(['value_tier counts what was spent, and nothing predicted: no model is used']);
  expect(audiences.map(({ audience }) => audience)).toEqual(['Gold', 'Medium value', 'Low value']);
  expect(limits).toEqual({ value_tier: { low: '10', high: '30' } });
});
