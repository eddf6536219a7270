import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { aBuyer, aVisit, openStage } from '../run/stage.ts';
import { segmentsOf, type Seen } from './customers.ts';

const stage = openStage();

const ONLY = { recency: 0, purchases: 0, visits: 0, opens: 0, clicks: 0, reviews: 0, referrals: 0 };

async function engagementOf(customers: Seen[], engagement: object = {}) {
  const answer = await segmentsOf(stage, customers, { engagement });
  const scores = Object.entries(answer.scores).map(([customer, row]) => [customer, row.engagement_score]);
  return {
    segments: answer.engagement,
    scores: Object.fromEntries(scores) as Record<string, number>,
    limits: answer.used.engagement,
    warnings: answer.warnings,
  };
}

describe('the engagement score', () => {
  test.each([
    ['recency', 'days', [40, 30, 20, 10]],
    ['purchases', 'purchases', [1, 2, 3, 4]],
    ['visits', 'visits', [0, 1, 5, 900]],
    ['opens', 'opens', [0, 1, 5, 900]],
    ['clicks', 'clicks', [0, 1, 5, 900]],
    ['reviews', 'reviews', [0, 1, 5, 900]],
    ['referrals', 'referrals', [0, 1, 5, 900]],
  ])('of %s alone is the percentile of it, more being better', async (signal, field, numbers) => {
    const customers = numbers.map((number, index) => ({ customer: `c${index}`, [field]: number }));

    const { scores, warnings } = await engagementOf(customers, { weights: { ...ONLY, [signal]: 2 } });

    expect(scores).toEqual({ c0: 12.5, c1: 37.5, c2: 62.5, c3: 87.5 });
    expect(warnings).toEqual([]);
  });

  test('gives equal numbers the share below them and half of their own', async () => {
    const visits = [0, 0, 0, 7, 7, 9];
    const customers = visits.map((visits, index) => ({ customer: `c${index}`, visits }));

    const { scores } = await engagementOf(customers, { weights: { ...ONLY, visits: 1 } });

    expect(Object.values(scores)).toEqual([25, 25, 25, 66.6667, 66.6667, 91.6667]);
  });

  test('weighs the signals, and those that the job does not name as usual', async () => {
    const customers = [
      { customer: 'buys', purchases: 2 },
      { customer: 'clicks', clicks: 1 },
    ];
    const [more, less, even] = [75, 25, 50];

    const { scores, limits } = await engagementOf(customers, { weights: { purchases: 5 } });

    const of = (purchases: number, clicks: number) => (3 * even + 5 * purchases + 2 * clicks) / 10;
    expect(scores).toEqual({ buys: of(more, less), clicks: of(less, more) });
    expect(limits).toMatchObject({ weights: { recency: 3, purchases: 5, clicks: 2 } });
  });

  test('leaves out what no customer ever did, and the report says so; not what the job leaves out itself', async () => {
    const customers = [
      { customer: 'a', visits: 1, days: 1 },
      { customer: 'b', visits: 2, days: 1 },
    ];

    const { scores, limits, warnings } = await engagementOf(customers, {
      weights: { recency: 0, purchases: 0, opens: 0 },
    });

    expect(scores).toEqual({ a: 25, b: 75 });
    expect(limits).toMatchObject({ weights: { visits: 1 } });
    expect(warnings).toEqual([
      'engagement goes without clicks, reviews, referrals: no customer has any in the last 12 months',
    ]);
  });

  test('is 50 for all where every signal with a weight is missing', async () => {
    const weights = { ...ONLY, clicks: 1 };

    const { scores, segments, warnings } = await engagementOf(
      [{ customer: 'a' }, { customer: 'b', visits: 9 }],
      {
        weights,
      },
    );

    expect(scores).toEqual({ a: 50, b: 50 });
    expect(segments).toEqual({ a: 'medium', b: 'medium' });
    expect(warnings).toEqual([expect.stringMatching(/without clicks: .* so that all have the score 50$/)]);
  });

  test('is 0 for all where the job has no engagement', async () => {
    const { scores } = await segmentsOf(stage, [{ customer: 'a', visits: 3 }], { value_tier: {} });

    expect(scores).toEqual({ a: { r_score: 1, f_score: 1, m_score: 1, engagement_score: 0 } });
  });

  test('is what plain arithmetic makes of any shop', async () => {
    const few = fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 3 }), fc.nat(5000));
    const fields = ['days', 'visits', 'opens', 'clicks', 'reviews', 'referrals'] as const;
    const customer = fc.record({
      ...(Object.fromEntries(fields.map((field) => [field, few])) as Record<
        (typeof fields)[number],
        typeof few
      >),
      purchases: fc.oneof(fc.integer({ min: 1, max: 2 }), fc.integer({ min: 1, max: 300 })),
    });
    const weight = fc.constantFrom(0, 0.5, 1, 3);
    const weights = fc
      .record({
        recency: weight,
        purchases: weight,
        visits: weight,
        opens: weight,
        clicks: weight,
        reviews: weight,
        referrals: weight,
      })
      .filter((weights) => Object.values(weights).some((weight) => weight > 0));

    await fc.assert(
      fc.asyncProperty(
        fc.array(customer, { minLength: 1, maxLength: 40 }),
        weights,
        async (shop, weights) => {
          const seen = shop.map((one, index) => ({ customer: `c${index}`, ...one }));

          const { scores } = await engagementOf(seen, { weights });

          const signals = Object.entries(weights).flatMap(([signal, weight]) => {
            const numbers = shop.map((one) =>
              signal === 'recency' ? -one.days : one[signal as keyof typeof one],
            );
            const lacks = signal !== 'recency' && numbers.every((number) => number === 0);
            return weight === 0 || lacks ? [] : [{ weight, numbers }];
          });
          const total = signals.reduce((sum, { weight }) => sum + weight, 0);
          for (const index of shop.keys()) {
            const weighted = signals.map(({ weight, numbers }) => {
              const below = numbers.filter((number) => number < numbers[index]!).length;
              const same = numbers.filter((number) => number === numbers[index]!).length;
              return (weight * 100 * (below + same / 2)) / shop.length;
            });
            const expected = total === 0 ? 50 : weighted.reduce((sum, one) => sum + one, 0) / total;
            expect(scores[`c${index}`]).toBeCloseTo(expected, 3);
          }
        },
      ),
      { numRuns: 15 },
    );
  });
});

