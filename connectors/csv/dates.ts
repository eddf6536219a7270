import { localOffsets } from '../local-time.ts';

const DATE = {
  iso: /^(?<year>\d{4})-(?<month>\d\d)-(?<day>\d\d)/,
  ymd: /^(?<year>\d{4})[-/.](?<month>\d\d?)[-/.](?<day>\d\d?)/,
  dmy: /^(?<day>\d\d?)[-/.](?<month>\d\d?)[-/.](?<year>\d{4}|\d\d)(?!\d)/,
  mdy: /^(?<month>\d\d?)[-/.](?<day>\d\d?)[-/.](?<year>\d{4}|\d\d)(?!\d)/,
};
const TIME =
  /^(?:T|,? +)(\d\d?):(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?(?: ?([AP])\.?M\.?)?(?: ?(?:(Z|UTC|GMT)|([+-])(\d\d):?(\d\d)?))?$/i;

/** The store holds 1900 to 2299, and an offset may carry a date over the end of its year. */
const YEARS = { from: 1901, to: 2298 };
const MINUTE_MS = 60_000;

/**
 * Makes a reader of dates, with or without a time of day and an offset.
 * @param order of day, month and year; a date written otherwise, or one that does not exist, reads as undefined
 * @param timezone IANA zone of dates that carry no offset
 * @returns the instant in UTC, ISO 8601 with milliseconds
 */
export function dateReader(order: keyof typeof DATE, timezone: string): (text: string) => string | undefined {
  const offsetAt = localOffsets(timezone);
  return (text) => {
    const date = DATE[order].exec(text);
    const parts = date?.groups;
    if (!parts) return undefined;
    const rest = text.slice(date[0].length);
    const time = rest === '' ? [] : TIME.exec(rest);
    if (!time) return undefined;
    const day = dayMs(fullYear(parts['year'] ?? ''), Number(parts['month']), Number(parts['day']));
    const clock = clockMs(time);
    if (day === undefined || clock === undefined) return undefined;
    const [zulu, sign, hours, minutes] = time.slice(6);
    if (zulu) return new Date(day + clock).toISOString();
    if (!sign) return new Date(day + clock - offsetAt(day + clock)).toISOString();
    const offset = (Number(hours) * 60 + Number(minutes ?? 0)) * MINUTE_MS;
    return new Date(day + clock + (sign === '-' ? offset : -offset)).toISOString();
  };
}

/** Two digits are 1970 to 2069. */
function fullYear(year: string): number {
  const number = Number(year);
  if (year.length === 4) return number;
  return number < 70 ? 2000 + number : 1900 + number;
}

function dayMs(year: number, month: number, day: number): number | undefined {
  if (year < YEARS.from || year > YEARS.to) return undefined;
  const milliseconds = Date.UTC(year, month - 1, day);
  const date = new Date(milliseconds);
  // 31 February would become 3 March.
  return date.getUTCMonth() === month - 1 && date.getUTCDate() === day ? milliseconds : undefined;
}

function clockMs([, hour = '0', minute = '0', second = '0', fraction = '', half]: string[]):
  number | undefined {
  let hours = Number(hour);
  if (half) {
    if (hours < 1 || hours > 12) return undefined;
    hours = (hours % 12) + (half.toUpperCase() === 'P' ? 12 : 0);
  }
  if (hours > 23 || Number(minute) > 59 || Number(second) > 59) return undefined;
  const milliseconds = Number(fraction.slice(0, 3).padEnd(3, '0'));
  return (hours * 60 + Number(minute)) * MINUTE_MS + Number(second) * 1000 + milliseconds;
}
