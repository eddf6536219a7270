import fc from 'fast-check';
import { expect, test } from 'vitest';
import { listFlows, modelFlows } from '../../src/report/flows.ts';
import { openStage } from '../run/stage.ts';
import { counts, twoDays, type Assigned } from './days.ts';

const stage = openStage();

const TIERS = ['high', 'medium', 'low'].map((name) => `value_tier.${name}`);
const HIGH = ['value_tier.high'];
const LOW = ['value_tier.low'];

async function tierFlows(
  ...days: Parameters<typeof twoDays> extends [unknown, ...infer Rest] ? Rest : never
) {
  const span = await twoDays(stage, ...days);
  const [flows] = await modelFlows(stage.engine, span, TIERS);
  return flows!.cells;
}

test('who stayed, moved, came and went, with their money on both days', async () => {
  const cells = await tierFlows(
    [
      { customer: 'stays', segments: HIGH, revenue_12m: '100.5', clv_12m: '10' },
      { customer: 'falls', segments: HIGH, revenue_12m: '50', clv_12m: '8.25' },
      { customer: 'falls too', segments: HIGH, revenue_12m: '60', clv_12m: '9' },
      { customer: 'goes', segments: LOW, revenue_12m: '1' },
    ],
    [
      { customer: 'stays', segments: HIGH, revenue_12m: '110', clv_12m: '11' },
      { customer: 'falls', segments: LOW, revenue_12m: '20', clv_12m: '2' },
      { customer: 'falls too', segments: LOW, revenue_12m: '10', clv_12m: '1.5' },
      { customer: 'comes', segments: LOW, revenue_12m: '5', clv_12m: '3' },
    ],
  );

  const cell = (
    from: string | null,
    to: string | null,
    customers: number,
    [revenue_before, revenue_after, clv_before, clv_after]: (string | null)[],
  ) => ({ from, to, customers, revenue_before, revenue_after, clv_before, clv_after });
  expect(cells).toEqual([
    cell(null, 'value_tier.low', 1, ['0', '5', null, '3']),
    cell('value_tier.high', 'value_tier.high', 1, ['100.5', '110', '10', '11']),
    cell('value_tier.high', 'value_tier.low', 2, ['110', '30', '17.25', '3.5']),
    cell('value_tier.low', null, 1, ['1', '0', null, null]),
  ]);
});

test('somebody whose name changed meanwhile is still the same', async () => {
  const cells = await tierFlows(
    [{ customer: 'email:ana@example.com', segments: LOW, revenue_12m: '5' }],
    [{ customer: 'customer:shop:7', segments: HIGH, revenue_12m: '90' }],
    { 'customer:shop:7': 'customer:shop:7', 'email:ana@example.com': 'customer:shop:7' },
  );

  expect(counts(cells)).toEqual(['value_tier.low > value_tier.high: 1']);
  expect(cells[0]).toMatchObject({ revenue_before: '5', revenue_after: '90' });
});

test('two who turned out to be one count once: with the money of both, from the better segment', async () => {
  const cells = await tierFlows(
    [
      { customer: 'email:ana@example.com', segments: LOW, revenue_12m: '500', clv_12m: '20' },
      { customer: 'email:ana@work.example', segments: HIGH, revenue_12m: '5', clv_12m: '1' },
    ],
    [{ customer: 'customer:shop:7', segments: HIGH, revenue_12m: '505', clv_12m: '19' }],
    { 'email:ana@example.com': 'customer:shop:7', 'email:ana@work.example': 'customer:shop:7' },
  );

  expect(counts(cells)).toEqual(['value_tier.high > value_tier.high: 1']);
  expect(cells[0]).toMatchObject({ revenue_before: '505', clv_before: '21' });
});

