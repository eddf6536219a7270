import fc from 'fast-check';
import { expect, test } from 'vitest';
import { fitGammaGamma, fitPurchases } from '../../../src/models/clv/fit.ts';
import { expectedOrderValue } from '../../../src/models/clv/gamma-gamma.ts';
import {
  discountedIfActive,
  type DropoutModel,
  expectedPurchases,
  expectedRepeats,
  type History,
  pAlive,
  type PurchaseModel,
  repeatShares,
} from '../../../src/models/clv/purchase-model.ts';
import { grouped, meanValues } from './reference.ts';
import { random, simulate, simulateMean } from './world.ts';

const dice = random(7);
const TRUTH = { name: 'mbg_nbd', parameters: { r: 0.6, alpha: 5, a: 0.9, b: 2.5 } } as const;
const SHOP = simulate(TRUTH, 3000, dice).map((history) => ({
  ...history,
  // Whole days, as a shop has them; the last purchase may fall on today.
  t_x: Math.ceil(history.t_x * 7) / 7,
  T: Math.ceil(history.T * 7) / 7,
  mean: simulateMean({ p: 6, q: 4, v: 15 }, history.x, dice),
}));

const positive = (most: number) =>
  fc.double({ min: Math.log(1e-3), max: Math.log(most), noNaN: true }).map(Math.exp);
const dropoutModel: fc.Arbitrary<DropoutModel> = fc.record({
  name: fc.constantFrom('mbg_nbd' as const, 'bg_nbd' as const),
  parameters: fc.record({ r: positive(100), alpha: positive(1e4), a: positive(100), b: positive(1e5) }),
});
const model: fc.Arbitrary<PurchaseModel> = fc.oneof(
  dropoutModel,
  fc.record({
    name: fc.constant('nbd' as const),
    parameters: fc.record({ r: positive(100), alpha: positive(1e4) }),
  }),
);
const history: fc.Arbitrary<History> = fc
  .record({
    x: fc.oneof(fc.nat(5), fc.nat(20_000)),
    T: fc.double({ min: 0, max: 1000, noNaN: true }),
    share: fc.double({ min: 0, max: 1, noNaN: true }),
  })
  .map(({ x, T, share }) => ({ x, T, t_x: x ? share * T : 0 }));
const time = fc.double({ min: 1e-6, max: 1000, noNaN: true });

function expectClose(actual: number, expected: number, tolerance: number): void {
  expect(Math.abs(actual - expected)).toBeLessThanOrEqual(tolerance * Math.abs(expected));
}

test('nobody is more than certainly active, and in no time nobody buys', () => {
  fc.assert(
    fc.property(model, history, (model, history) => {
      const alive = pAlive(model, history);
      expect(alive >= 0 && alive <= 1).toBe(true);
      expect(expectedPurchases(model, history, 0)).toBe(0);
    }),
  );
});

test('more time brings more purchases, never more than the rate alone would', () => {
  fc.assert(
    fc.property(model, history, time, (model, { x, T }, t) => {
      // A customer who bought today: where P(alive) underflows, 0 would not grow.
      const now = { x, t_x: x ? T : 0, T };
      const [less, more] = [expectedPurchases(model, now, t), expectedPurchases(model, now, 1.5 * t)];
      // In the end everybody has left, and the last digit stands still.
      expect(more).toBeGreaterThanOrEqual(less * (1 - 1e-11));
      const { r, alpha } = model.parameters;
      expect(more).toBeLessThanOrEqual((((r + x) * 1.5 * t) / (alpha + T)) * (1 + 1e-9));
    }),
  );
});

test('a customer of the shop is expected to buy more with every week', () => {
  for (const customer of SHOP.slice(0, 20)) {
    let last = 0;
    for (let weeks = 1; weeks <= 520; weeks++) {
      const purchases = expectedPurchases(TRUTH, customer, weeks);
      expect(purchases).toBeGreaterThan(last);
      last = purchases;
    }
  }
});

test('the longer a customer is silent, the less likely they are active; a one-time buyer stays so under BG/NBD', () => {
  fc.assert(
    fc.property(dropoutModel, history, time, (model, history, t) => {
      const later = pAlive(model, { ...history, T: history.T + t });
      expect(later).toBeLessThanOrEqual(pAlive(model, history));
      if (model.name === 'bg_nbd' && history.x === 0) expect(later).toBe(1);
    }),
  );
});

