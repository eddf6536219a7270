import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { Engine } from '../connectors/database-connection.ts';
import { findServer, type TestDatabase } from '../connectors/databases.ts';
import { openPlatform } from './platform.ts';
import { anOrder, openStage, type Shop } from './stage.ts';

const stage = openStage();
const AS_OF = '2026-03-31';
const servers = { postgres: await findServer('postgres'), mysql: await findServer('mysql') };
const missing = Object.values(servers).flatMap(({ missing }) => missing ?? []);

async function makeOrders(engine: Engine): Promise<TestDatabase> {
  const database = await servers[engine].database();
  const time = engine === 'postgres' ? 'timestamptz' : 'timestamp(3) NULL';
  await database.sql(`CREATE TABLE orders (order_id int PRIMARY KEY, email varchar(80), ordered_at ${time},
    total varchar(20), updated_at ${time})`);
  await database.sql(`INSERT INTO orders VALUES
    (1, '${engine}-ana@example.com', '2026-03-01 10:00:00', '10.00', '2026-03-01 10:00:00'),
    (2, '${engine}-ion@example.com', '2026-03-02 10:00:00', '20.00', '2026-03-02 10:00:00'),
    (3, 'both@example.com', '2026-03-03 10:00:00', '30.00', '2026-03-03 10:00:00')`);
  return database;
}

const sourceOf = (type: Engine, { url }: TestDatabase, more: object = {}) => ({
  type,
  url,
  query: 'SELECT * FROM orders WHERE updated_at > {since} ORDER BY updated_at',
  cursor: { field: 'updated_at', lag: '1m', ...more },
});

async function orders(shop: Shop): Promise<Record<string, string>> {
  const rows = await stage.engine.query<{ key: string; goods: string }>(
    `SELECT concat(source, ' ', order_id) AS key, toString(goods) AS goods FROM orders FINAL
     WHERE source IN {sources:Array(String)} ORDER BY key`,
    { sources: shop.job.sources.map(({ key }) => key) },
  );
  return Object.fromEntries(rows.map(({ key, goods }) => [key, goods]));
}

test.runIf(missing.length > 0)('a job over databases is not tried where a server is missing', ({ skip }) =>
  skip(`skipped: ${missing.join('; ')}`),
);

describe.skipIf(missing.length > 0)('opens that a program made', () => {
  test.each(['postgres', 'mysql'] as const)('are told from others by a yes or no of %s', async (engine) => {
    const { url } = await servers[engine].database();
    const opens = ['true', 'false', 'NULL'].map(
      (bot, id) =>
        `SELECT ${id} AS event_id, '2026-03-01' AS at, 'ana@example.com' AS email, ${bot} AS is_machine`,
    );
    const query = opens.join(' UNION ALL ');
    const shop = stage.shop({
      name: `opens-${engine}`,
      sources: ['shop', { type: engine, url, records: 'events', event: 'open', query }],
    });
    shop.holds({ orders: [anOrder({ email: 'ana@example.com' })] }, 'shop');

    const { customers } = await shop.profile(AS_OF);

    expect(customers).toMatchObject([{ opens_12m: 2 }]);
  });
});

