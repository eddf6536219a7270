import { expect, test } from 'vitest';
import { differenceOfShares, wilson } from '../../src/report/lift.ts';

test.for([
  [81, 263, 0.2553, 0.3662],
  [15, 148, 0.0624, 0.1605],
  [0, 20, 0, 0.1611],
  [1, 29, 0.0061, 0.1718],
] as const)(
  "Wilson's interval of %i in %i is that of Newcombe's first table",
  ([buyers, customers, low, high]) => {
    const found = wilson({ buyers, customers });

    expect(found.low).toBeCloseTo(low, 4);
    expect(found.high).toBeCloseTo(high, 4);
  },
);

test.for([
  [56, 70, 48, 80, 0.0524, 0.3339],
  [9, 10, 3, 10, 0.1705, 0.809],
  [6, 7, 2, 7, 0.0582, 0.8062],
  [5, 56, 0, 29, -0.0381, 0.1926],
  [0, 10, 0, 20, -0.1611, 0.2775],
  [0, 10, 0, 10, -0.2775, 0.2775],
  [10, 10, 0, 20, 0.6791, 1],
  [10, 10, 0, 10, 0.6075, 1],
] as const)(
  'the interval of %i/%i - %i/%i is that of Newcombe (1998), method 10',
  ([a, m, b, n, low, high]) => {
    const found = differenceOfShares({ buyers: a, customers: m }, { buyers: b, customers: n });

    expect(found.value).toBeCloseTo(a / m - b / n, 12);
    expect(found.low).toBeCloseTo(low, 4);
    expect(found.high).toBeCloseTo(high, 4);
  },
);
