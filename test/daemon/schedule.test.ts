import fc from 'fast-check';
import { DateTime } from 'luxon';
import { expect, test } from 'vitest';
import { dueTimes, nextRuns } from '../../src/daemon/schedule.ts';

const DAY_MS = 86_400_000;
const job = (schedule: string, timezone = 'Europe/Bucharest') => ({ schedule, timezone });

function next(now: string, schedule: string, { count = 3, zone = 'Europe/Bucharest' } = {}): string[] {
  return nextRuns(job(schedule, zone), count, Date.parse(now)).map((time) => time.replace('.000Z', 'Z'));
}

test('five in the morning stays five in the morning when the clocks change', () => {
  // Summer time ends on 25 October 2026 and begins on 28 March 2027.
  expect(next('2026-10-23T12:00:00Z', '0 5 * * *')).toEqual([
    '2026-10-24T02:00:00Z',
    '2026-10-25T03:00:00Z',
    '2026-10-26T03:00:00Z',
  ]);
  expect(next('2027-03-26T12:00:00Z', '0 5 * * *')).toEqual([
    '2027-03-27T03:00:00Z',
    '2027-03-28T02:00:00Z',
    '2027-03-29T02:00:00Z',
  ]);
});

test('a time that the clocks skip comes at the first moment after the gap, and once if several are skipped', () => {
  for (const schedule of ['30 3 * * *', '10,40 3 * * *']) {
    const [first] = next('2027-03-27T12:00:00Z', schedule, { count: 1 });
    expect(first, schedule).toBe('2027-03-28T01:00:00Z');
  }
  expect(next('2027-03-27T12:00:00Z', '10,40 3 * * *')).toEqual([
    '2027-03-28T01:00:00Z',
    '2027-03-29T00:10:00Z',
    '2027-03-29T00:40:00Z',
  ]);
});

test('a time that the clocks show twice comes the first time', () => {
  expect(next('2026-10-24T12:00:00Z', '30 3 * * *', { count: 2 })).toEqual([
    '2026-10-25T00:30:00Z',
    '2026-10-26T01:30:00Z',
  ]);
});

test('a schedule of every hour goes by what passes: in both of the hours shown twice, not in a skipped one', () => {
  const every = (from: string, until: string, schedule: string) =>
    [...dueTimes(job(schedule), Date.parse(from), Date.parse(until))].length;

  expect(every('2026-10-24T20:59:59Z', '2026-10-25T21:59:59Z', '0 * * * *')).toBe(25);
  expect(every('2027-03-27T21:59:59Z', '2027-03-28T20:59:59Z', '*/15 */1 * * *')).toBe(23 * 4);
});

test('a day that a zone leaves out altogether is made up for as it ends', () => {
  // Samoa went from the 29th to the 31st of December 2011.
  expect(next('2011-12-29T00:00:00Z', '0 5 * * *', { zone: 'Pacific/Apia' })).toEqual([
    '2011-12-29T15:00:00Z',
    '2011-12-30T10:00:00Z',
    '2011-12-30T15:00:00Z',
  ]);
});

test('midnight is kept where the clocks change at midnight', () => {
  // Santiago puts them on from 24:00 on 5 September 2026, and back from 24:00 on 4 April 2026 to 23:00.
  const zone = 'America/Santiago';
  expect(next('2026-09-05T12:00:00Z', '0 0 * * *', { count: 2, zone })).toEqual([
    '2026-09-06T04:00:00Z',
    '2026-09-07T03:00:00Z',
  ]);
  expect(next('2026-04-04T12:00:00Z', '30 23 * * *', { count: 2, zone })).toEqual([
    '2026-04-05T02:30:00Z',
    '2026-04-06T03:30:00Z',
  ]);
});

