import { SyncError, type AnalyticsTable } from '../../../connectors/index.ts';
import { literal } from '../../engine/literal.ts';
import type { RunContext } from '../run.ts';
import { fileReading } from './file.ts';
import { keysOf, NO_OBJECT } from './jsonl.ts';
import { openParquet } from './parquet.ts';
import type { Stage } from './stage.ts';

/** Columns of Google Analytics 4's export, as it names them; of records within it with dots. */
const COLUMNS = {
  date: 'event_date',
  at: 'event_timestamp',
  name: 'event_name',
  user: 'user_id',
  device: 'user_pseudo_id',
  bought: 'ecommerce.transaction_id',
  /** As a query that leaves the record out may give it. */
  order: 'transaction_id',
} as const;
type Cell = keyof typeof COLUMNS;
const ALL = Object.values(COLUMNS);

/** Events of a file, ready to be read: SQL of where from and of each cell, '' where it is not there. */
export type Events = {
  from: string;
  cells: Record<Cell, string>;
  /** Rows that are none. */
  isBlank: string;
  /** Why a row cannot be read at all, or ''. */
  damage: string;
  settings: readonly string[];
  /** Runs INSERT … SELECT over it with these settings, once. */
  insert(sql: string, settings: readonly string[]): Promise<void>;
};

/**
 * Opens a file of events; of its many columns only those few are read.
 * @throws SyncError `SOURCE_MISSING_COLUMN` where it is no export of Google Analytics 4, `SOURCE_UNREADABLE`
 */
export function openEvents(run: RunContext, table: AnalyticsTable, stage: Stage): Promise<Events> {
  return table.rows.format === 'parquet' ? inParquet(run, table, stage) : inLines(run, table);
}

async function inParquet(run: RunContext, { name, rows }: AnalyticsTable, stage: Stage): Promise<Events> {
  const opened = await openParquet(run, { name, decimal: '.' }, rows.file, stage, [COLUMNS.bought]);
  proveColumns(name, opened.names!);
  const wanted = ALL.filter((column) => opened.names!.includes(column));
  const { from, cells } = opened.cells(wanted, false);
  const cellOf = (column: string) => cells[wanted.indexOf(column as (typeof ALL)[number])] ?? `''`;
  return {
    from,
    cells: mapped(cellOf),
    isBlank: 'false',
    damage: `''`,
    settings: opened.settings,
    insert: (sql, settings) => opened.insert(sql, settings),
  };
}

/** Each line is looked through once for all that is wanted of it. */
async function inLines(run: RunContext, { name, rows }: AnalyticsTable): Promise<Events> {
  const reading = fileReading(run, rows.file, 'LineAsString');
  const keys = keysOf(await reading.head());
  if (keys.size > 0) proveColumns(name, [...keys]);
  const flat = ALL.filter((column) => !column.includes('.')).map((column) => `${column} Nullable(String)`);
  const form = `Tuple(${flat.join(', ')}, ecommerce Tuple(transaction_id Nullable(String)))`;
  return {
    from: `(SELECT line, JSONExtract(line, ${literal(form)}) AS event FROM ${reading.from('line String')}) AS input`,
    cells: mapped((column) => `ifNull(input.event.${column}, '')`),
    isBlank: `trim(BOTH '\\t\\r ' FROM input.line) = ''`,
    damage: `if(NOT startsWith(trimLeft(input.line), '{') OR (input.event.event_date IS NULL AND JSONType(input.line) != 'Object'),
      ${literal(NO_OBJECT)}, '')`,
    settings: [],
    insert: (sql, settings) => reading.insert(sql, settings),
  };
}

function mapped(cellOf: (column: string) => string): Events['cells'] {
  const cells = Object.entries(COLUMNS).map(([cell, column]) => [cell, cellOf(column)]);
  return Object.fromEntries(cells) as Events['cells'];
}

/** Lines of JSON leave out what is empty, so of the two ids one may be missing. */
function proveColumns(table: string, names: readonly string[]): void {
  const { date, at, name, user, device } = COLUMNS;
  const lacks: string[] = [date, at, name].filter((column) => !names.includes(column));
  if (!names.includes(user) && !names.includes(device)) lacks.push(device);
  if (lacks.length === 0) return;
  throw new SyncError({
    code: 'SOURCE_MISSING_COLUMN',
    where: table,
    what: `${table} has no column ${lacks.map((column) => `"${column}"`).join(', ')}.`,
    why: `Its columns are not those of an events_ table that Google Analytics 4 exports to BigQuery.`,
    fix: `Export the table events_YYYYMMDD as it is, or at least ${[date, at, name, device].join(', ')}, with ${user} and ${COLUMNS.bought} where there are any; for other files leave \`format: ga4\` out and set \`columns\`.`,
  });
}
