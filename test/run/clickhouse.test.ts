import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startClickHouse, type ClickHouseServer } from '../connectors/clickhouse-server.ts';
import type { TestDatabase } from '../connectors/databases.ts';
import { PASSWORD } from '../engine/door.ts';
import { openEngine } from '../../src/engine/engine.ts';
import { openPlatform } from './platform.ts';
import { openStage, type Shop } from './stage.ts';

const AS_OF = '2026-03-31';
let server: ClickHouseServer;
beforeAll(async () => {
  server = await startClickHouse();
}, 60_000);
afterAll(() => server.stop());

/** Where the engine is the one that comes with the program, and where it is the shop's own server. */
const apart = openStage();
const beside = openStage(async () => {
  const { origin } = new URL(server.url('owner', 'default'));
  const settings = { url: origin, user: 'owner', password: PASSWORD };
  const first = await openEngine(settings);
  await first.command('CREATE DATABASE IF NOT EXISTS ours');
  await first.close();
  return openEngine({ ...settings, database: 'ours' });
});

async function makeOrders(): Promise<TestDatabase> {
  const database = await server.database();
  await database.sql(`CREATE TABLE orders (id UInt64, mail Nullable(String), at DateTime64(3), gone DateTime, state Enum8('paid' = 1, 'void' = 2),
    sum Decimal(12, 2), changed DateTime) ENGINE = ReplacingMergeTree(changed) ORDER BY id`);
  await database.sql(`INSERT INTO orders (id, mail, at, state, sum, changed) VALUES
    (1, 'ana@example.com', '2026-03-01 23:30:00.5', 'paid', 10, '2026-03-01 10:00:00'),
    (2, 'ion, "the 2nd"', '2026-03-02 10:00:00', 'paid', 20, '2026-03-02 10:00:00'),
    (3, NULL, '2026-03-03 10:00:00', 'void', 30.05, '2026-03-03 10:00:00'),
    (4, 'eva@example.com', 0, 'paid', 40, '2026-03-03 10:00:00')`);
  return database;
}

const sourceOf = ({ name, url }: TestDatabase, where: 'apart' | 'beside', query?: string) => ({
  type: 'clickhouse',
  ...(where === 'apart' ? { url } : {}),
  query: query ?? `SELECT * FROM ${name}.orders FINAL WHERE changed > {since} ORDER BY id -- all that is new`,
  columns: {
    order_id: 'id',
    email: 'mail',
    ordered_at: 'at',
    cancelled_at: 'gone',
    state: 'state',
    total: 'sum',
    updated_at: 'changed',
  },
  ...(query ? {} : { cursor: { field: 'changed', lag: '1m' } }),
});

async function recordsOf(stage: typeof apart, shop: Shop): Promise<object[]> {
  const sources = shop.job.sources.map(({ key }) => key);
  return stage.engine.query(
    `SELECT order_id, email, ordered_at, cancelled_at, state, counts, toString(goods) AS goods, version
     FROM orders FINAL WHERE source IN {sources:Array(String)} ORDER BY order_id`,
    { sources },
  );
}

const shopOf = (stage: typeof apart, source: object) =>
  stage.shop({ timezone: 'Europe/Bucharest', sources: [source] });
const statementsOfRows = () => server.asked.filter(({ sql }) => sql.includes('TabSeparatedRaw'));

test('orders are the same whether the rows travel or are read in place, and the next run brings what is new', async () => {
  const database = await makeOrders();
  const travelled = shopOf(apart, sourceOf(database, 'apart'));
  const first = (await travelled.profile(AS_OF)).pulled;
  const before = statementsOfRows().length;
  const placed = shopOf(beside, sourceOf(database, 'beside'));
  const alike = (await placed.profile(AS_OF)).pulled;

  for (const pulled of [first, alike]) {
    expect(pulled).toMatchObject({
      orders: 3,
      rejected: 1,
      rejections: [{ line: 4, reason: 'the date of the order cannot be read' }],
    });
  }
  expect(await recordsOf(apart, travelled)).toEqual(await recordsOf(beside, placed));
  expect(await recordsOf(beside, placed)).toMatchObject([
    { order_id: '1', email: 'ana@example.com', ordered_at: '2026-03-01T23:30:00.500Z', counts: true },
    { order_id: '2', email: '', cancelled_at: null, goods: '20' },
    { order_id: '3', state: 'void', counts: false, goods: '30.05' },
  ]);
  expect(statementsOfRows()).toHaveLength(before);

  await database.sql(
    `INSERT INTO orders (id, at, state, sum, changed) VALUES (2, '2026-03-02 10:00:00', 'paid', 25, '2026-03-04 10:00:00')`,
  );
  const [again, inPlace] = [await travelled.profile(AS_OF), await placed.profile(AS_OF)];

  // The last one that was seen is read again.
  expect(again.pulled.orders).toBe(2);
  expect(inPlace.pulled.orders).toBe(2);
  expect(await recordsOf(apart, travelled)).toEqual(await recordsOf(beside, placed));
  expect(await recordsOf(beside, placed)).toMatchObject([{}, { goods: '25' }, {}]);
});

