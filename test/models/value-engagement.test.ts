import { describe, expect, test } from 'vitest';
import { aBuyer, openStage } from '../run/stage.ts';
import { segmentsOf, type Seen } from './customers.ts';

const stage = openStage();

const ABSOLUTE = {
  value: { cuts: 'absolute', at: [50, 200] },
  engagement: { cuts: 'absolute', at: ['30d', '180d'] },
};

async function assigned(customers: Seen[], value_engagement: object = {}) {
  const answer = await segmentsOf(stage, customers, { value_engagement });
  return { segments: answer.value_engagement, cuts: answer.used.value_engagement };
}

describe('value and engagement', () => {
  test('make seven segments of nine cells, and a number on a cut is medium', async () => {
    const values = { low: '49.9999', medium: '50', high: '200.0001' };
    const ages = { high: 29, medium: 180, low: 181 };
    const cells = Object.entries(values).flatMap(([value, revenue]) =>
      Object.entries(ages).map(([engagement, active]) => ({
        customer: `${value} ${engagement}`,
        revenue,
        active,
      })),
    );
    const edges = [
      { customer: 'upper edge of value', revenue: '200', active: 29 },
      { customer: 'lower edge of engagement', revenue: '10', active: 30 },
    ];

    const { segments } = await assigned([...cells, ...edges], ABSOLUTE);

    expect(segments).toEqual({
      'high high': 'true_champions',
      'high medium': 'faithful_supporters',
      'high low': 'spenders_at_risk',
      'medium high': 'excited_shoppers',
      'medium medium': 'average_buyers',
      'medium low': 'average_buyers',
      'low high': 'curious_entrants',
      'low medium': 'average_buyers',
      'low low': 'silent_quitters',
      'upper edge of value': 'excited_shoppers',
      'lower edge of engagement': 'average_buyers',
    });
  });

  test('make of the cells what the grid of the job says; those that it leaves out stay', async () => {
    const grid = {
      medium: { low: 'spenders_at_risk' },
      low: { high: 'average_buyers', low: 'curious_entrants' },
    };
    const cells = [
      { customer: 'medium low', revenue: '50', active: 181 },
      { customer: 'low medium', revenue: '1', active: 30 },
      { customer: 'low high', revenue: '1', active: 1 },
      { customer: 'low low', revenue: '1', active: 181 },
      { customer: 'high low', revenue: '900', active: 181 },
      { customer: 'medium high', revenue: '50', active: 1 },
    ];

    const { segments } = await assigned(cells, { ...ABSOLUTE, grid });

    expect(segments).toEqual({
      'medium low': 'spenders_at_risk',
      'low medium': 'average_buyers',
      'low high': 'average_buyers',
      'low low': 'curious_entrants',
      'high low': 'spenders_at_risk',
      'medium high': 'excited_shoppers',
    });
  });

  test('are cut in thirds of the customers unless the job says otherwise', async () => {
    const customers = Array.from({ length: 9 }, (_, index) => ({
      customer: `c${index}`,
      revenue: `${index + 1}.50`,
      active: 10 * (index + 1),
    }));

    const { cuts } = await assigned(customers);

    expect(cuts).toEqual({ value: { low: '3.5', high: '7.5' }, engagement: { low: '30', high: '70' } });
  });

  test('never part customers with equal numbers: where all are equal, all are medium', async () => {
    const customers = ['a', 'b', 'c', 'd', 'e', 'f'].map((customer) => ({
      customer,
      revenue: '20',
      active: 12,
    }));

    for (const cuts of ['quantiles', 'natural_breaks']) {
      const { segments } = await assigned(customers, { value: { cuts }, engagement: { cuts } });
      expect(new Set(Object.values(segments))).toEqual(new Set(['average_buyers']));
    }
  });

  test('of a single customer are medium', async () => {
    expect((await assigned([{ customer: 'ana', revenue: '20', active: 3 }])).segments).toEqual({
      ana: 'average_buyers',
    });
  });

  test('are low in value for all who spent nothing in the window, and cut among the others', async () => {
    const spenders = Array.from({ length: 9 }, (_, index) => ({
      customer: `s${index}`,
      revenue: `${index + 1}`,
    }));
    const silent = Array.from({ length: 30 }, (_, index) => ({
      customer: `z${index}`,
      active: 1,
      days: 500,
    }));

    const { segments, cuts } = await assigned([...spenders, ...silent], {
      engagement: { cuts: 'absolute', at: ['30d', '180d'] },
    });

    expect(cuts).toMatchObject({ value: { low: '3', high: '7' } });
    expect(silent.map(({ customer }) => segments[customer])).toEqual(silent.map(() => 'curious_entrants'));
    expect(segments).toMatchObject({ s0: 'curious_entrants', s4: 'excited_shoppers', s8: 'true_champions' });
  });

  test('are low in value for all where nobody spent anything', async () => {
    const customers = [1, 2, 3, 4, 5, 6].map((active) => ({ customer: `c${active}`, active }));

    const { segments } = await assigned(customers);

    expect(segments).toMatchObject({ c1: 'curious_entrants', c4: 'average_buyers', c6: 'silent_quitters' });
  });

  test('of nothing are low also where low ends at nothing', async () => {
    const value = { cuts: 'absolute', at: [0, 100] };

    const { segments } = await assigned(
      [
        { customer: 'none', active: 1 },
        { customer: 'some', active: 1, revenue: '1' },
      ],
      { ...ABSOLUTE, value },
    );

    expect(segments).toEqual({ none: 'curious_entrants', some: 'excited_shoppers' });
  });

  test('count what was spent in the window of the job', async () => {
    const value = { cuts: 'absolute', at: [50, 200], window: '30d' };
    const shop = stage.shop({ segments: { value_engagement: { ...ABSOLUTE, value } } });
    const spent = (name: string, ordered_at: string) => aBuyer(name, { goods: '500.00', ordered_at });
    shop.holds([spent('ana', '2026-03-01T12:00:00.000Z'), spent('bo', '2026-03-02T12:00:00.000Z')]);

    const { segments } = await shop.run('2026-03-31');

    const found = segments.filter(({ customers }) => customers > 0);
    expect(found).toMatchObject([
      { segment: 'value_engagement.true_champions', customers: 1, revenue_12m: '500' },
      { segment: 'value_engagement.average_buyers', customers: 1, revenue_12m: '500' },
    ]);
  });

  test('of a shop without customers are empty', async () => {
    expect((await assigned([])).segments).toEqual({});
  });
});
