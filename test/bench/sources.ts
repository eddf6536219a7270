import { stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { openEngine, type Engine } from '../../src/engine/engine.ts';
import { createTables } from '../../src/engine/tables.ts';
import { parseJob } from '../../src/job/load.ts';
import { newRun } from '../../src/run/new-run.ts';
import { pull } from '../../src/run/pull.ts';
import { type Figure, seconds, timeFigure } from './figure.ts';
import { AS_OF } from './shop.ts';

/**
 * Files of so many orders pulled, against the engine's own bare read of the same file: the file alone, read into a
 * plain table of the same columns, all of them texts, sorted by the order's number; and against two statements that
 * read it into the tables of the store with nothing but casts: no check, no reason for what is left out, no note. A
 * second pull finds one new file with a hundredth of the orders.
 */
export async function sourceFigures(folder: string, orders: number): Promise<Figure[]> {
  const figures: Figure[] = [];
  for (const format of ['parquet', 'jsonl', 'csv'] as const) {
    const engine = await openEngine({ state: join(folder, `sources-${format}`), idle_seconds: 1 });
    try {
      await createTables(engine);
      figures.push(...(await figuresOf(engine, folder, format, orders)));
    } finally {
      await engine.close();
    }
  }
  return figures;
}

type Format = 'parquet' | 'jsonl' | 'csv';
const ENGINE_FORMAT = { parquet: 'Parquet', jsonl: 'JSONEachRow', csv: 'CSVWithNames' };

async function figuresOf(engine: Engine, folder: string, format: Format, orders: number): Promise<Figure[]> {
  const file = (name: string) => join(folder, `${format}-${name}.${format}`);
  await write(engine, file('1'), format, 0, orders);
  const bare = Math.min(await bareRead(engine, file('1'), format), await bareRead(engine, file('1'), format));
  const job = parseJob(jobText(format), { file: join(folder, 'job.yaml'), env: {} });
  const { signal } = new AbortController();
  const run = () => newRun(engine, job, { as_of: AS_OF, log: () => undefined, signal, cut: signal });
  const first = await seconds(async () => pull(await run()));
  const cast = await castRead(engine, file('1'), format);
  await write(engine, file('2'), format, orders, Math.ceil(orders / 100));
  const second = await seconds(async () => pull(await run()));
  const size = `${orders.toLocaleString('en')} orders, ${format} of ${Math.round((await stat(file('1'))).size / 1e6)} MB`;
  return [
    timeFigure(`pull of ${size}`, first, 'bare read', bare),
    timeFigure('the same', first, 'casts into the same tables', cast),
    timeFigure(`a second pull, 1 % of ${format} new`, second, 'the first', first),
  ];
}

const ROWS = `SELECT concat('o', toString(number)) AS id,
    concat('shopper', toString(cityHash64(number) % greatest(1, intDiv({orders:UInt64}, 8))), '@example.com') AS mail,
    formatDateTime(toDateTime('2026-11-15 00:00:00', 'UTC') - cityHash64(number, 1) % 86400000, '%Y-%m-%dT%H:%i:%SZ') AS date,
    toString(5 + (cityHash64(number, 2) % 20000) / 100) AS amount, 'yes' AS consent
  FROM numbers({from:UInt64}, {count:UInt64})`;

async function write(
  engine: Engine,
  path: string,
  format: Format,
  from: number,
  count: number,
): Promise<void> {
  await engine.command(`INSERT INTO FUNCTION file('${path}', '${ENGINE_FORMAT[format]}') ${ROWS}`, {
    from,
    count,
    orders: Math.max(from, count),
  });
  // A file that was changed a moment ago is read again to be sure.
  await utimes(path, LONG_AGO, LONG_AGO);
}

const LONG_AGO = new Date(`${AS_OF}T00:00:00Z`);

const TEXTS = 'id String, mail String, date String, amount String, consent String';

async function bareRead(engine: Engine, path: string, format: Format): Promise<number> {
  await engine.command(`CREATE TABLE bare (${TEXTS}) ENGINE = MergeTree ORDER BY id`);
  const took = await seconds(() =>
    engine.command(`INSERT INTO bare SELECT * FROM file('${path}', '${ENGINE_FORMAT[format]}', '${TEXTS}')`),
  );
  await engine.command('DROP TABLE bare SYNC');
  return took;
}

/** The same orders and descriptions of people in tables like those of the store, as somebody would write it who trusts the file. */
async function castRead(engine: Engine, path: string, format: Format): Promise<number> {
  const from = `file('${path}', '${ENGINE_FORMAT[format]}', '${TEXTS}') SETTINGS input_format_skip_unknown_fields = 1`;
  const at = `parseDateTime64BestEffort(date, 3, 'UTC')`;
  for (const table of ['orders', 'customers']) await engine.command(`CREATE TABLE cast_${table} AS ${table}`);
  const took = await seconds(async () => {
    await engine.command(
      `INSERT INTO cast_orders (source, run_id, order_id, email, ordered_at, counts, currency, goods, total, version)
       SELECT 'cast', 'cast', id, lower(mail), ${at}, true, 'EUR', toDecimal64(amount, 4), toDecimal64(amount, 4), 1 FROM ${from}`,
    );
    await engine.command(
      `INSERT INTO cast_customers (source, run_id, record_key, email, email_consent, updated_at)
       SELECT 'cast', 'cast', concat('x-------x----- email:', lower(mail)), lower(mail), consent, ${at} FROM ${from}`,
    );
  });
  for (const table of ['orders', 'customers']) await engine.command(`DROP TABLE cast_${table} SYNC`);
  return took;
}

function jobText(format: Format): string {
  return `
name: bench-${format}
currency: EUR
sources:
  - type: ${format === 'csv' ? 'csv' : 'files'}
    path: ${format}-*.${format}
    columns: { order_id: id, email: mail, ordered_at: date, total: amount, accepts_marketing: consent }
destinations: [{ type: csv, path: out, audiences: [{ segment: lifecycle.* }] }]
`;
}
