import { FIELDS, missingColumn, type Records, type Table } from '../../../connectors/index.ts';
import type { RunContext } from '../run.ts';
import { trimmed } from './cells.ts';
import { openCsv } from './csv.ts';
import { customers } from './customers.ts';
import { events } from './events.ts';
import { openJsonLines } from './jsonl.ts';
import type { Kind, Reading } from './kind.ts';
import { orders } from './orders.ts';
import { openParquet } from './parquet.ts';
import { openPlacedQuery } from './placed-query.ts';
import { lines, products } from './products.ts';
import { type Columns, inSteps } from './sql.ts';
import type { Stage } from './stage.ts';

const KINDS: Record<Records, (reading: Reading) => Kind> = { orders, lines, products, customers, events };
/** Kinds whose records may be known by all that their row says. */
const KNOWN_BY_ROW: readonly Records[] = ['lines', 'events'];

/** Rows that were read: the table they are in, and what its columns mean. */
export type Staged = { kind: Kind; rows: string; timezone: string };

/** A table of any format, ready to be read. */
export type Opened = {
  /** Its columns, where the format tells; columns of any other name are blank where it does not. */
  names: string[] | undefined;
  /** Those that hold dates as dates. */
  iso: ReadonlySet<string>;
  /** SQL of what is read: where from, the cells of these columns, and, where asked for, all cells of the row. */
  cells(
    wanted: readonly string[],
    needsWhole: boolean,
  ): {
    from: string;
    cells: string[];
    whole: string[];
    /** The ordinal of a row, where the engine knows it whatever the order in which it reads. */
    row?: string;
    /** Rows that are none. */
    isBlank?: string;
    /** Why a row cannot be read at all, or ''. */
    damage?: string;
  };
  settings: string[];
  /** Runs INSERT … SELECT over it with these settings, once. */
  insert(sql: string, settings: readonly string[]): Promise<void>;
};

async function openTable(run: RunContext, table: Table, stage: Stage): Promise<Opened> {
  const { rows } = table;
  if (rows.format === 'csv') return openCsv(run, rows);
  if (rows.format === 'query') return openPlacedQuery(run, rows.query);
  return rows.format === 'parquet'
    ? openParquet(run, { name: table.name, decimal: table.meaning.decimal }, rows.file, stage)
    : openJsonLines(run, table, rows.file);
}

/**
 * Reads what the cells of a table alone say into a table of the pull: quickly what is plain, which is nearly always
 * all of it, then the rest with all that may stand in a cell.
 * @throws SyncError `SOURCE_MISSING_COLUMN`, `SOURCE_UNREADABLE`
 */
