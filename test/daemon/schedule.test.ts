import { afterEach, expect, test, vi } from 'vitest';
import { missedRuns, nextRuns } from '../../src/daemon/schedule.ts';

const bucharest = (schedule: string) => ({ name: 'shop', schedule, timezone: 'Europe/Bucharest' });

afterEach(() => vi.useRealTimers());

function nextAt(now: string, schedule: string, count = 3): string[] {
  vi.useFakeTimers({ now: new Date(now), toFake: ['Date'] });
  return nextRuns(bucharest(schedule), count);
}

function missed(since: string, until: string, schedule: string): string[] {
  const times = missedRuns(bucharest(schedule), Date.parse(since), Date.parse(until));
  return times.map((time) => time.toISOString());
}

test('five in the morning stays five in the morning when the clocks change', () => {
  // Summer time ends on 25 October 2026 and begins on 28 March 2027.
  expect(nextAt('2026-10-23T12:00:00Z', '0 5 * * *')).toEqual([
    '2026-10-24T02:00:00.000Z',
    '2026-10-25T03:00:00.000Z',
    '2026-10-26T03:00:00.000Z',
  ]);
  expect(nextAt('2027-03-26T12:00:00Z', '0 5 * * *')).toEqual([
    '2027-03-27T03:00:00.000Z',
    '2027-03-28T02:00:00.000Z',
    '2027-03-29T02:00:00.000Z',
  ]);
});

test('a time that the clocks skip is left out that day, one they show twice comes once', () => {
  expect(nextAt('2027-03-27T00:00:00Z', '30 3 * * *')).toEqual([
    '2027-03-27T01:30:00.000Z',
    '2027-03-29T00:30:00.000Z',
    '2027-03-30T00:30:00.000Z',
  ]);
  expect(nextAt('2026-10-24T12:00:00Z', '30 3 * * *', 2)).toEqual([
    '2026-10-25T01:30:00.000Z',
    '2026-10-26T01:30:00.000Z',
  ]);
});

test('what was missed is what would have run, also when the clocks changed meanwhile', () => {
  for (const schedule of ['30 3 * * *', '0 5 * * *', '15 3,4 * * *', '0 6 * * 1']) {
    for (const since of ['2026-10-23T12:00:00.000Z', '2027-03-26T12:00:00.000Z']) {
      const expected = nextAt(since, schedule, 4);
      vi.useRealTimers();
      expect(missed(since, expected.at(-1)!, schedule), `${schedule} from ${since}`).toEqual(expected);
    }
  }
});

test('the run that was the last is not missed, and a run due now is', () => {
  expect(missed('2026-11-20T03:00:00.000Z', '2026-11-21T02:59:59.999Z', '0 5 * * *')).toEqual([]);
  expect(missed('2026-11-20T03:00:00.000Z', '2026-11-21T03:00:00.000Z', '0 5 * * *')).toEqual([
    '2026-11-21T03:00:00.000Z',
  ]);
});

test('of a long time off, a month is looked back upon', () => {
  expect(missed('2020-01-01T00:00:00Z', '2026-11-22T12:00:00Z', '0 5 * * *')).toHaveLength(31);
});

test('a job without a schedule has no next runs and missed none', () => {
  const job = { name: 'shop', schedule: undefined, timezone: 'UTC' };

  expect(nextRuns(job, 5)).toEqual([]);
  expect(missedRuns(job, 0, Date.now())).toEqual([]);
});
