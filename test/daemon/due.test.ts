import fc from 'fast-check';
import { expect, test } from 'vitest';
import { dueOf, isStillDue, ON_TIME_MS, overdueSince, seenUpTo } from '../../src/daemon/due.ts';
import { dueTimes } from '../../src/daemon/schedule.ts';
import type { PastRuns } from '../../src/run/scheduled-runs.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const at = (iso: string) => Date.parse(`${iso}Z`);
const FIVE = { schedule: '0 5 * * *', timezone: 'UTC' };
const MODES = ['once', 'all', 'skip'] as const;

/** What is due, in words, for a daily job at five whose last run ended so. */
function due(
  catch_up: (typeof MODES)[number],
  past: PastRuns,
  now: string,
): { run: string[]; missed: number } {
  const job = { ...FIVE, catch_up };
  const { run, missed } = dueOf(job, past, seenUpTo(undefined, past, at(now)), at(now));
  return { run: run.map((time) => new Date(time).toISOString().slice(0, 16)), missed: missed.length };
}

test('on time, a job runs once, whatever it does about missed times', () => {
  const past = { handled: at('2026-11-20T05:04:00') };
  for (const mode of MODES) {
    expect(due(mode, past, '2026-11-21T04:59:59').run, mode).toEqual([]);
    expect(due(mode, past, '2026-11-21T05:00:00'), mode).toEqual({ run: ['2026-11-21T05:00'], missed: 0 });
  }
});

test('of three days off, `once` runs once, `all` for each and `skip` not at all', () => {
  const past = { handled: at('2026-11-20T05:04:00') };
  const now = '2026-11-23T12:00:00';

  expect(due('once', past, now)).toEqual({ run: ['2026-11-23T05:00'], missed: 2 });
  expect(due('skip', past, now)).toEqual({ run: [], missed: 3 });
  expect(due('all', past, now).run).toEqual(['2026-11-21T05:00', '2026-11-22T05:00', '2026-11-23T05:00']);
});

test('`skip` still runs for a time that is only just past', () => {
  const past = { handled: at('2026-11-20T05:04:00') };

  expect(due('skip', past, '2026-11-22T05:04:59')).toEqual({ run: ['2026-11-22T05:00'], missed: 1 });
});

test('an interrupted run is done again, also under `skip`, unless a later time has come', () => {
  const past = { handled: at('2026-11-20T05:04:00'), interrupted: at('2026-11-21T05:00:00') };
  const seen = at('2026-11-21T05:00:00');
  for (const catch_up of MODES) {
    const { run } = dueOf({ ...FIVE, catch_up }, past, seen, at('2026-11-21T09:00:00'));
    expect(run, catch_up).toEqual([seen]);
  }
  expect(due('skip', past, '2026-11-23T09:00:00').run).toEqual(['2026-11-23T05:00']);
});

test('of a long time off, a month is looked back upon', () => {
  const past = { handled: at('2020-01-01T00:00:00') };

  expect(due('all', past, '2026-11-22T12:00:00').run).toHaveLength(31);
});

test('a job that has never run missed nothing, and is not overdue', () => {
  expect(due('all', {}, '2026-11-22T12:00:00')).toEqual({ run: [], missed: 0 });
  expect(overdueSince({ ...FIVE, catch_up: 'once' }, {}, at('2026-11-22T12:00:00'))).toBeUndefined();
});

test('a clock put back a little runs nothing again, put back far it begins anew', () => {
  const handled = at('2026-11-21T05:04:00');
  const job = { ...FIVE, catch_up: 'once' as const };
  const later = (now: string) => {
    const seen = seenUpTo(handled, { handled }, at(now));
    return dueOf(job, { handled }, seen, at(now) + DAY).run.map((time) => new Date(time).toISOString());
  };

  expect(dueOf(job, { handled }, handled, at('2026-11-21T05:00:00')).run).toEqual([]);
  expect(isStillDue({ handled }, at('2026-11-21T05:00:00'), at('2026-11-21T05:00:00'))).toBe(false);
  expect(later('2026-11-11T12:00:00')).toEqual(['2026-11-12T05:00:00.000Z']);
  expect(isStillDue({ handled }, at('2026-11-12T05:00:00'), at('2026-11-12T05:00:00'))).toBe(true);
});

