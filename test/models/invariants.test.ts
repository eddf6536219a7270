import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Order } from '../../connectors/index.ts';
import { MODELS } from '../../src/job/segments.ts';
import { facts } from '../../src/models/facts.ts';
import { predict } from '../../src/run/predict.ts';
import { profile } from '../../src/run/profile.ts';
import { pull } from '../../src/run/pull.ts';
import { assignSegments, scoreCustomers } from '../../src/run/segment.ts';
import { aBuyer, anOrder, aVisit, openStage } from '../run/stage.ts';
import { segmentsOf, type Seen } from './customers.ts';

const stage = openStage();
const AS_OF = '2026-03-31';

/** Every model, cut in a way of its own. */
function every(cuts: object) {
  return {
    lifecycle: { top_share: 0.3 },
    value_engagement: { value: cuts, engagement: cuts },
    engagement: cuts,
    value_tier: cuts,
  };
}

const anyCuts = fc.constantFrom<object>(
  { cuts: 'quantiles' },
  { cuts: 'quantiles', at: [0.5, 0.9] },
  { cuts: 'natural_breaks' },
  { cuts: 'absolute', at: [20, 60] },
);

/** Customers of few different kinds, so that many are equal; predicted for all or for none. */
const anyCustomers = fc
  .record({
    kinds: fc.array(
      fc.record({
        days: fc.integer({ min: 0, max: 800 }),
        active: fc.integer({ min: 0, max: 800 }),
        revenue: fc.constantFrom('0', '0.01', '5', '19.99', '300'),
        purchases: fc.integer({ min: 1, max: 4 }),
        visits: fc.integer({ min: 0, max: 3 }),
        reviews: fc.integer({ min: 0, max: 1 }),
        service: fc.constantFrom(undefined, '4.5', '400'),
        chance: fc.constantFrom(0.1, 0.25, 0.5, 0.6, 0.99),
        clv: fc.constantFrom('0', '5', '80.0001'),
      }),
      { minLength: 1, maxLength: 12 },
    ),
    picks: fc.array(fc.nat(11), { minLength: 1, maxLength: 50 }),
    predicted: fc.boolean(),
  })
  .map(({ kinds, picks, predicted }) =>
    picks.map((pick, index) => {
      const { chance, clv, ...kind } = kinds[pick % kinds.length]!;
      const seen: Seen = { customer: `c${index}`, ...kind, ...(predicted ? { p_alive: chance, clv } : {}) };
      return { kind: pick % kinds.length, seen };
    }),
  );

type Answer = Awaited<ReturnType<typeof segmentsOf>>;

/** What every model says of a customer, and their scores. */
function judged(answer: Answer, customer: string) {
  const { lifecycle, value_engagement, engagement, value_tier, scores } = answer;
  const segments = [lifecycle, value_engagement, engagement, value_tier].map((model) => model[customer]);
  return { segments, scores: scores[customer] };
}

test('whatever the shop, each customer is in exactly one segment of each model, and one that the model has', async () => {
  await fc.assert(
    fc.asyncProperty(anyCustomers, anyCuts, async (customers, cuts) => {
      const { assigned } = await segmentsOf(
        stage,
        customers.map(({ seen }) => seen),
        every(cuts),
      );

      for (const [model, segments] of Object.entries(MODELS)) {
        const rows = assigned.filter((row) => row.model === model);
        expect(rows.map(({ customer }) => customer)).toEqual(
          customers.map(({ seen }) => seen.customer).toSorted(),
        );
        expect(Object.keys(segments)).toEqual(expect.arrayContaining(rows.map(({ segment }) => segment)));
      }
    }),
    { numRuns: 8 },
  );
});

