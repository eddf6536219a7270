import {
  FIELDS,
  missingColumn,
  noteText,
  NOTED_WORDS,
  type Field,
  type Page,
  type Records,
  type Table,
} from '../../../connectors/index.ts';
import { literal } from '../../engine/literal.ts';
import type { Tombstones } from '../../ledger/tombstones.ts';
import type { RunContext } from '../run.ts';
import { trimmed } from './cells.ts';
import { customers } from './customers.ts';
import { events } from './events.ts';
import { headed } from './header.ts';
import type { Kind, Made, Reading } from './kind.ts';
import { orders } from './orders.ts';
import { normalisePhones } from './phones.ts';
import { lines, products } from './products.ts';
import { type Columns, inSteps } from './sql.ts';
import { openStage, type Stage } from './stage.ts';
import { localClock } from './zone.ts';

const KINDS: Record<Records, (reading: Reading) => Kind> = { orders, lines, products, customers, events };

/** Records are made of so many rows at a time: what a statement holds in memory does not grow with the table. */
const ROWS_AT_ONCE = 1_000_000;
const LISTED_REJECTIONS = 100;

export type Loaded = Required<Pick<Page, 'rejected' | 'warnings' | 'marks'>> & {
  /** All of them; `rejected` holds the first hundred. */
  rejections: number;
  /** Records of people who were erased, left out. */
  erased: number;
};

/**
 * Reads a table in the engine and stores its records, as the readers of rows in JavaScript would. Safe to repeat;
 * when it is cut short, some records are stored and the rest comes with the next pull.
 * @param source the key of the source
 * @throws SyncError `SOURCE_MISSING_COLUMN`, or what reading the bytes throws
 */
export async function loadTable(
  run: RunContext,
  source: string,
  table: Table,
  tombstones: Tombstones,
): Promise<Loaded> {
  const stage = openStage(run.engine, run.job.name);
  try {
    const staged = await readRows(run, table, stage);
    return await makeRecords(run, source, table, staged, stage, tombstones);
  } finally {
    await stage.drop();
  }
}

type Staged = { kind: Kind; rows: string; timezone: string };

/** Reads what the cells alone say into a table of the pull. */
async function readRows(run: RunContext, table: Table, stage: Stage): Promise<Staged> {
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
  for (const field of fieldsOf(meaning.records)) {
    const column = meaning.columns[field];
    texts[`t_${field}`] = column === undefined ? `''` : trimmed(cell(column, `columns.${field}`));
  }
  for (const [name, column] of Object.entries(meaning.extra)) {
    texts[`x_${name}`] = trimmed(cell(column, `extra.${name}`));
  }
  const mark = table.mark && cell(table.mark.column, 'cursor');
  const stored = {
    row: 'UInt64',
    reason: 'LowCardinality(String)',
    taken: 'Bool',
    ...kind.stored,
    ...(mark ? { mark: 'String' } : {}),
  };
  const rows = await stage.create('rows', stored, 'row');
  const structure = row.map((name) => `${name} Nullable(String)`).join(', ');
  const cells = row.map((name) => `ifNull(toValidUTF8(input.${name}), '') AS ${name}`);
  const isBlank = row.map((name) => `${name} = ''`).join(' AND ');
  const read = `(SELECT * FROM (SELECT rowNumberInAllBlocks() + 1 AS row, ${cells.join(', ')}
      FROM input(${literal(structure)}) AS input) WHERE NOT (${isBlank}))`;
  const columns = Object.keys(stored);
  const values = inSteps(read, [texts, ...kind.steps, ...(mark ? [{ mark }] : [])]);
  await run.engine.load(
    `INSERT INTO ${rows} (${columns.join(', ')}) SELECT ${columns.join(', ')} FROM ${values}
     SETTINGS ${READ_AS_IT_IS} FORMAT CSVWithNames`,
    bytes,
    { signal: run.signal },
  );
  return { kind, rows, timezone: meaning.timezone ?? run.job.timezone };
}

/** Rows in their order, cells as they stand there; columns go by their place, because names may be any. */
const READ_AS_IT_IS = [
  'parallelize_output_from_storages = 0',
  'max_insert_threads = 1',
  'input_format_with_names_use_header = 0',
  'input_format_csv_trim_whitespaces = 0',
  'input_format_csv_empty_as_default = 1',
  "short_circuit_function_evaluation = 'enable'",
].join(', ');

