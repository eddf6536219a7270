import { FIELDS, missingColumn, type Records, type Table } from '../../../connectors/index.ts';
import { literal } from '../../engine/literal.ts';
import type { RunContext } from '../run.ts';
import { trimmed } from './cells.ts';
import { customers } from './customers.ts';
import { events } from './events.ts';
import { headed } from './header.ts';
import type { Kind, Reading } from './kind.ts';
import { orders } from './orders.ts';
import { lines, products } from './products.ts';
import { type Columns, inSteps } from './sql.ts';
import type { Stage } from './stage.ts';

const KINDS: Record<Records, (reading: Reading) => Kind> = { orders, lines, products, customers, events };

/** Rows that were read: the table they are in, and what its columns mean. */
export type Staged = { kind: Kind; rows: string; timezone: string };

/**
 * Reads what the cells of a table alone say into a table of the pull.
 * @throws SyncError `SOURCE_MISSING_COLUMN`
 */
export async function readTable(run: RunContext, table: Table, stage: Stage): Promise<Staged> {
  const { header, bytes } = await headed(table.rows.stream());
  const names = header.map((name) => name.trim());
  const cell = (column: string, setting: string): string => {
    const index = names.indexOf(column);
    if (index === -1) throw missingColumn(table.name, column, names, setting);
    return `c${index + 1}`;
  };
  const row = names.map((_, index) => `c${index + 1}`);
  const { meaning } = table;
  const kind = KINDS[meaning.records]({
    meaning,
    currency: run.job.currency,
    version: table.version,
    modified_at: table.modified_at,
    row,
  });
  const texts: Columns = {};
  for (const field of FIELDS[meaning.records]) {
    const column = meaning.columns[field];
    texts[`t_${field}`] = column === undefined ? `''` : trimmed(cell(column, `columns.${field}`));
  }
  for (const [name, column] of Object.entries(meaning.extra)) {
    texts[`x_${name}`] = trimmed(cell(column, `extra.${name}`));
  }
  const mark: Columns = table.mark ? { mark: cell(table.mark.column, 'cursor') } : {};
  const stored = {
    row: 'UInt64',
    reason: 'LowCardinality(String)',
    taken: 'Bool',
    ...kind.stored,
    ...(table.mark ? { mark: 'String' } : {}),
  };
  const rows = await stage.create('rows', stored, 'row');
  const columns = Object.keys(stored).join(', ');
  const values = inSteps(rowsOf(row), [{ ...texts, ...kind.absent }, ...kind.steps, mark]);
  await run.engine.load(
    `INSERT INTO ${rows} (${columns}) SELECT ${columns} FROM ${values} SETTINGS ${AS_IT_IS} FORMAT CSVWithNames`,
    bytes,
    { signal: run.signal },
  );
  return { kind, rows, timezone: meaning.timezone ?? run.job.timezone };
}

/** Cells of a stream, numbered; rows of nothing are none. */
function rowsOf(row: readonly string[]): string {
  const structure = row.map((name) => `${name} Nullable(String)`).join(', ');
  const cells = row.map((name) => `ifNull(toValidUTF8(input.${name}), '') AS ${name}`);
  const isBlank = row.map((name) => `${name} = ''`).join(' AND ');
  return `(SELECT * FROM (SELECT rowNumberInAllBlocks() + 1 AS row, ${cells.join(', ')}
    FROM input(${literal(structure)}) AS input) WHERE NOT (${isBlank}))`;
}

/** Rows in their order, cells as they stand there; columns go by their place, because names may be any. */
const AS_IT_IS = [
  'parallelize_output_from_storages = 0',
  'max_insert_threads = 1',
  // Each statement is another: it costs more to compile than to run.
  'compile_expressions = 0',
  'input_format_with_names_use_header = 0',
  'input_format_csv_trim_whitespaces = 0',
].join(', ');
