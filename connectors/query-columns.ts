import { closest } from 'fastest-levenshtein';
import { FIELDS, wrongColumns, type Field } from './columns.ts';
import { SyncError } from './error.ts';
import type { QueryColumn } from './query-session.ts';
import type { QuerySettings } from './query.ts';
import type { TableMeaning } from './table.ts';

/**
 * What the columns of a query mean: as the settings name them, else by our own names.
 * @param where the database, for people
 * @throws SyncError `SOURCE_MISSING_COLUMN`
 */
export function meaningOf(
  settings: QuerySettings,
  found: readonly QueryColumn[],
  where: string,
): TableMeaning {
  const { records, extra, event, states, pending_orders, timezone } = settings;
  const names = found.map(({ name }) => name);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  const named = Object.entries(settings.columns ?? {}).map(([field, column]) => [`columns.${field}`, column]);
  const others = Object.entries(extra).map(([name, column]) => [`extra.${name}`, column]);
  for (const [setting, column] of [...named, ...others] as [string, string][])
    if (!names.includes(column)) throw missingColumn(column, setting, names, where);
  const columns = settings.columns ?? byName(names, records, event !== undefined);
  const [wrong] = wrongColumns({ ...settings, columns });
  if (wrong) throw unfit(`${wrong.message}.`, names, where);
  if (twice && Object.values({ ...columns, ...extra, cursor: settings.cursor?.field }).includes(twice))
    throw unfit(`Two columns of the query are called "${twice}".`, names, where);
  return { records, extra, event, states, pending_orders, timezone, columns, dates: 'iso', decimal: '.' };
}

function byName(names: readonly string[], records: QuerySettings['records'], hasEvent: boolean) {
  const known: readonly Field[] = FIELDS[records];
  const fields = known.filter((field) => names.includes(field) && !(field === 'type' && hasEvent));
  return Object.fromEntries(fields.map((field) => [field, field])) as TableMeaning['columns'];
}

function missingColumn(column: string, setting: string, names: readonly string[], where: string): SyncError {
  return new SyncError({
    code: 'SOURCE_MISSING_COLUMN',
    where,
    what: `The query gives no column "${column}".`,
    why: `Its columns are: ${names.join(', ')}.`,
    fix: `Did you mean "${closest(column, names)}"? Correct ${setting}, or give the column that name in the query (AS ${column}).`,
  });
}

function unfit(what: string, names: readonly string[], where: string): SyncError {
  return new SyncError({
    code: 'SOURCE_MISSING_COLUMN',
    where,
    what: what[0]!.toUpperCase() + what.slice(1),
    why: `The columns of the query are: ${names.join(', ')}.`,
    fix: 'Name columns in the query by our words (id AS order_id), or set `columns`.',
  });
}