describe('engagement', () => {
  const BY_VISITS = { weights: { ...ONLY, visits: 1 } };
  const visitors = (counts: number[]) => counts.map((visits) => ({ customer: `${visits} visits`, visits }));

  test('is cut in thirds of the customers unless the job says otherwise', async () => {
    const { segments, limits } = await engagementOf(visitors([1, 2, 3, 4, 5, 6, 7, 8, 9]), BY_VISITS);

    expect(limits).toMatchObject({ low: '27.7778', high: '72.2222' });
    expect(Object.values(segments).join(' ')).toBe('low low medium medium medium medium medium high high');
  });

  test('is cut at the scores that the job names, a score on a cut being medium', async () => {
    const cuts = { cuts: 'absolute', at: [37.5, 62.5] };

    const { segments, limits } = await engagementOf(visitors([1, 2, 3, 4]), { ...BY_VISITS, ...cuts });

    expect(limits).toMatchObject({ low: '37.5', high: '62.5' });
    expect(Object.values(segments)).toEqual(['low', 'medium', 'medium', 'high']);
  });

  test('can be cut where the scores leave gaps', async () => {
    const customers = [0, 0, 0, 0, 0, 0, 5, 5, 9].map((visits, index) => ({ customer: `c${index}`, visits }));

    const { segments } = await engagementOf(customers, { ...BY_VISITS, cuts: 'natural_breaks' });

    expect(Object.values(segments).join(' ')).toBe('low low low low low low medium medium high');
  });

  test('of one customer, or of equal ones, is medium, and nobody has one where there is nobody', async () => {
    const equal = ['a', 'b', 'c', 'd'].map((customer) => ({ customer, visits: 3, days: 9 }));

    for (const cuts of ['quantiles', 'natural_breaks']) {
      const { segments, scores } = await engagementOf(equal, { cuts });
      expect(new Set(Object.values(segments))).toEqual(new Set(['medium']));
      expect(new Set(Object.values(scores))).toEqual(new Set([50]));
      expect((await engagementOf([{ customer: 'ana' }], { cuts })).segments).toEqual({ ana: 'medium' });
      expect(await engagementOf([], { cuts })).toMatchObject({ segments: {}, scores: {}, warnings: [] });
    }
  });

  test('comes out of a whole run, with the events of its sources', async () => {
    const shop = stage.shop({ segments: { engagement: { labels: { high: 'Fans' } } } });
    const open = (name: string, count: number) =>
      Array.from({ length: count }, () => aVisit({ type: 'open', email: `${name}@example.com` }));
    shop.holds([aBuyer('ana'), aBuyer('bo'), aBuyer('cy'), { events: [...open('bo', 1), ...open('cy', 2)] }]);

    const report = await shop.run('2026-03-31');

    expect(report.segments).toMatchObject([
      { segment: 'engagement.high', customers: 0 },
      { segment: 'engagement.medium', customers: 3 },
      { segment: 'engagement.low', customers: 0 },
    ]);
    expect(report.limits.engagement).toEqual({
      low: '45.2381',
      high: '54.7619',
      weights: { recency: 3, purchases: 3, opens: 1 },
    });
    expect(report.audiences.map(({ audience }) => audience)).toEqual([
      'Fans',
      'Passively engaged',
      'Disengaged',
    ]);
    expect(report.warnings).toEqual([
      'engagement goes without visits, clicks, reviews, referrals: no customer has any in the last 12 months',
    ]);
  });
});
