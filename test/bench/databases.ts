import { join } from 'node:path';
import { setInterval } from 'node:timers';
import mysql from 'mysql2';
import pg from 'pg';
import { openEngine, type Engine as Store } from '../../src/engine/engine.ts';
import { createTables } from '../../src/engine/tables.ts';
import { parseJob, type Job } from '../../src/job/load.ts';
import { newRun } from '../../src/run/new-run.ts';
import { pull } from '../../src/run/pull.ts';
import { connection, serverUrl, TITLES, type Engine } from '../connectors/database-connection.ts';
import { type Figure, seconds } from './figure.ts';
import { AS_OF } from './shop.ts';

const DATABASE = 'segment_sync_bench';
const AT_LEAST = 0.7;
const AT_MOST_AGAIN = 0.05;
const MOST_MB = 200;

/**
 * Orders pulled from each database into records, against the faster of the driver's rows inserted as they are and the
 * engine reading the table by itself; then again with one row in a hundred new. A ratio of 1 is just what is wanted.
 * @returns the figures, and a sentence for each database that is not there
 */
export async function databaseFigures(
  folder: string,
  rows: number,
): Promise<{ figures: Figure[]; missing: string[] }> {
  const figures: Figure[] = [];
  const missing: string[] = [];
  for (const kind of ['postgres', 'mysql'] as const) {
    const found = await serverUrl(kind);
    if ('missing' in found) missing.push(`no ${TITLES[kind]} on this machine`);
    else figures.push(...(await figuresOf(kind, found.url, join(folder, kind), rows)));
  }
  return { figures, missing };
}

async function figuresOf(kind: Engine, server: string, state: string, rows: number): Promise<Figure[]> {
  const url = server.replace(/\/[^/]*$/, `/${DATABASE}`);
  const drop = () => connection(kind, server, (ask) => ask(`DROP DATABASE IF EXISTS ${DATABASE}`));
  await drop();
  await connection(kind, server, (ask) => ask(`CREATE DATABASE ${DATABASE}`));
  const engine = await openEngine({ state, idle_seconds: 1 });
  try {
    await createTables(engine);
    await connection(kind, url, async (ask) => {
      await ask(TABLE[kind]);
      await ask(fill(kind, 1, rows));
      await ask(ANALYZE[kind]);
    });
    const job = parseJob(jobText(kind, url), { file: join(state, 'job.yaml'), env: {} });
    const first = await timedPull(engine, job, rows);
    const direct = await engineReads(engine, kind, url);
    const driver = await driverStreams(engine, kind, url);
    const fresh = Math.ceil(rows / 100);
    await connection(kind, url, (ask) => ask(fill(kind, rows + 1, rows + fresh)));
    const second = await timedPull(engine, job, fresh);

    const name = `${TITLES[kind]}, ${rows.toLocaleString('en')} orders`;
    const rate = (took: number) => `${Math.round(rows / took / 1000)} k/s`;
    const faster = Math.min(direct, driver);
    return [
      {
        work: `pull from ${name}`,
        measured: `${first.took.toFixed(2)} s, ${rate(first.took)}`,
        against: `engine ${rate(direct)}, driver ${rate(driver)}; at least ${AT_LEAST} of the faster`,
        ratio: first.took / (faster / AT_LEAST),
      },
      {
        work: 'pulled again with 1 % new',
        measured: `${second.took.toFixed(2)} s`,
        against: `${AT_MOST_AGAIN} of the first`,
        ratio: second.took / (first.took * AT_MOST_AGAIN),
      },
      {
        work: 'memory that this process took for it',
        measured: `${first.peak_mb} MB at most`,
        against: `${MOST_MB} MB`,
        ratio: first.peak_mb / MOST_MB,
      },
    ];
  } finally {
    await engine.close();
    await drop();
  }
}

/** @throws where not so many orders came */
async function timedPull(
  engine: Store,
  job: Job,
  orders: number,
): Promise<{ took: number; peak_mb: number }> {
  const { signal } = new AbortController();
  const run = await newRun(engine, job, { as_of: AS_OF, log: () => undefined, signal, cut: signal });
  const before = process.memoryUsage().rss;
  let peak = before;
  const watch = setInterval(() => (peak = Math.max(peak, process.memoryUsage().rss)), 50);
  const took = await seconds(async () => {
    const pulled = await pull(run);
    // One row is read again: that of the mark.
    if (pulled.orders < orders || pulled.orders > orders + 1 || pulled.rejected > 0)
      throw new Error(`${pulled.orders} of ${orders} orders came, ${pulled.rejected} rejected`);
  });
  clearInterval(watch);
  return { took, peak_mb: Math.round((peak - before) / 1024 / 1024) };
}