test('equal customers have equal segments and scores, whatever order their rows come in', async () => {
  await fc.assert(
    fc.asyncProperty(anyCustomers, anyCuts, fc.infiniteStream(fc.nat()), async (customers, cuts, keys) => {
      const shuffled = customers
        .map((customer) => ({ customer, key: keys.next().value as number }))
        .toSorted((a, b) => a.key - b.key)
        .map(({ customer }) => customer);

      const answer = await segmentsOf(
        stage,
        customers.map(({ seen }) => seen),
        every(cuts),
      );
      const again = await segmentsOf(
        stage,
        shuffled.map(({ seen }) => seen),
        every(cuts),
      );

      expect(again.used).toEqual(answer.used);
      const kinds = Map.groupBy(customers, ({ kind }) => kind);
      for (const alike of kinds.values()) {
        const first = judged(answer, alike[0]!.seen.customer);
        for (const { seen } of alike) {
          expect(judged(answer, seen.customer)).toEqual(first);
          expect(judged(again, seen.customer)).toEqual(first);
        }
      }
    }),
    { numRuns: 6 },
  );
});

const SCORES = ['r_score', 'f_score', 'm_score', 'engagement_score'];
const RANKS = ['low', 'medium', 'high'];
const VALUE_RANKS = ['silent_quitters', 'average_buyers', 'true_champions'];

/** A grid that shows one axis of value_engagement alone. */
function gridOf(axis: 'value' | 'engagement') {
  const [low, medium, high] = VALUE_RANKS;
  const across = { low, medium, high };
  const row = (segment: string | undefined) => ({ low: segment, medium: segment, high: segment });
  return axis === 'value'
    ? { low: row(low), medium: row(medium), high: row(high) }
    : { low: across, medium: across, high: across };
}

const anyOrder = fc
  .record({
    buyer: fc.constantFrom('ana', 'bo', 'cy', 'di', 'ed', 'flo'),
    days: fc.oneof(fc.integer({ min: 0, max: 5 }), fc.integer({ min: 0, max: 700 })),
    cents: fc.oneof(fc.integer({ min: 0, max: 3 }), fc.integer({ min: 0, max: 20_000 })),
  })
  .map(({ buyer, days, cents }) =>
    anOrder({
      email: `${buyer}@example.com`,
      ordered_at: new Date(Date.parse(AS_OF) - days * 86_400_000).toISOString(),
      goods: (cents / 100).toFixed(2),
    }),
  );

/** A shop too small for a model, judged through every stage that a run has. */
async function judgedShop(orders: Order[], segments: object) {
  const shop = stage.shop({ segments });
  const visits = ['ana', 'bo', 'bo'].map((name) => aVisit({ email: `${name}@example.com` }));
  shop.holds({ orders, events: visits });
  const run = shop.context(AS_OF);
  await pull(run);
  await profile(run);
  expect((await predict(run)).name).toBe('recency');
  await scoreCustomers(run);
  await assignSegments(run, false);
  const rows = await stage.engine.query<
    Record<string, string | number> & { customer: string; segments: string[] }
  >(
    `SELECT customer, segments, toFloat64(revenue) AS spent, toFloat64(revenue_12m) AS spent_12m, purchase_days,
       -toInt32(days_since_order) AS recency, r_score, f_score, m_score, engagement_score
     FROM ${facts([...'revenue revenue_12m purchase_days days_since_order'.split(' '), ...SCORES])} AS f
     INNER JOIN (SELECT customer, segments FROM assignments WHERE run_id = {run:String}) AS a USING (customer)`,
    { job: run.job.name, run: run.run_id },
  );
  return new Map<string, Record<string, number>>(
    rows.map(({ customer, segments, ...numbers }) => {
      const of = (model: string) => segments.find((name) => name.startsWith(`${model}.`))!.split('.')[1]!;
      return [
        customer,
        {
          ...(numbers as Record<string, number>),
          value_tier: RANKS.indexOf(of('value_tier')),
          engagement: RANKS.indexOf(of('engagement')),
          value_engagement: VALUE_RANKS.indexOf(of('value_engagement')),
        },
      ];
    }),
  );
}

