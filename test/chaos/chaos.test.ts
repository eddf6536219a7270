import { expect, test } from 'vitest';
import { MAY_MOUNT } from './stand.ts';
import { tableOf } from './table.ts';
import { tell, type Told } from './tell.ts';

/** Chosen so that every kind of blow and of trouble comes in one of them. */
const SEEDS = [1254, 2345, 2929];
const BLOWS = ['jump', 'kill', 'kill_engine', 'sleep', 'terminate'];
const TROUBLE = [
  'around broken_job',
  'around small_memory',
  'guests',
  'source half_written',
  'source vanished',
];

test('shops whose daemon is killed, starved and lied to lose nothing', { timeout: 1_800_000 }, async () => {
  const told: Told[] = [];
  for (const seed of SEEDS) told.push(await tell(seed, 2));

  const table = tableOf(told);
  expect(told.flatMap(({ seed, losses }) => losses.map((loss) => `seed ${seed}: ${loss}`))).toEqual([]);
  const blows = new Set(Object.keys(table.by_point).map((name) => name.split(' ')[0]));
  // A full disk takes a user who may mount one.
  expect([...blows].toSorted()).toEqual([...BLOWS, ...(MAY_MOUNT ? ['fill_disk'] : [])].toSorted());
  expect(Object.keys(table.by_other)).toEqual(expect.arrayContaining(TROUBLE));
  expect(Object.keys(table.by_fault)).toEqual(
    expect.arrayContaining(['garbage', 'slow', 'spoilt_member', 'throttled']),
  );
});
