import type { ColumnKind, SinceText } from '../query-session.ts';

/** What stands around a type without changing what its values are. */
const AROUND = /^(?:Nullable|LowCardinality|SimpleAggregateFunction)\((?:\w+, )?(.*)\)$/s;

function bare(type: string): string {
  const inner = AROUND.exec(type)?.[1];
  return inner === undefined ? type : bare(inner);
}

/** @param type as ClickHouse writes it, such as `Nullable(DateTime64(3, 'UTC'))` */
export function kindOf(type: string): ColumnKind {
  const name = bare(type);
  // Both are moments: the zone of a column only says how they are shown.
  if (/^DateTime(64)?\b/.test(name)) return 'instant';
  if (/^Date(32)?$/.test(name)) return 'date';
  // What ids of other databases become.
  if (/^(U?Int\d+|Decimal\(\d+, 0\))$/.test(name)) return 'integer';
  return /^(Array|Tuple|Map|Nested|Variant|Dynamic|JSON|Object)\b/.test(name) ? 'list' : 'other';
}

/**
 * SQL of a column's values as texts, null where they are: times in UTC with their offset. A date of a column that
 * cannot be null holds its type's first one where there is none.
 */
export function textOf(column: string, type: string): string {
  const kind = kindOf(type);
  const given = `nullIf(${column}, defaultValueOfArgumentType(${column}))`;
  if (kind === 'instant') return `concat(toString(toTimeZone(${given}, 'UTC')), '+00')`;
  if (kind === 'date') return `toString(${given})`;
  // It is filled up with zeros to its length.
  if (bare(type).startsWith('FixedString')) return `replaceRegexpOne(toString(${column}), '\\\\0+$', '')`;
  return `toString(${column})`;
}

/** Whether the text of such a value may hold what means something in CSV. */
export function isFree(type: string): boolean {
  return ['list', 'other'].includes(kindOf(type)) && !/^(Decimal|Float|BFloat|UUID|Bool)/.test(bare(type));
}

const EARLIEST = { time: '1900-01-01 00:00:00', integer: String(-(2n ** 63n)) };
/** What `{since}` stands for, as a parameter of ClickHouse's own. */
const PARAMETER = 'segment_sync_since';

/** @returns what `{since}` stands for in the query: a parameter of the cursor's kind, and its value */
export function sinceParameter(
  kind: ColumnKind,
  type: string,
  since: SinceText,
): { sql: string; params: Record<string, string> } {
  const text = since(kind, EARLIEST);
  const [as, value] =
    kind === 'integer'
      ? [integerFor(type, text), text]
      : kind === 'date'
        ? ['Date32', text.slice(0, EARLIEST.time.indexOf(' '))]
        : ["DateTime64(3, 'UTC')", text];
  return { sql: `{${PARAMETER}:${as}}`, params: { [PARAMETER]: value } };
}

/** A constant wider than its column would keep the index from being used. */
function integerFor(type: string, text: string): string {
  if (/Int(128|256)$/.test(bare(type))) return 'Int256';
  return text.startsWith('-') ? 'Int64' : 'UInt64';
}

export function quotedName(name: string): string {
  return `\`${name.replaceAll('\\', '\\\\').replaceAll('`', '\\`')}\``;
}