export async function readTable(run: RunContext, table: Table, stage: Stage): Promise<Staged> {
  const { meaning } = table;
  const timezone = meaning.timezone ?? run.job.timezone;
  const opened = await openTable(run, table, stage);
  const { wanted, texts, iso } = textsOf(table, opened);
  const needsWhole = KNOWN_BY_ROW.includes(meaning.records);
  const numbered = numberedRows(opened.cells(wanted, needsWhole));
  const { version, modified_at } = table;
  const reading = { meaning, currency: run.job.currency, version, modified_at, iso };
  const kind = KINDS[meaning.records]({ ...reading, quick: true });
  const columns = { ...EVERY, ...kind.stored };
  // What is not plain is read again from here, since the table may be a stream.
  const again: Record<string, string> = {
    ...Object.fromEntries(wanted.map((_, index) => [`c${index + 1}`, 'String'])),
    ...(needsWhole ? { whole: 'Array(String)' } : {}),
  };
  const rows = await stage.create('rows', { ...columns, plain: 'Bool', ...again }, 'row');

  const quickly = inSteps(numbered.rows, [
    { ...texts, ...kind.absent },
    ...kind.steps,
    { plain: `damage != '' OR (${kind.plain?.join(' AND ') || 'true'})` },
  ]);
  const as: Columns = {
    reason: `multiIf(damage != '', damage, plain, reason, '')`,
    taken: `taken AND plain AND damage = ''`,
    ...Object.fromEntries(
      Object.entries(again).map(([name, type]) => [
        name,
        `if(plain, ${type === 'String' ? "''" : '[]'}, ${name})`,
      ]),
    ),
  };
  const all = [...Object.keys(columns), 'plain', ...Object.keys(again)];
  await opened.insert(
    `INSERT INTO ${rows} (${all.join(', ')}) SELECT ${all.map((name) => as[name] ?? name).join(', ')} FROM ${quickly}`,
    [...(numbered.inAnyOrder ? [] : IN_ORDER), NOT_COMPILED, ...opened.settings],
  );

  const others = `(SELECT row, ${Object.keys(again).join(', ')} FROM ${rows} WHERE NOT plain)`;
  const [any] = await run.engine.query(`SELECT 1 FROM ${others} LIMIT 1`);
  if (!any) return { kind, rows, timezone };
  const general = KINDS[meaning.records]({ ...reading, quick: false });
  const slowly = inSteps(others, [{ ...texts, ...general.absent }, ...general.steps]);
  const names = Object.keys(columns).join(', ');
  await run.engine.command(
    `INSERT INTO ${rows} (${names}, plain) SELECT ${names}, true FROM ${slowly} SETTINGS ${NOT_COMPILED}`,
    {},
    { signal: run.signal },
  );
  return { kind, rows: `(SELECT * FROM ${rows} WHERE plain)`, timezone };
}

/** What is kept of every row beside what its kind stores. */
const EVERY = { row: 'UInt64', reason: 'LowCardinality(String)', taken: 'Bool' };

/** The columns that a table's meaning names, and of each field the trimmed text of its cell, which is `c1` … in their order. */
function textsOf(table: Table, { names, iso: told }: Opened) {
  const { records, columns, extra } = table.meaning;
  const wanted: string[] = [];
  const texts: Columns = {};
  const iso = new Set<string>();
  const cell = (column: string, setting: string): string => {
    if (names?.includes(column) === false) throw missingColumn(table.name, column, names, setting);
    if (!wanted.includes(column)) wanted.push(column);
    return `c${wanted.indexOf(column) + 1}`;
  };
  for (const field of FIELDS[records]) {
    const column = columns[field];
    texts[`t_${field}`] = column === undefined ? `''` : trimmed(cell(column, `columns.${field}`));
    if (column !== undefined && told.has(column)) iso.add(field);
  }
  for (const [name, column] of Object.entries(extra)) {
    texts[`x_${name}`] = trimmed(cell(column, `extra.${name}`));
  }
  return { wanted, texts, iso };
}

/** SQL of the rows with their ordinals, the blank ones left out; and whether they may come in any order. */
function numberedRows(cells: ReturnType<Opened['cells']>): { rows: string; inAnyOrder: boolean } {
  const { from, whole, row, isBlank = 'false', damage = `''` } = cells;
  const columns = [
    `${row ?? 'rowNumberInAllBlocks() + 1'} AS row`,
    ...cells.cells.map((sql, index) => `${sql} AS c${index + 1}`),
    `[${whole.join(', ')}]::Array(String) AS whole`,
    `${isBlank} AS is_blank`,
    `${damage} AS damage`,
  ];
  const rows = `(SELECT * FROM (SELECT ${columns.join(', ')} FROM ${from}) WHERE NOT is_blank)`;
  return { rows, inAnyOrder: row !== undefined };
}

/** Each statement is another: it costs more to compile than to run. */
export const NOT_COMPILED = 'compile_expressions = 0';

/** Rows are numbered as they stand there. */
export const IN_ORDER = [
  'parallelize_output_from_storages = 0',
  'max_insert_threads = 1',
  'input_format_parquet_preserve_order = 1',
];
