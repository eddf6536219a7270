import { DateTime } from 'luxon';
import { SyncError } from './error.ts';
import type { ColumnKind, QueryColumn, SinceText } from './query-session.ts';
import type { CursorSettings } from './query.ts';
import type { PullFrom } from './source.ts';

/** The one part of a query. */
export const PART = 'query';

/** From where on rows are asked for: a moment in milliseconds, a whole number, or everything. */
export type Bound = { moment: number } | { number: bigint } | typeof EVERYTHING;
export const EVERYTHING = 'everything';

const WHOLE = /^-?\d+$/;
const TIME = /^(?<date>\d{4}-\d\d-\d\d)(?: (?<clock>\d\d:\d\d:\d\d)(?<fraction>\.\d+)?)?/;

/**
 * @returns where the cursor's column stands, and what its values are
 * @throws SyncError `SOURCE_CURSOR` where it cannot be a cursor, or `lag` is not of its kind
 */
export function checkCursor(
  { field, lag }: CursorSettings,
  columns: readonly QueryColumn[],
  where: string,
): { index: number; kind: ColumnKind } {
  const index = columns.findIndex(({ name }) => name === field);
  if (index === -1) throw unusable(where, field, 'The query gives no such column.');
  const { kind, type } = columns[index]!;
  if (kind === 'other' || kind === 'list')
    throw unusable(where, field, `It is of type ${type}; a cursor is a time, a date or a whole number.`);
  if (kind === 'integer' && typeof lag === 'string')
    throw unusable(where, field, 'It holds whole numbers, and `lag` is a time.');
  if (kind !== 'integer' && typeof lag === 'number')
    throw unusable(where, field, 'It holds times, and `lag` is a number.');
  return { index, kind };
}

/**
 * @param timezone of times without one
 * @returns where the pull begins, less the lag
 * @throws SyncError `SOURCE_CURSOR` where the cursor is a number and a time is asked for, or the other way round
 */
export function boundOf(
  from: PullFrom,
  { field, lag }: CursorSettings,
  kind: ColumnKind,
  timezone: string,
  where: string,
): Bound {
  const since = from.since.get(PART);
  if (since === undefined) return EVERYTHING;
  const marked = from.marks.has(PART);
  if (WHOLE.test(since) === (kind === 'integer')) {
    if (kind !== 'integer') return { moment: DateTime.fromISO(since, { zone: timezone }).toMillis() };
    // The run takes the lag off a mark only where it is a time.
    const behind = marked && typeof lag === 'number' ? lag : 0;
    return { number: BigInt(since) - BigInt(behind) };
  }
  // The column had values of another kind when it was marked.
  if (marked) return EVERYTHING;
  throw kind === 'integer'
    ? unusable(where, field, 'It holds whole numbers, and what changed since a time is asked for.')
    : unusable(where, field, 'It holds times, and `start` is a number.');
}

function unusable(where: string, field: string, why: string): SyncError {
  return new SyncError({
    code: 'SOURCE_CURSOR',
    where,
    what: `The cursor "${field}" cannot be used.`,
    why,
    fix: 'Name a time, a date or a growing whole number that the query gives (cast it there), with `lag` and `start` of its kind.',
  });
}

/**
 * What `{since}` stands for: just before the bound, so that both > and >= give all that is there or later.
 * @param timezone of times without one
 */
export function sinceText(bound: Bound, timezone: string): SinceText {
  return (kind, earliest) => {
    if (bound === EVERYTHING) return kind === 'integer' ? earliest.integer : earliest.time;
    if ('number' in bound) return String(bound.number - 1n);
    const zone = kind === 'instant' ? 'utc' : timezone;
    const moment = DateTime.fromMillis(bound.moment, { zone });
    // A row of that day may have changed at any hour of it.
    if (kind === 'date') return moment.minus({ days: 1 }).toFormat('yyyy-MM-dd');
    return moment.minus(1).toFormat('yyyy-MM-dd HH:mm:ss.SSS');
  };
}

/** Reads a value of the cursor's column as the server wrote it; undefined where it is no such thing. */
export function boundAt(text: string, kind: ColumnKind, timezone: string): Bound | undefined {
  if (kind === 'integer') return { number: BigInt(text) };
  const { date, clock = '00:00:00', fraction = '' } = TIME.exec(text)?.groups ?? {};
  const zone = kind === 'instant' ? 'utc' : timezone;
  const moment = DateTime.fromISO(`${date}T${clock}${fraction.slice(0, 4)}`, { zone }).toMillis();
  return Number.isNaN(moment) ? undefined : { moment };
}

/** A bound that hardly any row is behind: what a pull asks for when there is next to nothing new. */
export function boundSoon(kind: ColumnKind, now: string): Bound {
  return kind === 'integer' ? { number: 2n ** 30n } : { moment: Date.parse(now) };
}

/** Whether a is behind b; what cannot be compared is. */
export function isAfter(a: Bound, b: Bound): boolean {
  if (a === EVERYTHING || b === EVERYTHING) return a !== EVERYTHING;
  if ('number' in a) return !('number' in b) || a.number > b.number;
  return !('moment' in b) || a.moment > b.moment;
}

/**
 * The mark of a bound, never before the mark that was there. A time in the future is some mistake of the shop's, and
 * would hide all that changes until then: the mark goes no further than the server's clock.
 */
export function markOf(bound: Bound, now: string, before = ''): string {
  if (bound === EVERYTHING) return before;
  if ('number' in bound) {
    const ahead = WHOLE.test(before) && BigInt(before) > bound.number;
    return ahead ? before : String(bound.number);
  }
  const mark = new Date(Math.min(bound.moment, Date.parse(now))).toISOString();
  return !WHOLE.test(before) && before > mark ? before : mark;
}
