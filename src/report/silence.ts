import { DateTime } from 'luxon';

/** How many records a source has of a day (ISO date). */
export type DayCount = { day: string; records: number };

/** The gaps of so many days before the last record are what is usual. */
const USUAL_OVER_DAYS = 90;
/** With fewer days than this nothing is usual yet. */
const FEWEST_DAYS = 8;
const SILENT_AFTER_GAPS = 3;
const SILENT_AFTER_DAYS = 3;

/**
 * Whether a source went silent: its last record lies back more than three times the longest gap between two days with
 * records in the 90 days before that, and more than three days.
 * @param days those with records, the first first
 * @param today ISO date
 * @returns for how many days it has been silent, and the longest gap before; nothing where it is not
 */
export function silentDays(
  days: readonly DayCount[],
  today: string,
): { days: number; usual: number } | undefined {
  const last = days.at(-1)?.day;
  if (last === undefined) return undefined;
  const recent = days.filter(({ day }) => daysBetween(day, last) <= USUAL_OVER_DAYS);
  if (recent.length < FEWEST_DAYS) return undefined;
  const gaps = recent.slice(1).map(({ day }, index) => daysBetween(recent[index]!.day, day));
  const usual = Math.max(...gaps);
  const silent = daysBetween(last, today);
  return silent > Math.max(SILENT_AFTER_DAYS, SILENT_AFTER_GAPS * usual)
    ? { days: silent, usual }
    : undefined;
}

/** Four weeks hold every weekday as often as the four before. */
const WINDOW_DAYS = 28;
/** Smaller numbers halve by chance. */
const FEWEST_RECORDS = 50;

/**
 * Whether a source shrank: it has fewer than half as many records of the last 28 days as of the 28 before, which had at
 * least 50.
 * @returns both numbers; nothing where it did not
 */
export function dropInRecords(
  days: readonly DayCount[],
  today: string,
): { records: number; before: number } | undefined {
  const between = (from: number, to: number) =>
    days
      .filter(({ day }) => daysBetween(day, today) >= from && daysBetween(day, today) < to)
      .reduce((sum, { records }) => sum + records, 0);
  const records = between(0, WINDOW_DAYS);
  const before = between(WINDOW_DAYS, 2 * WINDOW_DAYS);
  return before >= FEWEST_RECORDS && records < before / 2 ? { records, before } : undefined;
}

function daysBetween(from: string, to: string): number {
  return DateTime.fromISO(to, { zone: 'UTC' }).diff(DateTime.fromISO(from, { zone: 'UTC' }), 'days').days;
}
