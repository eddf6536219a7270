import { expect, test } from 'vitest';
import { modelFlows } from '../../src/report/flows.ts';
import { modelMoves } from '../../src/report/moves.ts';
import { openStage } from '../run/stage.ts';
import { twoDays, type Assigned } from './days.ts';

const stage = openStage();

const TIERS = ['high', 'medium', 'low'].map((name) => `value_tier.${name}`);

/** Customers of a tier, named `<tier>0`, `<tier>1` …, with a CLV each. */
function tier(name: string, clv: readonly (number | null)[], revenue: readonly number[] = []): Assigned[] {
  return clv.map((value, index) => ({
    customer: `${name}${index}`,
    segments: [`value_tier.${name}`],
    clv_12m: value === null ? null : String(value),
    revenue_12m: String(revenue[index] ?? 0),
  }));
}

function was(name: string, customers: readonly string[]): Assigned[] {
  return customers.map((customer) => ({ customer, segments: [`value_tier.${name}`] }));
}

async function tierMoves(before: Assigned[], after: Assigned[]) {
  const span = await twoDays(stage, before, after);
  const flows = await modelFlows(stage.engine, span, TIERS);
  const [moves] = await modelMoves(stage.engine, span, flows);
  return moves!;
}

test('a move is worth the difference of the means, with the interval of Welch', async () => {
  const { value, moves } = await tierMoves(
    [],
    [...tier('low', [1, 2, 4]), ...tier('high', [10, 12, 11, 15])],
  );

  // R: t.test(c(10, 12, 11, 15), c(1, 2, 4)): 95 percent confidence interval 6.082162 13.251172, df = 5.
  expect(value).toBe('clv_12m');
  expect(moves).toEqual([
    { ...between('high', 'low'), worth: '-9.67', low: '-13.25', high: '-6.08', moved: 0, money: '0' },
    { ...between('low', 'high'), worth: '9.67', low: '6.08', high: '13.25', moved: 0, money: '0' },
  ]);
});

function between(from: string, to: string) {
  return { from: `value_tier.${from}`, to: `value_tier.${to}` };
}

test('moves are ranked by the money of those who made them; moves down add up to what was lost', async () => {
  // Means: high 100, medium 40, low 10.
  const after = [
    ...tier('high', [90, 100, 110]),
    ...tier('medium', [30, 40, 50, 40]),
    ...tier('low', [5, 10, 15]),
  ];
  const before = [
    ...was('medium', ['high0', 'low0', 'low1', 'low2', 'medium0']),
    ...was('high', ['medium1', 'high1', 'high2']),
    ...was('low', ['medium2']),
    // medium3 is new.
  ];

  const { moves, gained, lost } = await tierMoves(before, after);

  expect(
    moves.map(({ from, to, worth, moved, money }) =>
      [from.split('.')[1], to.split('.')[1], worth, moved, money].join(' '),
    ),
  ).toEqual([
    'medium low -30 3 -90',
    'high medium -60 1 -60',
    'medium high 60 1 60',
    'low medium 30 1 30',
    'high low -90 0 0',
    'low high 90 0 0',
  ]);
  expect(gained).toEqual({ customers: 2, money: '90' });
  expect(lost).toEqual({ customers: 4, money: '150' });
});

test('without any CLV customers are valued by the revenue of twelve months, and the answer says so', async () => {
  const { value, moves } = await tierMoves(was('low', ['high0']), [
    ...tier('high', [null, null], [100, 120.5]),
    ...tier('low', [null, null], [10, 20]),
  ]);

  expect(value).toBe('revenue_12m');
  expect(moves[0]).toMatchObject({ ...between('low', 'high'), worth: '95.25', moved: 1, money: '95.25' });
});

test('where there is nothing to compare, nothing is claimed', async () => {
  // A single customer has no variance; nobody is left in medium to take a mean of.
  const { moves, lost } = await tierMoves(was('medium', ['low0']), [
    ...tier('high', [50]),
    ...tier('low', [5, 5]),
  ]);

  expect(moves).toEqual([
    { ...between('high', 'low'), worth: '-45', low: null, high: null, moved: 0, money: '0' },
    { ...between('low', 'high'), worth: '45', low: null, high: null, moved: 0, money: '0' },
    { ...between('medium', 'low'), worth: null, low: null, high: null, moved: 1, money: null },
  ]);
  expect(lost).toEqual({ customers: 0, money: '0' });
  expect(await tierMoves([], [])).toEqual({
    model: 'value_tier',
    value: 'revenue_12m',
    moves: [],
    gained: { customers: 0, money: '0' },
    lost: { customers: 0, money: '0' },
  });
});