const PLAIN = `(id Int64, client Int32, mail String, created DateTime64(3, 'UTC'), updated_at DateTime64(3, 'UTC'),
  status String, currency String, total Decimal(18, 4), tax Decimal(18, 4), shipping Decimal(18, 4), country String)`;

async function engineReads(engine: Store, kind: Engine, url: string): Promise<number> {
  const { hostname, port, username, password } = new URL(url);
  const from = kind === 'postgres' ? 'postgresql' : 'mysql';
  const params = { at: `${hostname}:${port}`, user: username, password: decodeURIComponent(password) };
  await engine.command(`CREATE TABLE plain ${PLAIN} ENGINE = MergeTree ORDER BY id`);
  const took = await seconds(() =>
    engine.command(
      `INSERT INTO plain SELECT * FROM ${from}({at:String}, '${DATABASE}', 'orders', {user:String}, {password:String})`,
      params,
    ),
  );
  await engine.command('DROP TABLE plain SYNC');
  return took;
}

async function driverStreams(engine: Store, kind: Engine, url: string): Promise<number> {
  await engine.command(`CREATE TABLE plain ${PLAIN} ENGINE = MergeTree ORDER BY id`);
  const took = await seconds(() =>
    engine.insert('plain', kind === 'postgres' ? pgRows(url) : mysqlRows(url)),
  );
  await engine.command('DROP TABLE plain SYNC');
  return took;
}

async function* pgRows(url: string): AsyncGenerator<object> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query('BEGIN');
    await client.query('DECLARE bench CURSOR FOR SELECT * FROM orders');
    for (;;) {
      const { rows } = await client.query<object>('FETCH 10000 FROM bench');
      if (rows.length === 0) return;
      yield* rows;
    }
  } finally {
    await client.end();
  }
}

function mysqlRows(url: string): AsyncIterable<object> {
  const client = mysql.createConnection({ uri: url, supportBigNumbers: true, timezone: 'Z' });
  const rows = client.query('SELECT * FROM orders').stream({ highWaterMark: 1000 });
  rows.once('close', () => client.destroy());
  return rows as AsyncIterable<object>;
}

const TIMES = { postgres: 'timestamptz', mysql: 'timestamp(3) NULL' };
const tableOf = (kind: Engine) => `CREATE TABLE orders (id bigint PRIMARY KEY, client int, mail varchar(80),
  created ${TIMES[kind]}, updated_at ${TIMES[kind]}, status varchar(20), currency char(3), total decimal(12, 2),
  tax decimal(12, 2), shipping decimal(12, 2), country char(2))`;
const TABLE: Record<Engine, string> = {
  postgres: `${tableOf('postgres')}; CREATE INDEX newest ON orders (updated_at)`,
  mysql: `${tableOf('mysql')}; CREATE INDEX newest ON orders (updated_at)`,
};
const ANALYZE: Record<Engine, string> = { postgres: 'ANALYZE orders', mysql: 'ANALYZE TABLE orders' };

/** Orders of one after the other second in customers of ten orders each, made in the database. */
function fill(kind: Engine, from: number, to: number): string {
  const pick = (words: string[]) =>
    kind === 'postgres'
      ? `(ARRAY[${words.map((word) => `'${word}'`).join(', ')}])[1 + n % ${words.length}]`
      : `elt(1 + n % ${words.length}, ${words.map((word) => `'${word}'`).join(', ')})`;
  const second = (every: number) =>
    kind === 'postgres'
      ? `timestamptz '2024-01-01 00:00:00+00' + n * interval '${every} s'`
      : `timestamp('2024-01-01') + interval n * ${every} second`;
  const series =
    kind === 'postgres'
      ? `generate_series(${from}, ${to}) AS n`
      : `(SELECT seq AS n FROM seq_${from}_to_${to}) AS s`;
  return `INSERT INTO orders SELECT n, n % 500000, concat('shopper', n % 500000, '@example.com'), ${second(10)}, ${second(10)},
    ${pick(['paid', 'completed', 'refunded', 'pending'])}, 'EUR', 5 + n % 20000 / 100.0, n % 2000 / 100.0, 4.90,
    ${pick(['DE', 'RO', 'FR'])} FROM ${series}`;
}

function jobText(kind: Engine, url: string): string {
  return `
name: bench-${kind}
currency: EUR
sources:
  - type: ${kind}
    url: ${url}
    query: SELECT * FROM orders WHERE updated_at > {since}
    columns: { order_id: id, customer_id: client, email: mail, ordered_at: created, updated_at: updated_at, state: status,
               currency: currency, total: total, tax: tax, shipping: shipping, country: country }
    cursor: { field: updated_at, lag: 0m }
destinations: [{ type: csv, path: out, audiences: [{ segment: lifecycle.* }] }]
`;
}
