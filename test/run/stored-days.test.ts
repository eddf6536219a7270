import { expect, test } from 'vitest';
import { thinned } from '../../src/run/stored-days.ts';

const days = (count: number) => Array.from({ length: count }, (_, index) => index);

test.each([0, 1, 3, 4, 5, 8, 9, 400])('%i days are thinned out evenly, and the last stays', (count) => {
  const left = thinned(days(count), 4);

  expect(left.length).toBeLessThanOrEqual(4);
  expect(left.at(-1)).toBe(days(count).at(-1));
  if (count <= 4) expect(left).toEqual(days(count));
  else {
    expect(left.length).toBeGreaterThan(2);
    const gaps = left.slice(1).map((day, index) => day - left[index]!);
    expect(new Set(gaps).size).toBe(1);
  }
});
