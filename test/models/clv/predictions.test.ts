import { describe, expect, test } from 'vitest';
import { expectedOrderValue, gammaGammaLogLikelihood } from '../../../src/models/clv/gamma-gamma.ts';
import { logLikelihood } from '../../../src/models/clv/purchase-likelihood.ts';
import {
  expectedPurchases,
  expectedRepeats,
  pAlive,
  repeatShares,
  TWELVE_MONTHS_IN_WEEKS,
} from '../../../src/models/clv/purchase-model.ts';
import { score } from '../../../src/models/clv/score.ts';
import {
  grouped,
  hasReference,
  meanValues,
  readCustomers,
  readParameters,
  readTable,
  referenceModels,
} from './reference.ts';

/** Reference figures have 10 digits; tolerance 1e-9 of the value, 1e-8 where the customer is as good as gone. */
function expectEqual(actual: number, expected: number, alive: number, what: string): void {
  const tolerance = alive < 1e-6 ? 1e-8 : 1e-9;
  expect(Math.abs(actual - expected), what).toBeLessThanOrEqual(tolerance * Math.abs(expected));
}

describe.skipIf(!hasReference)('CDNOW at the reference parameters', () => {
  const customers = hasReference ? readCustomers() : [];
  const { bg, mbg, gg } = hasReference ? referenceModels() : ({} as ReturnType<typeof referenceModels>);

  test('P(alive), expected purchases, order value and 12-month CLV equal the reference for every customer', () => {
    const scoring = {
      purchases: bg,
      value: { name: 'gamma_gamma', parameters: gg },
      horizon: 39,
      discount: TWELVE_MONTHS_IN_WEEKS,
    } as const;
    expect(customers).toHaveLength(2357);
    for (const customer of customers) {
      const { id, expected } = customer;
      const scored = score(scoring, customer);
      const alive = expected.p_alive!;
      expectEqual(scored.p_alive, alive, alive, `${id} p_alive`);
      expectEqual(scored.expected_purchases, expected.expected_purchases_39w!, alive, `${id} 39 weeks`);
      expectEqual(scored.expected_order_value, expected.expected_average_value!, 1, `${id} value`);
      expectEqual(scored.clv, expected.clv_12m!, alive, `${id} clv`);
      for (const weeks of [4, 13, 26, 52]) {
        const purchases = expectedPurchases(bg, customer, weeks);
        expectEqual(purchases, expected[`expected_purchases_${weeks}w`]!, alive, `${id} ${weeks} weeks`);
      }
      const mbgAlive = expected.mbgnbd_p_alive!;
      expectEqual(pAlive(mbg, customer), mbgAlive, mbgAlive, `${id} MBG/NBD p_alive`);
      const mbgPurchases = expectedPurchases(mbg, customer, 39);
      expectEqual(mbgPurchases, expected.mbgnbd_expected_purchases_39w!, mbgAlive, `${id} MBG/NBD 39 weeks`);
    }
  });

  test('the log-likelihoods equal the reference, in days less the change of unit', () => {
    const { models, counts } = readParameters();
    const histories = grouped(customers);
    expect(logLikelihood(bg, histories)).toBeCloseTo(models.bgnbd.reference.log_likelihood, 6);
    expect(logLikelihood(mbg, histories)).toBeCloseTo(models.mbgnbd.reference.log_likelihood, 6);
    const values = gammaGammaLogLikelihood(gg, meanValues(customers));
    expect(values).toBeCloseTo(models.gammagamma.reference.log_likelihood, 6);

    const inDays = grouped(customers.map(({ x, t_x, T }) => ({ x, t_x: t_x * 7, T: T * 7 })));
    const { parameters } = bg;
    const days = logLikelihood({ ...bg, parameters: { ...parameters, alpha: 7 * parameters.alpha } }, inDays);
    const unit = counts.sum_frequency * Math.log(7);
    expect(days).toBeCloseTo(models.bgnbd.reference.log_likelihood - unit, 6);
  });

  test('cumulative repeat purchases are tracked as expected for 78 weeks, and fall 4.1 % short at the end', () => {
    const firstDays = customers.map(({ T }) => 272 - Math.round(T * 7));
    const tracking = readTable('expected_tracking.csv');
    for (const row of tracking) {
      const end = 7 * Number(row.week) - 1;
      const cumulative = firstDays.reduce(
        (sum, first) => sum + (end > first ? expectedRepeats(bg, (end - first) / 7) : 0),
        0,
      );
      expectEqual(cumulative, Number(row.bgnbd_expected_cumulative), 1, `week ${row.week}`);
    }
    const last = tracking.at(-1)!;
    const [actual, expected] = [
      Number(last.actual_cumulative_repeat_transactions),
      Number(last.bgnbd_expected_cumulative),
    ];
    expect([actual, expected.toFixed(1), (100 * (1 - expected / actual)).toFixed(1)]).toEqual([
      4339,
      '4160.6',
      '4.1',
    ]);
  });

  test('the holdout is forecast by purchase frequency as in the paper: 0.23 for the zero class, which bought 0.24', () => {
    for (const row of readTable('expected_conditional_expectations.csv')) {
      const frequency = row.calibration_frequency!;
      const members = customers.filter(({ x }) => (frequency === '7+' ? x >= 7 : x === Number(frequency)));
      const mean = (of: (customer: (typeof customers)[number]) => number) =>
        members.reduce((sum, customer) => sum + of(customer), 0) / members.length;
      expect(members).toHaveLength(Number(row.customers));
      expectEqual(
        mean((customer) => customer.holdout),
        Number(row.actual_holdout_mean),
        1,
        frequency,
      );
      const bgMean = mean((customer) => expectedPurchases(bg, customer, 39));
      expectEqual(bgMean, Number(row.bgnbd_mean), 1, frequency);
      const mbgMean = mean((customer) => expectedPurchases(mbg, customer, 39));
      expectEqual(mbgMean, Number(row.mbgnbd_mean), 1, frequency);
      if (frequency === '0') expect(bgMean.toFixed(2)).toBe('0.23');
    }
  });

  test('the histogram of repeat purchases fits with the published chi-square of 4.82', () => {
    const actual = Array.from({ length: 8 }, () => 0);
    const expected = Array.from({ length: 8 }, () => 0);
    for (const { x, T } of customers) {
      actual[Math.min(x, 7)]!++;
      repeatShares(bg, T, 7).forEach((share, n) => (expected[n]! += share));
    }
    const chiSquare = actual.reduce((sum, n, i) => sum + (n - expected[i]!) ** 2 / expected[i]!, 0);
    expect(chiSquare.toFixed(2)).toBe('4.82');
  });

  test('the forecasts correlate with what was bought by 0.626, as published', () => {
    const forecasts = customers.map((customer) => expectedPurchases(bg, customer, 39));
    const actual = customers.map(({ holdout }) => holdout);
    const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
    const spread = (a: number[], b: number[]) =>
      a.reduce((sum, value, i) => sum + (value - mean(a)) * (b[i]! - mean(b)), 0);
    const correlation =
      spread(forecasts, actual) / Math.sqrt(spread(forecasts, forecasts) * spread(actual, actual));
    expect(correlation.toFixed(3)).toBe('0.626');
  });
});

test('published examples: one customer over 39 weeks, new customers over time, first ten order values', () => {
  const bg = { name: 'bg_nbd', parameters: { r: 0.24259, alpha: 4.4136, a: 0.79292, b: 2.42591 } } as const;
  expect(expectedPurchases(bg, { x: 2, t_x: 30.43, T: 38.86 }, 39).toFixed(3)).toBe('1.226');
  const published = { 0.1429: 0.0078, 1: 0.0532, 3: 0.1506, 31.8571: 1.0405, 32: 1.0437, 78: 1.8576 };
  for (const [weeks, repeats] of Object.entries(published))
    expect(Math.abs(expectedRepeats(bg, Number(weeks)) - repeats)).toBeLessThan(0.001);
  expect(expectedOrderValue({ p: 6.25, q: 3.74, v: 15.44 }, 2, 22.35)).toBeCloseTo(24.65, 1);
  expect(expectedOrderValue({ p: 6.25, q: 3.74, v: 15.44 }, 0, 0)).toBeCloseTo(35.17, 0);
});
