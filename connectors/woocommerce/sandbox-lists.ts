import type { SandboxReply } from '../sandbox.ts';

/** What lists of this imitation are sorted and filtered by. */
type Row = { id: number; date_created_gmt?: string; date_modified_gmt?: string | null };

/** How this shop differs from a usual one; see `SandboxHost`. */
type Ways = { ignores_modified?: boolean; hides_totals?: boolean; offset_minutes?: number };

/** An error as WordPress sends it. */
export function wordpressError(status: number, code: string, message: string): SandboxReply {
  return { status, body: { code, message, data: { status } } };
}

/** The part of a list that is asked for, with how many there are in its headers. */
export function listReply(all: readonly Row[], query: URLSearchParams, ways: Ways): SandboxReply {
  const perPage = Number(query.get('per_page') ?? 10);
  const offset = Number(query.get('offset') ?? (Number(query.get('page') ?? 1) - 1) * perPage);
  if (!Number.isInteger(perPage) || perPage < 1 || perPage > 100) {
    return wordpressError(400, 'rest_invalid_param', 'Invalid parameter(s): per_page');
  }
  const found = all.filter((row) => isAsked(row, query, ways)).toSorted(sorting(query));
  const rows = found.slice(offset, offset + perPage);
  // Of an empty page WordPress counts nothing.
  const total = rows.length === 0 ? 0 : found.length;
  const headers = { 'x-wp-total': String(total), 'x-wp-totalpages': String(Math.ceil(total / perPage)) };
  const fields = query.get('_fields')?.split(',');
  return {
    status: 200,
    headers: ways.hides_totals ? {} : headers,
    body: fields ? rows.map((row) => only(row, fields)) : rows,
  };
}

function isAsked(row: Row, query: URLSearchParams, ways: Ways): boolean {
  const gmt = query.get('dates_are_gmt') === 'true';
  const offset = ways.offset_minutes ?? 0;
  return (['after', 'before', 'modified_after', 'modified_before'] as const).every((name) => {
    const asked = query.get(name);
    if (asked === null) return true;
    const modified = name.startsWith('modified_');
    // A shop before 5.8 knows neither of these parameters, and WordPress passes over what it does not know.
    if (modified && ways.ignores_modified) return true;
    const own = (modified ? row.date_modified_gmt : row.date_created_gmt) ?? '';
    const column = gmt && !ways.ignores_modified ? own : moved(`${own}Z`, offset);
    // A time with a zone is turned into the shop's own before it is compared with either column.
    const bound = /Z$|[+-]\d\d:\d\d$/.test(asked) ? moved(asked, offset) : asked;
    return name.endsWith('after') ? column > bound : column < bound;
  });
}

function moved(time: string, minutes: number): string {
  return new Date(Date.parse(time) + minutes * 60_000).toISOString().slice(0, 19);
}

function sorting(query: URLSearchParams): (a: Row, b: Row) => number {
  const sign = query.get('order') === 'asc' ? 1 : -1;
  if (query.get('orderby') === 'id') return (a, b) => sign * (a.id - b.id);
  const dateOf = (row: Row) => row.date_created_gmt ?? '';
  return (a, b) => sign * (dateOf(a) < dateOf(b) ? -1 : dateOf(a) > dateOf(b) ? 1 : a.id - b.id);
}

function only(row: object, fields: readonly string[]): object {
  return Object.fromEntries(Object.entries(row).filter(([field]) => fields.includes(field)));
}
