import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Condition } from '../../../src/daemon/alerts/condition.ts';
import { due, type Listener, type Telling } from '../../../src/daemon/alerts/due.ts';

const MINUTE = 60_000;
const START = Date.UTC(2026, 2, 1);
const KINDS = ['failed', 'held', 'stale'] as const;

const aCondition = (kind: (typeof KINDS)[number], key: string, at: number): Condition => ({
  kind,
  key,
  what: `${key} is wrong.`,
  since: new Date(at).toISOString(),
});

type Event = { at: number; state: 'open' | 'recovered' };

/** Plays looks, one a step, and keeps what each channel took of each condition. */
function play(
  steps: readonly { minutes: number; open: ReadonlySet<string>; down: ReadonlySet<string> }[],
  channels: readonly Omit<Listener, 'failing'>[],
  kindOf: (key: string) => (typeof KINDS)[number],
) {
  let now = START;
  let told: Telling[] = [];
  const failing = new Map<string, NonNullable<Listener['failing']>>();
  const events = new Map<string, Event[]>();
  const looks: { now: number; open: ReadonlySet<string>; reached: Set<string> }[] = [];
  for (const { minutes, open, down } of steps) {
    now += minutes * MINUTE;
    const at = new Date(now).toISOString();
    const conditions = [...open].map((key) => aCondition(kindOf(key), key, now));
    const listeners = channels.map((one) => ({ ...one, failing: failing.get(one.id) }));
    const reached = new Set(channels.map(({ id }) => id).filter((id) => !failing.has(id) && !down.has(id)));
    for (const { channel, news } of due(conditions, told, listeners, now)) {
      if (down.has(channel)) {
        const { attempts = 0, since = at } = failing.get(channel) ?? {};
        failing.set(channel, { attempts: attempts + 1, since, last: at, owed: true });
        continue;
      }
      failing.delete(channel);
      reached.add(channel);
      for (const { state, condition } of news) {
        const place = `${channel} ${condition.key}`;
        events.set(place, [...(events.get(place) ?? []), { at: now, state }]);
        const { kind, key, what, since } = condition;
        told = told.filter((one) => one.channel !== channel || one.key !== key);
        if (state === 'open') told.push({ kind, key, what, since, channel, at });
      }
    }
    looks.push({ now, open, reached });
  }
  return { events, looks };
}

const KEYS = ['a', 'b', 'c'];
const kindOf = (key: string) => KINDS[KEYS.indexOf(key)]!;

const anyChannels = fc
  .array(
    fc.record({
      on: fc.subarray([...KINDS], { minLength: 1 }).map((kinds) => new Set<string>(kinds)),
      remind_ms: fc.integer({ min: 1, max: 200 }).map((minutes) => minutes * MINUTE),
    }),
    { minLength: 1, maxLength: 3 },
  )
  .map((channels) => channels.map((channel, index) => ({ ...channel, id: `channel-${index}` })));

const steps = (down: fc.Arbitrary<string[]>) =>
  fc.array(
    fc.record({
      minutes: fc.integer({ min: 1, max: 90 }),
      open: fc.subarray(KEYS).map((keys) => new Set(keys)),
      down: down.map((ids) => new Set(ids)),
    }),
    { maxLength: 40 },
  );

test('every channel hears of what it wants once, again after each remind span, and once that it is over', () => {
  fc.assert(
    fc.property(anyChannels, steps(fc.constant([])), (channels, all) => {
      const { events, looks } = play(all, channels, kindOf);
      for (const { id, on, remind_ms } of channels) {
        for (const key of KEYS) {
          const expected: Event[] = [];
          let heard: number | undefined;
          for (const { now, open } of looks) {
            if (!on.has(kindOf(key))) continue;
            const is = open.has(key);
            if (is && (heard === undefined || now - heard >= remind_ms)) {
              expected.push({ at: now, state: 'open' });
              heard = now;
            }
            if (is || heard === undefined) continue;
            expected.push({ at: now, state: 'recovered' });
            heard = undefined;
          }
          expect(events.get(`${id} ${key}`) ?? []).toEqual(expected);
        }
      }
    }),
  );
});