test('each model has a matrix of its own, and lists their comings and goings', async () => {
  const span = await twoDays(
    stage,
    [
      { customer: 'a', segments: ['lifecycle.top', 'value_tier.low', 'custom.shoes', 'custom.vip'] },
      { customer: 'b', segments: ['lifecycle.top', 'value_tier.low', 'custom.shoes'], revenue_12m: '7' },
      { customer: 'c', segments: ['lifecycle.lost', 'value_tier.low'] },
    ],
    [
      { customer: 'a', segments: ['lifecycle.lost', 'value_tier.low', 'custom.shoes'] },
      { customer: 'b', segments: ['lifecycle.top', 'value_tier.low'], revenue_12m: '3' },
      { customer: 'c', segments: ['lifecycle.lost', 'value_tier.low', 'custom.shoes'] },
    ],
  );

  const flows = await modelFlows(stage.engine, span, ['lifecycle.top', 'lifecycle.lost', ...TIERS]);
  const lists = await listFlows(stage.engine, span, ['custom.vip', 'custom.nobody', 'custom.shoes']);

  expect(flows.map(({ model, cells }) => [model, counts(cells)])).toEqual([
    [
      'lifecycle',
      [
        'lifecycle.lost > lifecycle.lost: 1',
        'lifecycle.top > lifecycle.lost: 1',
        'lifecycle.top > lifecycle.top: 1',
      ],
    ],
    ['value_tier', ['value_tier.low > value_tier.low: 3']],
  ]);
  expect(
    lists.map(({ segment, stayed, joined, left }) => [
      segment,
      stayed.customers,
      joined.customers,
      left.customers,
    ]),
  ).toEqual([
    ['custom.vip', 0, 0, 1],
    ['custom.shoes', 1, 1, 1],
  ]);
  expect(lists[1]!.left).toMatchObject({ revenue_before: '7', revenue_after: '3', clv_after: null });
});

test('there may be more lists than a number has bits', async () => {
  const lists = Array.from({ length: 130 }, (_, index) => `custom.list${index}`);
  const span = await twoDays(
    stage,
    [{ customer: 'a', segments: lists }],
    [{ customer: 'a', segments: lists.filter((_, index) => index % 2 === 0) }],
  );

  const flows = await listFlows(stage.engine, span, lists);

  expect(flows.map(({ segment, stayed, left }) => [segment, stayed.customers, left.customers])).toEqual(
    lists.map((name, index) => (index % 2 === 0 ? [name, 1, 0] : [name, 0, 1])),
  );
});

const people = fc.uniqueArray(
  fc.record({
    customer: fc.integer({ min: 0, max: 12 }).map((number) => `c${number}`),
    segments: fc.constantFrom('high', 'medium', 'low').map((name) => [`value_tier.${name}`]),
    revenue_12m: fc.integer({ min: 0, max: 99_999 }).map((cents) => String(cents / 100)),
  }),
  { selector: ({ customer }) => customer },
);

test('the rows of a matrix add up to the segments of the first day, the columns to those of the second', async () => {
  await fc.assert(
    fc.asyncProperty(people, people, async (before, after) => {
      const cells = await tierFlows(before, after);

      const sizes = (end: 'from' | 'to', money: 'revenue_before' | 'revenue_after') =>
        sums(
          cells
            .filter((cell) => cell[end])
            .map((cell) => [cell[end]!, cell.customers, Number(cell[money])] as const),
        );
      const expected = (day: Assigned[]) =>
        sums(day.map(({ segments, revenue_12m }) => [segments[0]!, 1, Number(revenue_12m)] as const));
      expect(sizes('from', 'revenue_before')).toEqual(expected(before));
      expect(sizes('to', 'revenue_after')).toEqual(expected(after));
      const everybody = new Set([...before, ...after].map(({ customer }) => customer));
      expect(cells.reduce((sum, { customers }) => sum + customers, 0)).toBe(everybody.size);
    }),
    { numRuns: 25 },
  );
});

/** Customers and cents by segment. */
function sums(rows: readonly (readonly [string, number, number])[]): Record<string, [number, number]> {
  const all: Record<string, [number, number]> = {};
  for (const [segment, customers, money] of rows) {
    const [count, cents] = all[segment] ?? [0, 0];
    all[segment] = [count + customers, cents + Math.round(money * 100)];
  }
  return all;
}