test('a time that nothing came of is told of after a quarter of an hour', () => {
  const job = { ...FIVE, catch_up: 'skip' as const };
  const past = { handled: at('2026-11-20T05:04:00') };

  expect(overdueSince(job, past, at('2026-11-21T05:14:59'))).toBeUndefined();
  expect(overdueSince(job, past, at('2026-11-21T05:15:00'))).toBe(at('2026-11-21T05:00:00'));
  expect(
    overdueSince(job, { handled: at('2026-11-21T05:20:00') }, at('2026-11-22T05:00:00')),
  ).toBeUndefined();
});

const ZONES = [
  'UTC',
  'Europe/Bucharest',
  'America/New_York',
  'Australia/Lord_Howe',
  'Asia/Kolkata',
  'Pacific/Auckland',
];

/** A daemon that looks every so often, is off now and then, and runs for so long each time. */
const life = fc.record({
  zone: fc.constantFrom(...ZONES),
  schedule: fc.constantFrom('0 5 * * *', '30 2 * * *', '0 */6 * * *', '15 1 * * 1'),
  catch_up: fc.constantFrom(...MODES),
  start: fc.integer({ min: Date.UTC(2020, 0, 1), max: Date.UTC(2029, 0, 1) }),
  steps: fc.array(
    fc.record({
      /** How long until it looks again, and whether it forgets all it did not write down. */
      wait: fc.oneof(
        {
          weight: 20,
          arbitrary: fc.integer({ min: 1000, max: 4 * MINUTE }).map((ms) => ({ ms, off: false })),
        },
        { weight: 3, arbitrary: fc.integer({ min: HOUR, max: 3 * DAY }).map((ms) => ({ ms, off: true })) },
        { weight: 1, arbitrary: fc.integer({ min: HOUR, max: 2 * DAY }).map((ms) => ({ ms, off: false })) },
      ),
      took: fc.integer({ min: 1000, max: 20 * MINUTE }),
    }),
    { minLength: 50, maxLength: 400 },
  ),
});

test('however often it is off or asleep, each time is run for once, passed over by a run, or missed as the job says', () => {
  let times = 0;
  fc.assert(
    fc.property(life, ({ zone, schedule, catch_up, start, steps }) => {
      const job = { schedule, timezone: zone, catch_up };
      const past: PastRuns = { handled: start };
      const runs: { due: number; from: number; to: number; on_time: boolean }[] = [];
      const missed: number[] = [];
      let [now, seen] = [start, undefined as number | undefined];
      for (const { wait, took } of steps) {
        now += wait.ms;
        if (wait.off) seen = undefined;
        const upTo = seenUpTo(seen, past, now);
        const decided = dueOf(job, past, upTo, now);
        seen = Math.max(upTo, ...decided.run, ...decided.missed);
        missed.push(...decided.missed);
        for (const [index, due] of decided.run.entries()) {
          runs.push({ due, from: now, to: now + took, on_time: now - due <= ON_TIME_MS });
          now += took;
          past.handled = index < decided.run.length - 1 ? due : now;
        }
      }
      const asked = [...dueTimes(job, start, now)];
      const ran = runs.map(({ due }) => due);
      const passed = asked.filter((time) => runs.some(({ from, to }) => time > from && time <= to));
      times += asked.length;
      expect(ran).toEqual([...new Set(ran)]);
      for (const time of asked) {
        const seenTo =
          ran.includes(time) || missed.includes(time) || passed.includes(time) || time > (seen ?? 0);
        expect(seenTo, `${new Date(time).toISOString()} is run for, passed over or missed`).toBe(true);
        if (catch_up === 'all') expect(missed).toEqual([]);
      }
      if (catch_up === 'skip') expect(runs.every(({ on_time }) => on_time)).toBe(true);
      expect(ran.every((time) => asked.includes(time))).toBe(true);
    }),
    { numRuns: 150 },
  );
  expect(times).toBeGreaterThan(1000);
});