test('whatever channels fail meanwhile, one that is reached again knows just what is wrong', () => {
  const some = steps(fc.subarray(['channel-0', 'channel-1', 'channel-2']));
  fc.assert(
    fc.property(anyChannels, some, (channels, all) => {
      const { events, looks } = play(all, channels, kindOf);
      const { now, open, reached } = looks.at(-1) ?? { now: 0, open: new Set(), reached: new Set() };
      for (const { id, on } of channels.filter((one) => reached.has(one.id))) {
        for (const key of KEYS) {
          const mine = events.get(`${id} ${key}`) ?? [];
          expect(mine.at(-1)?.state === 'open').toBe(open.has(key) && on.has(kindOf(key)));
          expect(mine.every(({ at }) => at <= now)).toBe(true);
          expect(mine[0]?.state).not.toBe('recovered');
          for (const [index, { state }] of mine.entries())
            if (state === 'recovered') expect(mine[index - 1]?.state).toBe('open');
        }
      }
    }),
  );
});

const LISTENER: Listener = { id: 'ops', on: new Set(['failed', 'channel']), remind_ms: 60 * MINUTE };
const at = (minutes: number) => new Date(START + minutes * MINUTE).toISOString();

test('a channel that fails is left alone for a minute, then for twice as long each time, up to an hour', () => {
  const conditions = [aCondition('failed', 'a', START)];
  const rests = [1, 2, 3, 4, 5, 6, 7, 8, 20].map((attempts) => {
    const failing = { attempts, since: at(0), last: at(0), owed: true };
    for (let minutes = 1; ; minutes += 1)
      if (due(conditions, [], [{ ...LISTENER, failing }], START + minutes * MINUTE).length > 0)
        return minutes;
  });

  expect(rests).toEqual([1, 2, 4, 8, 16, 32, 60, 60, 60]);
});

test('a channel that has missed something, and nothing is left to tell, is told that it works again', () => {
  const failing = { attempts: 1, since: at(0), last: at(0), owed: true };
  const later = START + 5 * MINUTE;

  expect(due([], [], [{ ...LISTENER, failing }], later)).toMatchObject([
    { channel: 'ops', news: [{ state: 'recovered', condition: { kind: 'channel', since: at(0) } }] },
  ]);
  expect(due([], [], [{ ...LISTENER, failing: { ...failing, owed: false } }], later)).toEqual([]);
});

test('nothing is told of a channel through itself', () => {
  const down: Condition = { ...aCondition('failed', 'channel:ops', START), kind: 'channel', channel: 'ops' };
  const other = { ...LISTENER, id: 'other' };

  expect(due([down], [], [LISTENER, other], START).map(({ channel }) => channel)).toEqual(['other']);
});

test('what there is nothing to do about is told once and not again', () => {
  const known = { ...aCondition('failed', 'a', START), once: true as const };
  const { kind, key, what, since } = known;
  const told = { kind, key, what, since, channel: 'ops', at: at(0) };

  expect(due([known], [], [LISTENER], START)).toHaveLength(1);
  expect(due([known], [told], [LISTENER], START + 1000 * MINUTE)).toEqual([]);
});

test('what may soon be over is news to nobody, and not over for those who know', () => {
  const waiting = { ...aCondition('failed', 'a', START), waits: true as const };
  const { kind, key, what, since } = waiting;
  const told = { kind, key, what, since, channel: 'ops', at: at(0) };

  expect(due([waiting], [], [LISTENER], START)).toEqual([]);
  expect(due([waiting], [told], [LISTENER], START + 1000 * MINUTE)).toEqual([]);
  expect(due([], [told], [LISTENER], START)).toHaveLength(1);
});

test('a reminder says since when it has been so, whatever the latest look takes for the beginning', () => {
  const told = { kind: 'failed' as const, key: 'a', what: 'a', since: at(0), channel: 'ops', at: at(10) };
  const [message] = due(
    [aCondition('failed', 'a', START + 90 * MINUTE)],
    [told],
    [LISTENER],
    START + 90 * MINUTE,
  );

  expect(message?.news[0]?.condition.since).toBe(at(0));
});

test('a clock that was put back by a year silences nobody', () => {
  const told = {
    kind: 'failed' as const,
    key: 'a',
    what: 'a',
    since: at(0),
    channel: 'ops',
    at: at(525_600),
  };

  expect(due([aCondition('failed', 'a', START)], [told], [LISTENER], START)).toHaveLength(1);
});
