import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openEngine, type Engine } from '../../src/engine/engine.ts';
import { eachShard, spread } from '../../src/engine/each-shard.ts';
import { createTables } from '../../src/engine/tables.ts';
import { openServerStore, type ServerStore } from './places.ts';

describe('a store on a cluster', { timeout: 400_000 }, () => {
  let store: ServerStore;
  let engine: Engine;

  beforeAll(async () => {
    store = await openServerStore({ shards: true });
    engine = await openEngine(store.settings);
    await createTables(engine);
  }, 240_000);
  afterAll(async () => {
    await engine.close();
    await store.leave();
  });

  test('divides rows among its shards, each of which has all versions of what is its own', async () => {
    const customers = Array.from({ length: 100 }, (_, index) => ({
      record_key: String(index),
      source: 'shop',
    }));
    await engine.insert('customers', customers);
    await engine.insert('customers', customers);

    const shards = await engine.query<{ shard: number; customers: number; rows: number }>(
      `SELECT shardNum() AS shard, toUInt32(uniqExact(record_key)) AS customers, toUInt32(count()) AS rows
       FROM customers GROUP BY shard ORDER BY shard`,
    );
    const [newest] = await engine.query('SELECT toUInt32(count()) AS rows FROM customers FINAL');

    expect(shards.map(({ shard }) => shard)).toEqual([1, 2]);
    for (const { customers: some, rows } of shards) expect(rows).toBe(some * 2);
    expect(shards.reduce((sum, { customers: some }) => sum + some, 0)).toBe(100);
    expect(newest).toEqual({ rows: 100 });
  });

  test('stores what came with a token once, on every shard', async () => {
    const facts = Array.from({ length: 50 }, (_, index) => ({
      job: 'tokens',
      member: `email:${index}`,
      seq: '1',
    }));
    await engine.insert('ledger', facts, { token: 'once' });
    await engine.insert('ledger', facts, { token: 'once' });

    const [row] = await engine.query(`SELECT toUInt32(count()) AS rows FROM ledger WHERE job = 'tokens'`);
    expect(row).toEqual({ rows: 50 });
  });

  test('is made anew by nobody, also when two begin at once', async () => {
    const before = store.door.asked.length;
    await Promise.all([createTables(engine), createTables(engine)]);
    const created = store.door.asked.slice(before).filter(({ sql }) => /^(CREATE|ALTER)/.test(sql));
    expect(created).toEqual([]);
  });

  test('of a name that the server does not know tells those that it knows', async () => {
    const { cluster } = store.settings;
    await expect(openEngine({ ...store.settings, cluster: 'shpo' })).rejects.toMatchObject({
      problem: {
        code: 'ENGINE_CLUSTER',
        what: 'The ClickHouse server knows no cluster "shpo".',
        why: expect.stringContaining(cluster!),
      },
    });
  });

  test('of servers that do not know which replica they are says what to set, unless there are no replicas', async () => {
    store.door.next({
      at: /getMacro/,
      say: `Code: 139. DB::Exception: No macro 'shard' in config: while executing. (NO_ELEMENTS_IN_CONFIG)`,
    });
    await expect(openEngine(store.settings)).rejects.toMatchObject({
      problem: { code: 'ENGINE_CLUSTER', fix: expect.stringContaining('engine.replicated: false') },
    });
    const single = await openEngine({ ...store.settings, replicated: false });
    await single.close();
    expect(store.door.asked.filter(({ sql }) => /getMacro/.test(sql))).toHaveLength(2);
  });
});

test('a sub-query for each shard reads what is there, and what stands around it is looked up for all', () => {
  const sub = eachShard(`SELECT a FROM orders FINAL WHERE b = ')' AND c IN (SELECT c FROM refunds)`);
  const sql = `SELECT a FROM ${sub} AS x WHERE a NOT IN (SELECT a FROM orders)`;

  expect(spread(sql, { name: 'shop', replicated: true, database: 'sync' }).replaceAll(/\s+/g, ' ')).toBe(
    `SELECT a FROM cluster('shop', view( SELECT a FROM sync.orders_shard FINAL WHERE b = ')' AND c IN (SELECT c FROM sync.refunds_shard))) AS x WHERE a GLOBAL NOT IN (SELECT a FROM orders)`,
  );
});
