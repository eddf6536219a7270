import { describe, expect, test } from 'vitest';
import { dropInRecords, silentDays } from '../../src/report/silence.ts';

/** Days with so many records each, every `step` days, the last of them at `until`. */
function days(until: string, count: number, { step = 1, records = 10 } = {}) {
  const last = Date.parse(until);
  return Array.from({ length: count }, (_, index) => ({
    day: new Date(last - (count - 1 - index) * step * 86_400_000).toISOString().slice(0, 10),
    records,
  }));
}

describe('a source that went silent', () => {
  test.each([
    ['daily orders, silent for three days', 1, '2026-03-04', undefined],
    ['daily orders, silent for four days', 1, '2026-03-05', { days: 4, usual: 1 }],
    ['weekly orders, silent for three weeks', 7, '2026-03-22', undefined],
    ['weekly orders, silent for three weeks and a day', 7, '2026-03-23', { days: 22, usual: 7 }],
  ])('%s', (_, step, today, silence) => {
    expect(silentDays(days('2026-03-01', 12, { step }), today)).toEqual(silence);
  });

  test('gaps of longer ago than 90 days are not usual any more', () => {
    const holiday = days('2025-09-01', 30);
    expect(silentDays([...holiday, ...days('2026-03-01', 60)], '2026-03-10')).toEqual({ days: 9, usual: 1 });
  });

  test('nothing is said of a source with few days, or none', () => {
    expect(silentDays(days('2026-01-01', 7), '2026-03-01')).toBeUndefined();
    expect(silentDays([], '2026-03-01')).toBeUndefined();
  });
});

describe('a source that shrank', () => {
  const before = days('2026-02-28', 28, { records: 4 });

  test.each([
    ['to less than half', 1.9, { records: expect.closeTo(53.2), before: 112 }],
    ['to half', 2, undefined],
    ['not at all', 4, undefined],
  ])('%s', (_, records, drop) => {
    expect(dropInRecords([...before, ...days('2026-03-28', 28, { records })], '2026-03-28')).toEqual(drop);
  });

  test('nothing is said of few records, which halve by chance', () => {
    expect(dropInRecords(days('2026-02-28', 28, { records: 1 }), '2026-03-28')).toBeUndefined();
  });

  test('a day of summer time is a day like any other', () => {
    expect(dropInRecords(days('2026-04-10', 56, { records: 4 }), '2026-04-10')).toBeUndefined();
  });
});
