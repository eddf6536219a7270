export const DAY = 86_400_000;
const HOUR = 3_600_000;

/** The shop's first and last day, as midnight UTC of the shop's own date. */
export const FIRST_DAY = Date.UTC(2023, 10, 16);
const LAST_DAY = Date.UTC(2026, 10, 15);
export const DAYS = (LAST_DAY - FIRST_DAY) / DAY + 1;

const MONTHS = [0.75, 0.75, 1.1, 1.2, 1.1, 1, 0.85, 1.1, 1.2, 1, 1.35, 1.6];

/** How busy a day is, 1 being usual: spring and autumn hiking, sales week at the end of November, presents. */
export function season(day: number): number {
  const date = new Date(FIRST_DAY + day * DAY);
  const month = date.getUTCMonth();
  const salesWeek = month === 10 && date.getUTCDate() >= 22;
  return MONTHS[month]! * (salesWeek ? 2.2 : 1);
}

/** Instant of a wall clock time in the shop, which is in Bucharest; never asked for the hour of a clock change. */
export function instantAt(day: number, milliseconds: number): number {
  const wall = FIRST_DAY + day * DAY + milliseconds;
  return wall - offsetHours(wall - 2 * HOUR) * HOUR;
}

/** The instant as Shopify's export writes it, for example `2026-03-02 11:07:13 +0200`. */
export function shopifyTime(instant: number): string {
  const hours = offsetHours(instant);
  const text = new Date(instant + hours * HOUR).toISOString();
  return `${text.slice(0, 10)} ${text.slice(11, 19)} +0${hours}00`;
}

// European summer time: from the last Sunday of March to the last Sunday of October, both at 01:00 UTC.
function offsetHours(instant: number): number {
  const year = new Date(instant).getUTCFullYear();
  return instant >= lastSunday(year, 2) && instant < lastSunday(year, 9) ? 3 : 2;
}

function lastSunday(year: number, month: number): number {
  const last = new Date(Date.UTC(year, month + 1, 0));
  return last.getTime() - last.getUTCDay() * DAY + HOUR;
}
