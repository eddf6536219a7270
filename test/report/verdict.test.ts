import { expect, test } from 'vitest';
import { expectedByWeek } from '../../src/report/tracking.ts';
import { expectedRepeats, type PurchaseModel } from '../../src/models/clv/purchase-model.ts';
import { judge, missText } from '../../src/report/verdict.ts';

test.each([
  [1000, 1100, 'good', '10.0 % too many purchases expected'],
  [1000, 880, 'fair', '12.0 % too few purchases expected'],
  [1000, 1301, 'poor', '30.1 % too many purchases expected'],
  [1000, 500, 'poor', '50.0 % too few purchases expected'],
  [1000, 1000, 'good', 'as many purchases expected as made'],
])('%i made and %i expected is %s', (actual, expected, verdict, words) => {
  const outcome = judge(actual, expected);

  expect(outcome.verdict).toBe(verdict);
  expect(outcome.error).toBeCloseTo(expected / actual - 1);
  expect(missText(outcome)).toBe(words);
});

test('a shop that sells little is not blamed for what chance explains', () => {
  expect(judge(6, 10).verdict).toBe('fair');
  expect(judge(600, 1000).verdict).toBe('poor');
});

test('where nothing was bought there is no share, and a verdict all the same', () => {
  expect(judge(0, 3)).toMatchObject({ error: null, verdict: 'fair' });
  expect(judge(0, 30)).toMatchObject({ error: null, verdict: 'poor' });
  expect(judge(0, 0)).toMatchObject({ error: null, verdict: 'good' });
  expect(missText(judge(0, 30))).toBe('30 purchases expected and none made');
});

test('a customer counts from the day after the first purchase, each for the days until the week ends', () => {
  const model: PurchaseModel = { name: 'nbd', parameters: { r: 0.5, alpha: 7 } };
  const firstDays = [
    { day: 0, customers: 2 },
    { day: 6, customers: 5 },
    { day: 8, customers: 1 },
  ];

  const [first, second, third] = expectedByWeek(model, firstDays, 3) as [number, number, number];

  expect(first).toBeCloseTo(2 * expectedRepeats(model, 6 / 7), 12);
  expect(second).toBeCloseTo(
    2 * expectedRepeats(model, 13 / 7) + 5 * expectedRepeats(model, 1) + expectedRepeats(model, 5 / 7),
    12,
  );
  expect(third).toBeGreaterThan(second);
});
