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
 * Reads what the cells of a table alone say into a table of the pull.
 * @throws SyncError `SOURCE_MISSING_COLUMN`, `SOURCE_UNREADABLE`
 */
export async function readTable(run: RunContext, table: Table, stage: Stage): Promise<Staged> {
  const { meaning } = table;
  const opened = await openTable(run, table, stage);
  const wanted: string[] = [];
  const texts: Columns = {};
  const cell = (column: string, setting: string): string => {
    if (opened.names?.includes(column) === false)
      throw missingColumn(table.name, column, opened.names, setting);
    if (!wanted.includes(column)) wanted.push(column);
    return `c${wanted.indexOf(column) + 1}`;
  };
  const iso = new Set<string>();
  for (const field of FIELDS[meaning.records]) {
    const column = meaning.columns[field];
    texts[`t_${field}`] = column === undefined ? `''` : trimmed(cell(column, `columns.${field}`));
    if (column !== undefined && opened.iso.has(column)) iso.add(field);
  }
  for (const [name, column] of Object.entries(meaning.extra)) {
    texts[`x_${name}`] = trimmed(cell(column, `extra.${name}`));
  }
  const needsWhole = KNOWN_BY_ROW.includes(meaning.records);
  const { from, cells, whole, row, isBlank = 'false', damage = `''` } = opened.cells(wanted, needsWhole);
  const kindOf = (quick: boolean) =>
    KINDS[meaning.records]({
      meaning,
      currency: run.job.currency,
      version: table.version,
      modified_at: table.modified_at,
      iso,
      quick,
    });
  const kind = kindOf(true);
  const isPlain = kind.plain?.length ? kind.plain.join(' AND ') : 'true';
  const columns: Record<string, string> = {
    row: 'UInt64',
    reason: 'LowCardinality(String)',
    taken: 'Bool',
    ...kind.stored,
  };
  const names = Object.keys(columns);
  // What is not plain is read again from here, since the table may be a stream.
  const again = [...cells.map((_, index) => `c${index + 1}`), ...(needsWhole ? ['whole'] : [])];
  const typeOf = (name: string) => (name === 'whole' ? 'Array(String)' : 'String');
  const rows = await stage.create(
    'rows',
    { ...columns, plain: 'Bool', ...Object.fromEntries(again.map((name) => [name, typeOf(name)])) },
    'row',
  );
  const numbered = [
    `${row ?? 'rowNumberInAllBlocks() + 1'} AS row`,
    ...cells.map((sql, index) => `${sql} AS c${index + 1}`),
    `[${whole.join(', ')}]::Array(String) AS whole`,
    `${isBlank} AS is_blank`,
    `${damage} AS damage`,
  ];
  const read = `(SELECT * FROM (SELECT ${numbered.join(', ')} FROM ${from}) WHERE NOT is_blank)`;
  const quickly = inSteps(read, [
    { ...texts, ...kind.absent },
    ...kind.steps,
    { plain: `damage != '' OR (${isPlain})` },
  ]);
  const quick: Columns = {
    reason: `multiIf(damage != '', damage, plain, reason, '')`,
    taken: `taken AND plain AND damage = ''`,
    ...Object.fromEntries(
      again.map((name) => [name, `if(plain, ${name === 'whole' ? '[]' : "''"}, ${name})`]),
    ),
  };
  const all = [...names, 'plain', ...again];
  await opened.insert(
    `INSERT INTO ${rows} (${all.join(', ')}) SELECT ${all.map((name) => quick[name] ?? name).join(', ')} FROM ${quickly}`,
    [...(row ? [] : IN_ORDER), COMPILED, ...opened.settings],
  );
  const timezone = meaning.timezone ?? run.job.timezone;
  const others = `(SELECT * FROM ${rows} WHERE NOT plain)`;
  const [any] = await run.engine.query(`SELECT 1 FROM ${others} LIMIT 1`);
  if (!any) return { kind, rows, timezone };
  const general = kindOf(false);
  const slowly = inSteps(`(SELECT row, ${again.join(', ')} FROM ${others})`, [
    { ...texts, ...general.absent },
    ...general.steps,
  ]);
  await run.engine.command(
    `INSERT INTO ${rows} (${names.join(', ')}, plain) SELECT ${names.join(', ')}, true FROM ${slowly} SETTINGS ${COMPILED}`,
    {},
    { signal: run.signal },
  );
  return { kind, rows: `(SELECT * FROM ${rows} WHERE plain)`, timezone };
}

/** Each statement is another: it costs more to compile than to run. */
export const COMPILED = 'compile_expressions = 0';

/** Rows are numbered as they stand there. */
export const IN_ORDER = [
  'parallelize_output_from_storages = 0',
  'max_insert_threads = 1',
  'input_format_parquet_preserve_order = 1',
];