test.for(['apart', 'beside'] as const)(
  'a query that the server ends for its time sends nothing and marks nothing: %s',
  async (where) => {
    const database = await makeOrders();
    const stage = { apart, beside }[where];
    const platform = openPlatform();
    const source = sourceOf(database, where);
    const query = `SELECT * FROM ${database.name}.orders WHERE changed > {since} AND NOT ignore((SELECT sum(number) FROM numbers(100000000000)))`;
    const shop = stage.shop({
      sources: [{ ...source, query, timeout: '1s' }],
      connectors: { platform: platform.definition },
    });

    const report = await shop.run(AS_OF);

    expect(report).toMatchObject({ status: 'failed', error: { code: 'SOURCE_TIMEOUT' } });
    expect(platform.requests).toEqual([]);
    const marked = `SELECT mark FROM marks WHERE source = {source:String} AND mark != ''`;
    expect(await stage.engine.query(marked, { source: shop.job.sources[0]!.key })).toEqual([]);
  },
);

describe('in place', () => {
  test('without a server as the engine the cure is told', async () => {
    const shop = shopOf(apart, sourceOf(await makeOrders(), 'beside'));

    await expect(shop.profile(AS_OF)).rejects.toMatchObject({
      problem: { code: 'SOURCE_NOT_FOUND', fix: expect.stringContaining('engine.url') },
    });
  });

  test.for([
    ['a table that is not there', 'SELECT * FROM DB.ordrs', 'SOURCE_NOT_FOUND'],
    ['a column that is not there', 'SELECT creatd AS id FROM DB.orders', 'SOURCE_QUERY'],
    ['a file of the server', "SELECT * FROM file('/etc/passwd', 'LineAsString')", 'SOURCE_QUERY'],
    ['a bracket that closes ours', 'SELECT * FROM DB.orders) AS a, (SELECT 1', 'SOURCE_QUERY'],
    ['a column that the settings name', 'SELECT 1 AS id', 'SOURCE_MISSING_COLUMN'],
    [
      'a row that it cannot work with',
      "SELECT id, mail, at, gone, state, throwIf(id = 4, 'eva@example.com') AS sum, changed FROM DB.orders",
      'SOURCE_QUERY',
    ],
  ] as const)('%s fails the pull', async ([, query, code]) => {
    const database = await makeOrders();
    const shop = shopOf(beside, sourceOf(database, 'beside', query.replace('DB', database.name)));

    const report = await shop.run(AS_OF);

    expect(report).toMatchObject({ status: 'failed', error: { code } });
    expect(JSON.stringify(report)).not.toMatch(/eva@|passwd/);
    expect(await recordsOf(beside, shop)).toEqual([]);
  });

  test('check says where it reads, and what', async () => {
    const database = await makeOrders();
    const shop = shopOf(beside, sourceOf(database, 'beside'));
    const { definition, settings } = shop.job.sources[0]!;
    const source = await definition.open(settings, {
      folder: '/',
      timezone: 'UTC',
      currency: 'EUR',
      signal: new AbortController().signal,
      backoff_ms: 1,
      engine: { ...beside.engine.server!, query: (sql, params) => beside.engine.query(sql, params) },
      log: () => undefined,
    });

    const facts = await source.check();

    expect(facts[0]).toMatch(/^clickhouse ours in the engine: ClickHouse \d+\.[\d.]+, read in place$/);
    expect(facts.at(-1)).toContain('no index finds what is new');
  });
});
