import { expect, test } from 'vitest';
import { tableOf } from './table.ts';
import { tell } from './tell.ts';

/** Chosen so that together they hold blows of most kinds, faults, and a source that fails. */
const SEEDS = [21, 26, 27];

test('shops whose daemon is killed, starved and lied to lose nothing', { timeout: 240_000 }, async () => {
  const told = [];
  for (const seed of SEEDS) told.push(await tell(seed, 2));
  const table = tableOf(told);

  expect(told.flatMap(({ seed, losses }) => losses.map((loss) => `seed ${seed}: ${loss}`))).toEqual([]);
  expect(Object.keys(table.by_point).map((name) => name.split(' ')[0])).toEqual(
    expect.arrayContaining(['kill', 'terminate']),
  );
  expect(table.faults).toBeGreaterThan(5);
});