describe.skipIf(missing.length > 0)('a job over a file, PostgreSQL and MariaDB', () => {
  test('puts the customers together; the next run brings what changed and nothing twice', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'databases-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const file = join(folder, 'old.csv');
    writeFileSync(file, 'id,mail,day,sum\n1,both@example.com,2026-01-05,40.00\n');
    const [postgres, mysql] = [await makeOrders('postgres'), await makeOrders('mysql')];
    const columns = { order_id: 'id', email: 'mail', ordered_at: 'day', total: 'sum' };
    const shop = stage.shop({
      name: 'mixed',
      sources: [
        { type: 'csv', path: file, columns },
        sourceOf('postgres', postgres),
        sourceOf('mysql', mysql),
      ],
    });

    const first = await shop.profile(AS_OF);
    const before = await orders(shop);
    await shop.profile(AS_OF);
    const again = await orders(shop);
    await mysql.sql(
      `UPDATE orders SET total = '25.00', updated_at = '2026-03-04 10:00:00' WHERE order_id = 2`,
    );
    const changed = await shop.profile(AS_OF);

    expect(first.pulled).toMatchObject({ orders: 7, rejected: 0, incomplete: [] });
    expect(
      first.customers.map(({ customer, orders, revenue }) => [customer, orders, revenue]),
    ).toContainEqual([expect.anything(), 3, '100']);
    expect(again).toEqual(before);
    expect(Object.keys(await orders(shop))).toEqual(Object.keys(before));
    expect(Object.values(await orders(shop)).toSorted()).toEqual(
      Object.values(before).with(Object.values(before).lastIndexOf('20'), '25').toSorted(),
    );
    expect(changed.customers).toHaveLength(first.customers.length);
  });

  test.for(['postgres', 'mysql'] as const)(
    'a column of %s that changes its type gives up single rows',
    async (engine) => {
      const database = await makeOrders(engine);
      const shop = stage.shop({ sources: [sourceOf(engine, database)] });
      await shop.profile(AS_OF);

      const text =
        engine === 'postgres'
          ? 'ALTER TABLE orders ALTER ordered_at TYPE text'
          : 'ALTER TABLE orders MODIFY ordered_at text';
      await database.sql(text);
      await database.sql(
        `UPDATE orders SET ordered_at = 'ana@example.com', updated_at = '2026-03-05 10:00:00' WHERE order_id = 1`,
      );
      await database.sql(
        `UPDATE orders SET total = '33.00', updated_at = '2026-03-06 10:00:00' WHERE order_id = 3`,
      );
      const { pulled } = await shop.profile(AS_OF);

      expect(pulled).toMatchObject({
        rejected: 1,
        rejections: [{ source: `query of ${database.name}`, reason: 'the date of the order cannot be read' }],
      });
      expect(Object.values(await orders(shop))).toContain('33');
      await database.sql('ALTER TABLE orders DROP COLUMN ordered_at');
      await expect(shop.profile(AS_OF)).rejects.toMatchObject({ problem: { code: 'SOURCE_MISSING_COLUMN' } });
    },
  );

  test.for(['postgres', 'mysql'] as const)(
    'a query that %s ends for its time sends nothing, and the next pull begins where the last whole one did',
    { timeout: 120_000 },
    async (engine) => {
      const database = await makeOrders(engine);
      const viewWith = (note: string) =>
        database.sql(`CREATE OR REPLACE VIEW slow_orders AS SELECT orders.*, ${note} AS note FROM orders`);
      const [quick, slow] = {
        postgres: [`'x'::text`, `CASE WHEN order_id = 4 THEN pg_sleep(1000)::text ELSE 'x' END`],
        mysql: [`'x'`, `CASE WHEN order_id = 4 THEN CONCAT(SLEEP(1000)) ELSE 'x' END`],
      }[engine];
      await viewWith(quick!);
      const platform = openPlatform();
      const source = sourceOf(engine, database);
      const query = source.query.replace('orders', 'slow_orders').replace(' ORDER BY updated_at', '');
      const shop = stage.shop({
        sources: [{ ...source, query, timeout: '3s' }],
        connectors: { platform: platform.definition },
      });
      const marks = () =>
        stage.engine.query('SELECT part, mark FROM marks WHERE source = {source:String} ORDER BY seq', {
          source: shop.job.sources[0]!.key,
        });

      const first = await shop.run(AS_OF);
      const [sent, marked] = [[...platform.requests], await marks()];
      await database.sql(
        `INSERT INTO orders VALUES (4, 'eva@example.com', '2026-03-20 10:00:00', '40.00', '2026-03-20 10:00:00')`,
      );
      await viewWith(slow!);
      const failed = await shop.run(AS_OF);

      expect(first).toMatchObject({ status: 'done', error: null });
      expect(sent).not.toEqual([]);
      expect(failed).toMatchObject({ status: 'failed', error: { code: 'SOURCE_TIMEOUT' } });
      expect(failed.error!.fix).toContain('raise `timeout`');
      expect(platform.requests).toEqual(sent);
      expect(await marks()).toEqual(marked);
      await viewWith(quick!);
      expect(await shop.run(AS_OF)).toMatchObject({ status: 'done' });
      expect(Object.values(await orders(shop))).toContain('40');
    },
  );

  test.for(['postgres', 'mysql'] as const)(
    'a pull from %s that is called off in the middle goes on there',
    { timeout: 180_000 },
    async (engine) => {
      const database = await makeOrders(engine);
      await database.sql(`ALTER TABLE orders ADD note ${engine === 'postgres' ? 'text' : 'longtext'}`);
      const more = Array.from(
        { length: 21 },
        (_, n) => `(${n + 10}, NULL, '2026-03-04 10:00:00', '1.00', '2026-03-04 10:${n + 10}:00')`,
      );
      await database.sql(
        `INSERT INTO orders (order_id, email, ordered_at, total, updated_at) VALUES ${more.join(', ')}`,
      );
      await database.sql(`UPDATE orders SET note = repeat('x', 4000000)`);
      const shop = stage.shop({ sources: [sourceOf(engine, database, { sorted: true })] });
      const stop = new AbortController();

      const cut = shop.run(AS_OF, { send: false, signal: stop.signal });
      const [source] = shop.job.sources;
      const marked = 'SELECT count() AS count FROM marks WHERE source = {source:String}';
      for (let marks = '0'; marks === '0';)
        [{ count: marks }] = (await stage.engine.query<{ count: string }>(marked, {
          source: source!.key,
        })) as [{ count: string }];
      stop.abort(new DOMException('stop', 'AbortError'));
      const report = await cut;
      const { pulled } = await shop.profile(AS_OF);

      expect(report.error).toMatchObject({ code: 'RUN_INTERRUPTED' });
      expect(Object.keys(await orders(shop))).toHaveLength(24);
      expect(pulled.orders).toBeLessThan(24);
    },
  );
});