async function makeRecords(
  run: RunContext,
  source: string,
  table: Table,
  { kind, rows, timezone }: Staged,
  stage: Stage,
  tombstones: Tombstones,
): Promise<Loaded> {
  const { engine, signal } = run;
  const toUtc = await localClock(engine, stage, rows, kind.dates, timezone);
  const hasPhones = 'phone' in kind.stored;
  const phones = hasPhones && (await stage.create('phones', PHONES, '(phone, country)'));
  const copies = 'unnumbered' in kind.stored && (await numberCopies(run, stage, rows));
  const country = 'country' in kind.stored ? 'staged.country' : `''`;
  const loaded: Loaded = { rejected: [], warnings: [], marks: {}, rejections: 0, erased: 0 };
  const [size] = await engine.query<{ last: string }>(`SELECT max(row) AS last FROM ${rows}`);
  const last = Number(size!.last);
  for (let from = 0; from < last; from += ROWS_AT_ONCE) {
    const within = `row > ${from} AND row <= ${from + ROWS_AT_ONCE} AND taken`;
    if (phones) {
      await normalisePhones(
        engine,
        phones,
        `SELECT DISTINCT phone, ${country} AS country FROM ${rows} AS staged WHERE ${within} AND phone != ''`,
      );
    }
    const complete = [
      ...kind.dates.map(
        (name) => `if(staged.${name}_local, ${toUtc(`staged.${name}`)}, staged.${name}) AS ${name}`,
      ),
      ...(phones ? [`ifNull(known.e164, '') AS e164`] : []),
      ...(copies ? [`ifNull(repeated.copy, 1) AS copy`] : []),
    ];
    const replaced = kind.dates.length > 0 ? `EXCEPT (${kind.dates.join(', ')})` : '';
    const joins = [
      phones &&
        `LEFT ANY JOIN ${phones} AS known ON known.phone = staged.phone AND known.country = ${country}`,
      copies && `LEFT ANY JOIN ${copies} AS repeated ON repeated.row = staged.row`,
    ].filter(Boolean);
    const records = `(SELECT ${[`staged.* ${replaced}`, ...complete].join(', ')}
      FROM (SELECT * FROM ${rows} WHERE ${within}) AS staged ${joins.join(' ')})`;
    const erased = hasPhones && tombstones.size > 0 ? tombstones.coversSql(identities(source)) : undefined;
    for (const made of kind.makes) {
      signal.throwIfAborted();
      await insertMade(run, source, made, records, erased);
      if (!erased || !['orders', 'customers', 'events'].includes(made.table)) continue;
      loaded.erased += await count(run, `SELECT toUInt64(count()) AS n FROM ${records} WHERE ${erased}`);
    }
  }
  await tell(run, table, kind, rows, loaded);
  if (table.mark) Object.assign(loaded.marks, await markOf(run, table.mark.part, rows));
  return loaded;
}

const PHONES = { phone: 'String', country: 'String', e164: 'String' };

function identities(source: string): string {
  const customer = `if(customer_id = '', '', concat(${literal(`customer:${source}:`)}, customer_id))`;
  return `arrayFilter(identity -> identity != '' AND NOT endsWith(identity, ':'),
    [concat('email:', email), concat('phone:', e164), ${customer}])`;
}

/** In the order of the rows, by one writer: of records that are as new as each other the later one stands. */
async function insertMade(
  run: RunContext,
  source: string,
  { table, where, columns }: Made,
  records: string,
  erased: string | undefined,
): Promise<void> {
  const names = ['source', 'run_id', ...Object.keys(columns)];
  const values = [literal(source), literal(run.run_id), ...Object.values(columns)];
  const conditions = [...(where ? [where] : []), ...(erased ? [`NOT ${erased}`] : [])];
  await run.engine.command(
    `INSERT INTO ${table} (${names.join(', ')}) SELECT ${values.join(', ')} FROM ${records}
     ${conditions.length > 0 ? `WHERE ${conditions.join(' AND ')}` : ''} ORDER BY row SETTINGS max_insert_threads = 1`,
    {},
    { signal: run.signal },
  );
}

