import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { findCuts, type CutRule } from '../../src/models/cuts.ts';
import { openStage } from '../run/stage.ts';

const stage = openStage();

/** Cuts amounts of money, as they are stored. */
function cut(amounts: readonly string[], rule: Partial<CutRule> = {}) {
  return findCuts(
    stage.engine,
    { cuts: 'quantiles', at: [0.3333, 0.6667], ...rule },
    'toDecimal64(amount, 4)',
    '(SELECT arrayJoin({amounts:Array(String)}) AS amount)',
    { amounts },
  );
}

describe('quantiles', () => {
  test('are the numbers that stand at these shares of the sorted rows', async () => {
    const cents = fc.array(fc.integer({ min: 1, max: 5_000 }), { minLength: 1, maxLength: 80 });
    const share = fc.integer({ min: 1, max: 98 });
    const shares = fc.tuple(share, share).filter(([low, high]) => low < high);

    await fc.assert(
      fc.asyncProperty(cents, shares, async (cents, percents) => {
        const sorted = cents.toSorted((a, b) => a - b);
        const [low, high] = percents.map((percent) => percent / 100) as [number, number];
        const at = (share: number) => String(sorted[Math.floor(share * sorted.length)]! / 100);

        const cuts = await cut(
          cents.map((amount) => (amount / 100).toFixed(2)),
          { at: [low, high] },
        );

        expect(cuts).toEqual({ low: at(low), high: at(high) });
      }),
      { numRuns: 60 },
    );
  });

  test('keep every digit of a large amount', async () => {
    const amounts = ['90071992547409.9301', '90071992547409.9302', '90071992547409.9303'];

    expect(await cut(amounts)).toEqual({ low: '90071992547409.9301', high: '90071992547409.9303' });
  });
});

describe('natural breaks', () => {
  const natural = { cuts: 'natural_breaks' } as const;

  test('part three clumps where they end, however unequal they are', async () => {
    const clump = (from: number, count: number) =>
      Array.from({ length: count }, (_, index) => (from + (index % 7) / 10).toFixed(2));

    const cuts = await cut([...clump(500, 20), ...clump(10, 300), ...clump(120, 40)], natural);

    expect(cuts).toEqual({ low: '120', high: '120.6' });
  });

  test.each([
    { amounts: ['7'], low: '7', high: '7' },
    { amounts: ['7', '7', '9'], low: '7', high: '9' },
  ])('part nothing where there are only $amounts', async ({ amounts, low, high }) => {
    expect(await cut(amounts, natural)).toEqual({ low, high });
  });
});

test('absolute cuts are what the job says, and do not look at the shop', async () => {
  expect(await cut([], { cuts: 'absolute', at: [0.5, 1200] })).toEqual({ low: '0.5', high: '1200' });
});

test('without rows there are no cuts', async () => {
  expect(await cut([])).toBeUndefined();
  expect(await cut([], { cuts: 'natural_breaks' })).toBeUndefined();
});