/**
 * What an order more can never lower, its buyer's everything else being equal. It holds by shares and by fixed figures;
 * natural breaks may move with it, and so may a prediction: an order far below a customer's usual one is news.
 */
test('an order more never lowers what its buyer is worth: revenue, scores, tier, either axis', async () => {
  const shops = fc.record({
    orders: fc.array(anyOrder, { minLength: 1, maxLength: 25 }),
    more: anyOrder,
    by: fc.nat(24),
    axis: fc.constantFrom('value' as const, 'engagement' as const),
    cuts: fc.constantFrom<object>(
      { cuts: 'quantiles' },
      { cuts: 'quantiles', at: [0.2, 0.5] },
      {
        cuts: 'absolute',
        at: [30, 60],
      },
    ),
  });

  await fc.assert(
    fc.asyncProperty(shops, async ({ orders, more, by, axis, cuts }) => {
      const { email } = orders[by % orders.length]!;
      const segments = {
        value_engagement: { value: cuts, engagement: cuts, grid: gridOf(axis) },
        engagement: cuts,
        value_tier: cuts,
      };

      const before = await judgedShop(orders, segments);
      const after = await judgedShop([...orders, { ...more, email }], segments);

      const was = before.get(`email:${email}`)!;
      const is = after.get(`email:${email}`)!;
      for (const [name, number] of Object.entries(was)) expect(is[name], name).toBeGreaterThanOrEqual(number);
    }),
    { numRuns: 5 },
  );
});

describe('by name', () => {
  const models = { ...every({}), lifecycle: {} };
  const ALL_BY_RECENCY = { lifecycle: 'active', value_engagement: 'average_buyers', engagement: 'medium' };

  test.each(['quantiles', 'natural_breaks'])(
    'by %s, one customer and equal customers stand in the middle',
    async (cuts) => {
      const equal = (names: string[], seen: Omit<Seen, 'customer'>) =>
        segmentsOf(
          stage,
          names.map((customer) => ({ customer, ...seen })),
          { ...every({ cuts }), lifecycle: {} },
        );

      for (const names of [['ana'], ['ana', 'bo', 'cy', 'di', 'ed']]) {
        const spent = await equal(names, { revenue: '20', days: 3 });
        const nothing = await equal(names, { revenue: '0', days: 3 });
        const predicted = await equal(names, { revenue: '20', days: 3, p_alive: 0.9, clv: '7' });
        for (const name of names) {
          expect(judged(spent, name).segments).toEqual([...Object.values(ALL_BY_RECENCY), 'medium']);
          expect(judged(nothing, name).segments).toEqual(['active', 'average_buyers', 'medium', 'low']);
          expect(judged(predicted, name).segments).toEqual([...Object.values(ALL_BY_RECENCY), 'medium']);
          expect(judged(spent, name).scores).toEqual({
            r_score: 1,
            f_score: 1,
            m_score: 1,
            engagement_score: 50,
          });
        }
      }
    },
  );

  test('nobody has no segment, and a run without customers fails before anything is sent', async () => {
    const nobody = await segmentsOf(stage, [], models);
    expect(nobody.assigned).toEqual([]);
    expect(nobody.scores).toEqual({});

    const shop = stage.shop({ segments: models });
    shop.holds([]);
    expect(await shop.run(AS_OF)).toMatchObject({
      status: 'failed',
      error: { code: 'SOURCE_EMPTY' },
      segments: [],
    });
  });

  test('a shop of one customer names every segment, those without anybody too', async () => {
    const shop = stage.shop({ segments: models });
    shop.holds(aBuyer('ana'));

    const { segments, status } = await shop.run(AS_OF);

    expect(status).toBe('done');
    expect(segments.filter(({ customers }) => customers > 0).map(({ segment }) => segment)).toEqual([
      'lifecycle.active',
      'value_engagement.average_buyers',
      'engagement.medium',
      'value_tier.medium',
    ]);
    expect(segments).toHaveLength(Object.values(MODELS).flatMap((model) => Object.keys(model)).length);
  });
});