/**
 * Which of equal lines of an order a line is, where they follow each other.
 * @returns a table of those that are not the first, or nothing where there are none
 */
async function numberCopies(run: RunContext, stage: Stage, rows: string): Promise<string | undefined> {
  const several = `SELECT order_id FROM ${rows} WHERE unnumbered GROUP BY order_id, line_id HAVING count() > 1`;
  if ((await count(run, `SELECT toUInt64(count()) AS n FROM (${several} LIMIT 1)`)) === 0) return undefined;
  const copies = await stage.create('copies', { row: 'UInt64', copy: 'UInt64' }, 'row');
  await run.engine.command(
    `INSERT INTO ${copies} (row, copy) SELECT row, copy FROM (
       SELECT row, row_number() OVER (PARTITION BY order_id, behind, line_id ORDER BY row) AS copy FROM (
         SELECT row, order_id, line_id, place - row_number() OVER (PARTITION BY order_id ORDER BY row) AS behind
         FROM (SELECT row, order_id, line_id, row_number() OVER (ORDER BY row) AS place FROM ${rows} WHERE unnumbered)
         WHERE order_id IN (${several})))
     WHERE copy > 1`,
    {},
    { signal: run.signal },
  );
  return copies;
}

/** Counts what was left out, and what is worth telling. */
async function tell(run: RunContext, table: Table, kind: Kind, rows: string, loaded: Loaded): Promise<void> {
  const { engine } = run;
  loaded.rejections = await count(run, `SELECT toUInt64(count()) AS n FROM ${rows} WHERE reason != ''`);
  const listed = await engine.query<{ row: string; reason: string }>(
    `SELECT row, toString(reason) AS reason FROM ${rows} WHERE reason != '' ORDER BY row LIMIT ${LISTED_REJECTIONS}`,
  );
  loaded.rejected = listed.map(({ row, reason }) => ({ source: table.name, line: Number(row), reason }));
  const all = await count(run, `SELECT toUInt64(count()) AS n FROM ${rows}`);
  if (all === 0 && !table.mark) loaded.warnings.push(`${table.name} holds no rows.`);

  const told: { first: number; text: string }[] = [];
  for (const { what, where, word } of kind.notes) {
    const from = where.includes('repeats') ? repeating(rows) : rows;
    const [note] = await engine.query<{ n: string; first: string }>(
      `SELECT count() AS n, min(row) AS first FROM ${from} WHERE ${where}`,
    );
    if (Number(note!.n) === 0) continue;
    // Only what looks like a word: a shifted column must not bring a person's data into a message.
    const words = word
      ? await engine.query<{ word: string }>(
          `SELECT toString(${word}) AS word FROM ${rows} WHERE ${where} AND match(${word}, '^[\\\\p{L}_]{1,30}$')
           GROUP BY word ORDER BY min(row) LIMIT ${NOTED_WORDS}`,
        )
      : [];
    told.push({
      first: Number(note!.first),
      text: noteText(
        table.name,
        what,
        Number(note!.n),
        words.map((row) => row.word),
      ),
    });
  }
  loaded.warnings.push(...told.toSorted((a, b) => a.first - b.first).map(({ text }) => text));
}

/** Rows of orders, with whether they repeat the order before them. */
function repeating(rows: string): string {
  return `(SELECT row, taken, order_id = lagInFrame(order_id) OVER (ORDER BY row ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) AS repeats
    FROM ${rows} WHERE taken)`;
}

/** Numbers are compared as numbers, everything else as text. */
async function markOf(run: RunContext, part: string, rows: string): Promise<Record<string, string>> {
  const [row] = await run.engine.query<{ mark: string }>(
    `SELECT if(countIf(match(mark, '^-?[0-9]{1,38}$')) = count(), toString(max(toInt128OrZero(mark))), max(mark)) AS mark
     FROM ${rows} WHERE mark != ''`,
  );
  return row?.mark ? { [part]: row.mark } : {};
}

async function count(run: RunContext, sql: string): Promise<number> {
  const [row] = await run.engine.query<{ n: string }>(sql);
  return Number(row?.n ?? 0);
}

function fieldsOf(records: Records): readonly Field[] {
  return FIELDS[records];
}
