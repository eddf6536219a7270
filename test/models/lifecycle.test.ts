import { describe, expect, test } from 'vitest';
import { openStage } from '../run/stage.ts';
import { segmentsOf, type Seen } from './customers.ts';

const stage = openStage();

/** Ten customers who ordered today: c0 spent 1, c9 spent 10. */
const TEN: Seen[] = Array.from({ length: 10 }, (_, index) => ({
  customer: `c${index}`,
  revenue: String(index + 1),
}));

async function lifecycleOf(customers: Seen[], settings: object = {}) {
  const { lifecycle } = await segmentsOf(stage, customers, { lifecycle: settings });
  return lifecycle;
}

async function topOf(customers: Seen[], top_share: number): Promise<string[]> {
  const lifecycle = await lifecycleOf(customers, { top_share });
  return Object.keys(lifecycle).filter((customer) => lifecycle[customer] === 'top');
}

describe('the lifecycle by a model', () => {
  const customers: Seen[] = [
    { customer: 'gone', p_alive: 0.2499, clv: '900' },
    { customer: 'hardly gone', p_alive: 0.25, clv: '900' },
    { customer: 'hardly there', p_alive: 0.5999, clv: '900' },
    { customer: 'there', p_alive: 0.6, clv: '1' },
    { customer: 'dear', p_alive: 0.6, clv: '80' },
    { customer: 'dearer', p_alive: 1, clv: '90' },
    { customer: 'as dear', p_alive: 0.9, clv: '80' },
  ];

  test('goes by the probability that they still buy, and by what they will spend, ties together', async () => {
    expect(await lifecycleOf(customers, { top_share: 0.5 })).toEqual({
      gone: 'lost',
      'hardly gone': 'at_risk',
      'hardly there': 'at_risk',
      there: 'active',
      dear: 'active',
      dearer: 'top',
      'as dear': 'active',
    });
  });

  test('is cut where the settings say', async () => {
    const settings = { lost_below: 0.55, at_risk_below: 0.95, top_share: 1 };

    const lifecycle = await lifecycleOf(customers, settings);

    expect(lifecycle).toMatchObject({ 'hardly gone': 'lost', 'hardly there': 'at_risk', dearer: 'top' });
    expect(lifecycle).toMatchObject({ there: 'at_risk', 'as dear': 'at_risk' });
  });
});

test('the limits of recency come from the shop itself: nine of ten repeat orders come sooner', async () => {
  const regulars = Array.from({ length: 9 }, (_, index) => ({
    customer: `a${index}`,
    repeats: 10,
    span: 200,
  }));
  const seldom = ['b', 'c'].map((customer) => ({ customer, repeats: 10, span: 1000 }));
  const shop = { lifecycle: { model: 'recency' } };

  const { used } = await segmentsOf(stage, [...regulars, ...seldom], shop);
  const { used: own } = await segmentsOf(stage, regulars, shop);

  expect(used.lifecycle).toMatchObject({ at_risk_after: 100, lost_after: 200 });
  expect(own.lifecycle).toMatchObject({ at_risk_after: 20, lost_after: 40 });
});

describe('the lifecycle by recency', () => {
  test('turns at risk the day after at_risk_after and lost the day after lost_after', async () => {
    const ages = [0, 30, 31, 60, 61, 5000];
    const settings = { at_risk_after: '30d', lost_after: '60d', top_share: 0 };

    const lifecycle = await lifecycleOf(
      ages.map((days) => ({ customer: `${days} days`, days })),
      settings,
    );

    expect(lifecycle).toEqual({
      '0 days': 'active',
      '30 days': 'active',
      '31 days': 'at_risk',
      '60 days': 'at_risk',
      '61 days': 'lost',
      '5000 days': 'lost',
    });
  });

  test('looks at orders only: a visit makes nobody active again', async () => {
    expect(await lifecycleOf([{ customer: 'ana', days: 400, active: 1 }])).toEqual({ ana: 'lost' });
  });

  test.each([
    { top_share: 0, top: [] },
    { top_share: 0.1, top: ['c9'] },
    { top_share: 0.3, top: ['c7', 'c8', 'c9'] },
    { top_share: 1, top: TEN.map(({ customer }) => customer) },
  ])('makes the share $top_share of those who spent most top', async ({ top_share, top }) => {
    expect(await topOf(TEN, top_share)).toEqual(top);
  });

  test('takes the share of those neither at risk nor lost, however much the others spent', async () => {
    const gone: Seen[] = [
      { customer: 'rich and at risk', days: 200, revenue: '900' },
      { customer: 'rich and lost', days: 900, revenue: '900' },
    ];

    const lifecycle = await lifecycleOf([...TEN, ...gone], { top_share: 0.2 });

    expect(lifecycle).toMatchObject({ c9: 'top', c8: 'top', c7: 'active' });
    expect(lifecycle).toMatchObject({ 'rich and at risk': 'at_risk', 'rich and lost': 'lost' });
  });

  test('decides ties by what was spent ever; those who still tie at the limit are active together', async () => {
    const tied: Seen[] = [
      ...['e', 'b', 'd', 'a'].map((customer) => ({ customer, revenue: '5', ever: '5' })),
      { customer: 'f', revenue: '5', ever: '80' },
    ];

    expect(await topOf(tied, 0.6)).toEqual(['f']);
    expect(await topOf(tied.toReversed(), 0.6)).toEqual(['f']);
    expect(await topOf(tied, 1)).toEqual(['a', 'b', 'd', 'e', 'f']);
  });

  test('of a shop without customers is empty', async () => {
    expect(await lifecycleOf([])).toEqual({});
  });
});