test('as dropout goes to zero, every number goes to that of the NBD', () => {
  fc.assert(
    fc.property(dropoutModel, history, time, ({ name, parameters: { r, alpha } }, { x, T }, t) => {
      const now = { x: x + 1, t_x: T, T };
      const almost = { name, parameters: { r, alpha, a: 1e-15, b: 10 } };
      const never: PurchaseModel = { name: 'nbd', parameters: { r, alpha } };
      expectClose(pAlive(almost, now), 1, 1e-12);
      expectClose(expectedPurchases(almost, now, t), expectedPurchases(never, now, t), 1e-9);
    }),
  );
});

test('the shares of customers by purchases add up to one and to the expected purchases', () => {
  for (const name of ['mbg_nbd', 'bg_nbd'] as const) {
    const model = { name, parameters: { r: 0.6, alpha: 5, a: 0.9, b: 2.5 } };
    const shares = repeatShares(model, 20, 400);
    expectClose(
      shares.reduce((sum, share) => sum + share, 0),
      1,
      1e-12,
    );
    expectClose(
      shares.reduce((sum, share, n) => sum + share * n, 0),
      expectedRepeats(model, 20),
      1e-9,
    );
  }
});

test('without interest the discounted purchases of a year are the expected ones, with interest fewer', () => {
  fc.assert(
    fc.property(model, history, (model, history) => {
      const at = (monthly_rate: number) =>
        discountedIfActive(model, history, { months: 12, month: 4, monthly_rate });
      expectClose(at(0) * pAlive(model, history), expectedPurchases(model, history, 48), 1e-9);
      expect(at(0.01)).toBeLessThan(at(0));
    }),
  );
});

test('neither the order of rows nor how customers are grouped changes the fit', () => {
  const fit = fitPurchases('mbg_nbd', grouped(SHOP));
  const reversed = fitPurchases('mbg_nbd', grouped(SHOP.toReversed()));
  const one = grouped(SHOP.slice(0, 1));
  const single = grouped([]);
  for (const key of ['x', 't_x', 'T'] as const)
    Object.assign(single, {
      [key]: (one[key].constructor as typeof Float64Array).from(SHOP, (row) => row[key]),
    });
  const ungrouped = fitPurchases('mbg_nbd', { ...single, count: new Uint32Array(SHOP.length).fill(1) });

  for (const other of [reversed, ungrouped]) {
    expectClose(other.log_likelihood, fit.log_likelihood, 1e-12);
    for (const [name, value] of Object.entries(fit.parameters))
      expectClose((other.parameters as Record<string, number>)[name]!, value, 1e-7);
  }
});

test('in days or in weeks, the fit predicts the same; only alpha and the constant change', () => {
  const weeks = fitPurchases('mbg_nbd', grouped(SHOP));
  const inDays = SHOP.map(({ x, t_x, T }) => ({ x, t_x: t_x * 7, T: T * 7 }));
  const days = fitPurchases('mbg_nbd', grouped(inDays));

  expectClose(days.parameters.alpha, 7 * weeks.parameters.alpha, 1e-7);
  const repeats = SHOP.reduce((sum, { x }) => sum + x, 0);
  expectClose(days.log_likelihood, weeks.log_likelihood - repeats * Math.log(7), 1e-12);
  SHOP.slice(0, 100).forEach((history, i) => {
    expectClose(pAlive(days, inDays[i]!), pAlive(weeks, history), 1e-7);
    expectClose(expectedPurchases(days, inDays[i]!, 273), expectedPurchases(weeks, history, 39), 1e-7);
  });
});

test('money counted in cents gives the same values in cents', () => {
  const euros = fitGammaGamma(meanValues(SHOP));
  const cents = fitGammaGamma(meanValues(SHOP.map(({ x, mean }) => ({ x, mean: mean * 100 }))));

  expectClose(cents.parameters.p, euros.parameters.p, 1e-7);
  expectClose(cents.parameters.q, euros.parameters.q, 1e-7);
  for (const { x, mean } of SHOP.slice(0, 100)) {
    const value = expectedOrderValue(euros.parameters, x, mean);
    expectClose(expectedOrderValue(cents.parameters, x, mean * 100), 100 * value, 1e-7);
  }
});

test('a customer with many purchases is worth their own mean, one with none the mean of all', () => {
  const parameters = { p: 6, q: 4, v: 15 };
  expectClose(expectedOrderValue(parameters, 20_000, 80), 80, 1e-3);
  expect(expectedOrderValue(parameters, 0, 0)).toBe(30);
});
