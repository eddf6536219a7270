import { describe, expect, test } from 'vitest';
import { fitGammaGamma, fitPurchases } from '../../../src/models/clv/fit.ts';
import { TWELVE_MONTHS_IN_WEEKS } from '../../../src/models/clv/purchase-model.ts';
import { score } from '../../../src/models/clv/score.ts';
import { grouped, hasReference, meanValues, readCustomers, readParameters } from './reference.ts';
import { simulate } from './world.ts';

describe.skipIf(!hasReference)('CDNOW', () => {
  const customers = hasReference ? readCustomers() : [];
  const histories = grouped(customers);
  const values = meanValues(customers);
  const { models, aggregates_of_expected_customers: sums } = hasReference
    ? readParameters()
    : ({ models: {} } as ReturnType<typeof readParameters>);

  test.each([
    ['BG/NBD', () => fitPurchases('bg_nbd', histories), models.bgnbd, 2357],
    ['MBG/NBD', () => fitPurchases('mbg_nbd', histories), models.mbgnbd, 2357],
    ['Gamma-Gamma', () => fitGammaGamma(values), models.gammagamma, 946],
  ])(
    '%s: the fit reaches the reference maximum, its standard errors and the published table',
    (_, run, known, size) => {
      const fit = run();

      expect(fit).toMatchObject({ converged: true, customers: size });
      expect(fit.edge).toBeUndefined();
      expect(fit.log_likelihood - known.reference.log_likelihood).toBeGreaterThan(-1e-6);
      expect(fit.log_likelihood - known.reference.log_likelihood).toBeLessThan(1e-6);
      for (const [name, value] of Object.entries(fit.parameters)) {
        const of = (record: object) => (record as Record<string, number>)[name]!;
        expect(value / of(known.reference.params), name).toBeCloseTo(1, 6);
        expect(of(fit.standard_errors) / of(known.reference.standard_errors), name).toBeCloseTo(1, 5);
        const digits = String(of(known.published.params)).split('.')[1]!.length;
        expect(Number(value.toFixed(digits)), name).toBe(of(known.published.params));
      }
    },
  );

  test('predictions at the own fit add up to those of the reference', () => {
    const scoring = {
      purchases: fitPurchases('bg_nbd', histories),
      value: fitGammaGamma(values),
      horizon: 39,
      discount: TWELVE_MONTHS_IN_WEEKS,
    };
    const total = { p_alive: 0, expected_purchases: 0, expected_order_value: 0, clv: 0 };
    for (const customer of customers) {
      const scored = score(scoring, customer);
      for (const name of Object.keys(total) as (keyof typeof total)[]) total[name] += scored[name];
      expect(Math.abs(scored.clv / customer.expected.clv_12m! - 1)).toBeLessThan(1e-3);
    }
    expect(total.p_alive / sums.p_alive!.sum).toBeCloseTo(1, 6);
    expect(total.expected_purchases / sums.expected_purchases_39w!.sum).toBeCloseTo(1, 6);
    expect(total.expected_order_value / sums.expected_average_value!.sum).toBeCloseTo(1, 6);
    expect(total.clv / sums.clv_12m!.sum).toBeCloseTo(1, 6);
  });

  test('a fit takes less than 50 ms once warm', () => {
    const seconds = Array.from({ length: 7 }, () => {
      const start = performance.now();
      fitPurchases('mbg_nbd', histories);
      fitGammaGamma(values);
      return performance.now() - start;
    });
    expect(Math.min(...seconds)).toBeLessThan(50);
  });
});

test('customers who never leave are fitted by the NBD, and the limit is named', () => {
  const world = simulate({ name: 'nbd', parameters: { r: 0.8, alpha: 4 } }, 3000);
  for (const name of ['mbg_nbd', 'bg_nbd'] as const) {
    const fit = fitPurchases(name, grouped(world));
    expect(fit).toMatchObject({ name: 'nbd', edge: 'nbd_limit', converged: true });
    expect(fit.parameters.r).toBeCloseTo(0.8, 1);
    expect(fit.parameters).not.toHaveProperty('a');
  }
});

test.each(['mbg_nbd', 'bg_nbd'] as const)(
  'a simulated %s world gives its parameters back within their errors',
  (name) => {
    const truth = { r: 0.6, alpha: 5, a: 0.9, b: 2.5 };
    const fit = fitPurchases(name, grouped(simulate({ name, parameters: truth }, 20_000)));
    expect(fit.name).toBe(name);
    for (const key of ['r', 'alpha', 'a', 'b'] as const) {
      const error = fit.standard_errors[key]!;
      const found = (fit.parameters as typeof truth)[key];
      expect(Math.abs(found - truth[key]), key).toBeLessThan(4 * error);
      expect(error / truth[key], key).toBeLessThan(0.2);
    }
  },
);
