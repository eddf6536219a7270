import { expect, test } from 'vitest';
import { byIntegral, bySeries, expectedWhileActive } from '../../../src/models/clv/expected-while-active.ts';

/**
 * The textbook form, c/(a-1) · [1 - 2F1(shape, b; c; z)/(1-z)^-shape] with c = a+b-1, in whole numbers of 2^-700: both
 * power series are summed as they stand. a is moved by 2^-100, away from the places where the form is 0/0.
 */
function textbook(shape: number, s: number, a: number, b: number): number {
  const P = 700n;
  const one = 1n << P;
  const fixed = (value: number): bigint => {
    let halvings = 0n;
    for (; !Number.isInteger(value); halvings++) value *= 2;
    return (BigInt(value) << P) >> halvings;
  };
  const [r, time, above, below] = [fixed(shape), fixed(s), fixed(a) + (1n << (P - 100n)), fixed(b)];
  const z = (time << P) / (one + time);
  const c = above + below - one;
  let [plain, hyper, plainSum, hyperSum] = [one, one, one, one];
  for (let k = 0n; ; k++) {
    const step = ((r + k * one) * z) / (one * (k + 1n));
    plain = (plain * step) >> P;
    hyper = (hyper * step * (below + k * one)) / ((c + k * one) << P);
    plainSum += plain;
    hyperSum += hyper;
    if (step < one && plain * one < (plainSum * (one - step)) >> 150n) break;
  }
  const expected = (c * (one - (hyperSum << P) / plainSum)) / (above - one);
  return Number((expected << 200n) >> P) / 2 ** 200;
}

const PLACES: [what: string, shape: number, s: number, a: number, b: number][] = [
  ['a CDNOW customer', 2.2426, 0.9, 0.7929, 4.4259],
  ['a new CDNOW customer over 10 years', 0.2426, 118, 0.7929, 2.4259],
  ['a = 1', 1.5, 1.3, 1, 3],
  ['a next to 1', 1.5, 1.3, 1 + 2 ** -40, 3],
  ['a + b = 1', 0.3, 2, 0.25, 0.75],
  ['a + b below 1', 0.3, 2, 0.1, 0.2],
  ['a and b tiny', 0.3, 2, 0.001, 0.002],
  ['a tiny', 0.7, 0.5, 1e-6, 2],
  ['b huge', 3.2, 1.1, 0.8, 1e6],
  ['a and b huge', 3.2, 1.1, 900, 40_000],
  ['a tiny horizon', 0.24, 1e-9, 0.79, 2.4],
  ['z next to 1', 0.24, 1000, 0.79, 2.4],
  ['z next to 1 with a = 1 and b tiny', 5.5, 1000, 1, 0.001],
  ['300 purchases', 300.24, 1.3, 0.79, 302.4],
  ['20,000 purchases', 20_000.24, 0.02, 0.79, 20_002.4],
  ['20,000 purchases, as long again', 20_000.24, 1, 0.79, 20_002.4],
  ['20,000 purchases, b huge', 20_000.24, 0.5, 0.05, 1e6],
];

test.each(PLACES)('expected purchases are exact to 12 digits: %s', (_, shape, s, a, b) => {
  expect(expectedWhileActive(shape, s, a, b) / textbook(shape, s, a, b)).toBeCloseTo(1, 12);
});

test('the series and the integral agree to 11 digits wherever both can be computed', () => {
  for (const a of [1e-3, 0.5, 1, 2, 50, 1000])
    for (const b of [1e-3, 0.2, 0.5, 2.4, 1e3, 1e6])
      for (const shape of [0.01, 0.24, 5, 300])
        for (const s of [1e-6, 0.01, 1, 40, 1e4]) {
          if (shape * s > 1e5) continue;
          const ratio = bySeries(shape, s, a, b) / byIntegral(shape, s, a, b);
          expect(Math.abs(ratio - 1), `${shape} ${s} ${a} ${b}`).toBeLessThan(1e-11);
        }
});

test('without dropout the expectation is the rate times the time, in no time it is 0', () => {
  expect(expectedWhileActive(2.5, 3, 0, 1)).toBe(7.5);
  expect(expectedWhileActive(2.5, 0, 0.8, 2)).toBe(0);
});
