import { expect, test } from 'vitest';
import { openPace } from '../../connectors/facebook/pace.ts';
import { usageOf } from '../../connectors/facebook/usage.ts';
import { business, MINUTE, openClock } from './facebook-clock.ts';

/** Makes calls for `hours`, some at a time, against a rolling hour's quota of which some calls are used already. */
async function callFor(
  hours: number,
  key: string,
  used: readonly number[],
  { quota = 5_000, at_a_time = 1 } = {},
) {
  const { clock, now, pass } = openClock(0);
  const pace = openPace({ account: key, app: `${key} app` }, new AbortController().signal, clock);
  const calls = [...used];
  let made = 0;
  let most = 0;
  while (now() < hours * 60 * MINUTE) {
    const turns = await Promise.all(Array.from({ length: at_a_time }, () => pace.turn()));
    while (calls[0] !== undefined && calls[0] <= now() - 60 * MINUTE) calls.shift();
    calls.push(...turns.map(now));
    made += turns.length;
    const call_count = Math.floor((100 * calls.length) / quota);
    most = Math.max(most, call_count);
    for (const ended of turns) {
      pace.heard(usageOf(business({ call_count })));
      ended();
    }
    // A call takes some time of its own.
    pass(50);
  }
  return { made, most };
}

const evenly = (count: number) => Array.from({ length: count }, (_, i) => (i / count - 1) * 60 * MINUTE);

test.each<[string, { quota?: number; at_a_time?: number }]>([
  ['one at a time', { at_a_time: 1 }],
  ['four at a time', { at_a_time: 4 }],
  ['each taking much', { quota: 400 }],
])('a quota used evenly is used to more than 95 %%, and never up: %s', async (how, options) => {
  const { quota = 5_000 } = options;

  const { made, most } = await callFor(3, how, evenly(0.8 * quota), options);

  expect(most).toBeLessThan(100);
  expect(made / 3).toBeGreaterThan(0.95 * quota);
});

test('calls of which each takes a great share slow down before the last one', async () => {
  const { most } = await callFor(0.15, 'great', evenly(26), { quota: 33 });

  // All of it may be used, and no more.
  expect(most).toBeLessThanOrEqual(100);
});

test('whoever calls next keeps the distance too, also before the call before is answered', async () => {
  const { clock, waits } = openClock();
  const pace = openPace({ account: 'spaced', app: 'spaced app' }, new AbortController().signal, clock);
  pace.heard(usageOf(business({ call_count: 97 })));

  await pace.turn();
  await pace.turn();

  expect(waits).toHaveLength(2);
  expect(waits[0]).toBeGreaterThan(100);
  expect(waits[1]).toBe(waits[0]);
});

test('a quota of which most was used at once lasts until that grows back', async () => {
  const used = Array.from({ length: 3_500 }, () => 0);

  const { made, most } = await callFor(0.99, 'at once', used);

  expect(most).toBeLessThan(100);
  expect(made).toBeGreaterThan(0.95 * 1_500);
});

test('once a full quota is free again, nothing is waited for', async () => {
  const { clock, waits, pass } = openClock();
  const pace = openPace({ account: 'freed', app: 'freed app' }, new AbortController().signal, clock);
  pace.heard(usageOf(business({ call_count: 100 })));
  pass(60 * MINUTE);

  (await pace.turn())();
  pace.heard(usageOf(business({ call_count: 2 })));
  (await pace.turn())();

  expect(waits).toEqual([]);
});

test('a budget that no header speaks of costs no wait', async () => {
  const { clock, waits } = openClock();
  const pace = openPace({ account: 'three', app: 'three app' }, new AbortController().signal, clock);

  for (const header of [{}, undefined, null, business({ call_count: 79 }), { 'x-app-usage': 'not JSON' }]) {
    (await pace.turn())();
    pace.heard(usageOf(header));
  }

  await pace.turn();
  expect(waits).toEqual([]);
});