test('days are those of cron: weekdays, last days, lists and steps', () => {
  expect(next('2026-11-20T12:00:00Z', '0 6 * * 1', { count: 2 })).toEqual([
    '2026-11-23T04:00:00Z',
    '2026-11-30T04:00:00Z',
  ]);
  expect(next('2028-02-01T12:00:00Z', '0 0 L * *', { count: 2, zone: 'UTC' })).toEqual([
    '2028-02-29T00:00:00Z',
    '2028-03-31T00:00:00Z',
  ]);
  expect(next('2026-11-20T12:00:00Z', '0 6 29 2 *', { count: 1, zone: 'UTC' })).toEqual([
    '2028-02-29T06:00:00Z',
  ]);
});

test('a job without a schedule is never due', () => {
  expect(nextRuns({ schedule: undefined, timezone: 'UTC' }, 5)).toEqual([]);
});

/** Both half-years, gaps of half an hour and at midnight, no change at all, and one that changed its mind. */
const ZONES = [
  'UTC',
  'Europe/Bucharest',
  'America/New_York',
  'Australia/Lord_Howe',
  'America/Santiago',
  'Africa/Casablanca',
];
const DAILY = ['0 5 * * *', '30 2 * * *', '0 0 * * *', '15 1 * * 1-5', '45 23 * * *', '30 2,3 1,15 * *'];
const [FIRST, LAST] = [Date.UTC(2020, 0, 1), Date.UTC(2030, 0, 1)];

test.each(ZONES)(
  'ten years in %s: every time of day comes once on each of its days, and nothing else does',
  (zone) => {
    for (const schedule of DAILY) {
      const times = [...dueTimes(job(schedule, zone), FIRST, LAST)];
      const expected = expectedIn(schedule, zone);
      expect(times.length, schedule).toBeGreaterThan(0);
      expect(times, schedule).toEqual(expected);
    }
  },
);

/** The stated rule by luxon: on days on which the clocks change, minute by minute. */
function expectedIn(schedule: string, zone: string): number[] {
  const [minute, hours, dates, , weekdays] = schedule.split(' ');
  const times = new Set<number>();
  let day = DateTime.fromMillis(FIRST, { zone }).startOf('day').minus({ days: 1 });
  for (; day.toMillis() < LAST + DAY_MS; day = day.plus({ days: 1 }).startOf('day')) {
    if (dates !== '*' && ![1, 15].includes(day.day)) continue;
    if (weekdays !== '*' && day.weekday > 5) continue;
    for (const hour of hours!.split(',')) times.add(firstShowing(day, Number(hour) * 60 + Number(minute)));
  }
  return [...times].filter((time) => time > FIRST && time <= LAST).toSorted((a, b) => a - b);
}

/** The first moment of a day at which its clock shows so many minutes after midnight, or more where it skips them. */
function firstShowing(day: DateTime, minutes: number): number {
  const tomorrow = day.plus({ days: 1 }).startOf('day');
  if (tomorrow.toMillis() - day.toMillis() === DAY_MS) return day.toMillis() + minutes * 60_000;
  let at = day;
  while (at < tomorrow && at.hour * 60 + at.minute < minutes) at = at.plus({ minutes: 1 });
  return at.toMillis();
}

test('whatever the zone and the fields, times come in order, each of them later than asked and once', () => {
  const zones = Intl.supportedValuesOf('timeZone');
  fc.assert(
    fc.property(
      fc.constantFrom(...zones),
      fc.constantFrom('0 5 * * *', '*/20 * * * *', '59 23 * * *', '0 */6 * * *', '30 0-3 * * *'),
      fc.integer({ min: Date.UTC(1990, 0, 1), max: Date.UTC(2037, 0, 1) }),
      (zone, schedule, after) => {
        const times = [...dueTimes(job(schedule, zone), after, after + 20 * DAY_MS)];
        expect(times).toEqual([...new Set(times)].toSorted((a, b) => a - b));
        expect(times.length).toBeGreaterThan(18);
        expect(times[0]).toBeGreaterThan(after);
        const half = after + 10 * DAY_MS;
        const parts = [
          ...dueTimes(job(schedule, zone), after, half),
          ...dueTimes(job(schedule, zone), half, after + 20 * DAY_MS),
        ];
        expect(parts).toEqual(times);
      },
    ),
    { numRuns: 300 },
  );
});
