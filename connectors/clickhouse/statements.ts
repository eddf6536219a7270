import type { QueryColumn, SinceText } from '../query-session.ts';
import { withSince, type Statement } from '../query-text.ts';
import { LATE_MARK } from './result.ts';
import { isFree, quotedName, sinceParameter, textOf } from './types.ts';

/** A statement with the values that are bound to it. */
export type Bound = { sql: string; params: Record<string, string> };

/** Asks something small; 64-bit integers are texts. */
export type Ask = <Row>(bound: Bound, limit_ms?: number) => Promise<Row[]>;

/** A profile may cut a result short at its limits and say nothing; here a limit is an error. */
const OVERFLOWS = ['timeout', 'read', 'result', 'group_by', 'sort', 'distinct', 'set', 'join', 'transfer'];

/** Settings that keep a reading bounded and whole. */
export function limitsFor(timeout_ms: number): Record<string, string> {
  const whole = OVERFLOWS.map((what) => [`${what}_overflow_mode`, 'throw']);
  return { max_execution_time: String(Math.ceil(timeout_ms / 1000)), ...Object.fromEntries(whole) };
}

/** The query before anything is known of its columns; to compare with null is right whatever they are. */
export function unbound(statement: Statement): string {
  return withSince(statement, () => 'NULL');
}

/** @param column what `{since}` is compared with, where there is one */
export function bind(statement: Statement, column: QueryColumn | undefined, since: SinceText): Bound {
  if (!column) return { sql: unbound(statement), params: {} };
  const { sql, params } = sinceParameter(column.kind, column.type, since);
  return { sql: withSince(statement, () => sql), params };
}

/** Any statement around the query; the comment that it may end with ends before the bracket. */
export function around(query: string, head: string, behind = ''): string {
  return `${head} FROM (\n${query}\n)${behind}`;
}

/** @returns a SELECT of texts or null, c1, c2 and so on */
export function textsOf(query: string, columns: readonly QueryColumn[]): string {
  const texts = columns.map(({ name, type }, index) => {
    return `CAST(${textOf(quotedName(name), type)} AS Nullable(String)) AS c${index + 1}`;
  });
  return around(query, `SELECT ${texts.join(', ')}`);
}

const SPECIAL = `[',', '"', '\\n', '\\r', '\\\\', '${LATE_MARK}']`;

/**
 * @returns a SELECT of lines of CSV. ClickHouse's own would quote every text and every time: rows without quotes are
 *   scanned much faster.
 */
export function linesOf(query: string, columns: readonly QueryColumn[]): string {
  const cells = columns.map(({ type }, index) => {
    const cell = `c${index + 1}`;
    const quoted = `concat('"', replaceAll(assumeNotNull(${cell}), '"', '""'), '"')`;
    const safe = isFree(type)
      ? `if(multiSearchAny(assumeNotNull(${cell}), ${SPECIAL}), ${quoted}, ${cell})`
      : cell;
    return `ifNull(${safe}, '\\\\N')`;
  });
  // One cell alone would be no `concat`.
  return `SELECT concat('', ${cells.join(", ',', ")}) FROM (${textsOf(query, columns)}) FORMAT TabSeparatedRaw`;
}
