import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Page } from '../../connectors/index.ts';
import { onCluster } from '../../src/engine/cluster.ts';
import { shardOf } from '../../src/engine/definition.ts';
import { dropRun } from '../../src/engine/partitions.ts';
import { erase } from '../../src/run/erase.ts';
import { profile } from '../../src/run/profile.ts';
import { pull } from '../../src/run/pull.ts';
import type { RunContext } from '../../src/run/run.ts';
import { recordRun } from '../../src/run/state.ts';
import { AS_OF, SETTINGS, shops } from './any-records.ts';
import { aBuyer, anOrder, openStage, type Profile, type Shop } from './stage.ts';

const stage = openStage();
const ALWAYS = { many_orders: 0, few_nodes: 1 };
const NEVER = { many_orders: Infinity, few_nodes: 0 };
const [MONDAY, TUESDAY] = ['2026-03-30', '2026-03-31'] as const;

const all = (run: RunContext) =>
  stage.engine.query<Profile>(
    'SELECT * EXCEPT (job, run_id) FROM profiles WHERE job = {job:String} AND run_id = {run:String} ORDER BY customer',
    { job: run.job.name, run: run.run_id },
  );

/** Of whom the run read the orders anew, by their nodes; empty where it read those of everybody. */
async function lookedAt(run: RunContext): Promise<string[]> {
  const rows = await stage.engine.query<{ node: string }>(
    `SELECT node FROM history_nodes WHERE job = {job:String} AND run_id = {run:String} AND what = 'changed' ORDER BY node`,
    { job: run.job.name, run: run.run_id },
  );
  return rows.map(({ node }) => node);
}

/** Profiles with histories, and beside that without: both must come to the same. */
async function profiled(shop: Shop, as_of: string, keeping = ALWAYS) {
  const [kept, plain] = [shop.context(as_of), shop.context(as_of)];
  await pull(kept);
  const { warnings } = await profile(kept, keeping);
  const expected = await profile(plain, NEVER);
  const customers = await all(kept);
  expect(customers).toEqual(await all(plain));
  expect(warnings).toEqual(expected.warnings);
  return { run: kept, looked_at: await lookedAt(kept), customers, warnings };
}

/** Records that were replaced are gone after it. */
async function merge(): Promise<void> {
  const { cluster } = stage.engine;
  const orders = cluster ? `${shardOf('orders')}${onCluster(cluster)}` : 'orders';
  await stage.engine.command(`OPTIMIZE TABLE ${orders} FINAL`);
}

const THREE: Page = {
  orders: ['ana', 'ben', 'cleo'].map((name) =>
    anOrder({
      order_id: name,
      email: `${name}@example.com`,
      goods: '10',
      ordered_at: '2026-03-01T12:00:00Z',
    }),
  ),
};

describe('histories', () => {
  test('brought up to date come to what all orders come to, whatever changes from day to day', async () => {
    const days = ['2026-03-29', '2026-03-30', AS_OF, AS_OF, '2026-04-02'];
    const day = fc.integer({ min: 0, max: days.length - 1 });
    const many = fc.array(day, { minLength: 60, maxLength: 60 });
    let brought = 0;
    const property = fc.asyncProperty(shops, many, fc.array(day), async (records, when, merged) => {
      const shop = stage.shop(SETTINGS);
      for (const [index, date] of days.entries()) {
        const today = (_: unknown, place: number) => when[place] === index;
        const { orders, refunds, events } = records;
        shop.holds({
          orders: orders.filter(today),
          refunds: refunds.filter(today),
          events: events.filter(today),
        });
        if (merged.includes(index)) await merge();
        const { looked_at } = await profiled(shop, date);
        if (looked_at.length > 0) brought += 1;
      }
    });

    await fc.assert(property, { numRuns: 5 });

    expect(brought).toBeGreaterThan(0);
  });

  test('are read anew only for those of whom something changed', async () => {
    const shop = stage.shop();
    shop.holds(THREE);
    await profiled(shop, MONDAY);
    shop.holds({ orders: [anOrder({ email: 'ben@example.com', ordered_at: '2026-03-31T09:00:00Z' })] });

    const { looked_at, customers } = await profiled(shop, TUESDAY, { ...ALWAYS, few_nodes: 0.4 });

    expect(looked_at).toEqual(['email:ben@example.com']);
    expect(customers).toMatchObject([{ orders: 1 }, { orders: 2 }, { orders: 1 }]);
  });

  test('are read anew for those whose order, refund or cancellation comes due', async () => {
    const shop = stage.shop();
    const order = anOrder({
      order_id: 'later',
      email: 'dan@example.com',
      ordered_at: '2026-03-31T09:00:00Z',
    });
    const cancelled = { ...THREE.orders![0]!, cancelled_at: '2026-03-31T10:00:00Z' };
    const back = { refund_id: 'r', order_id: 'ben', version: THREE.orders![1]!.version, amount: '4' };
    shop.holds({
      orders: [cancelled, ...THREE.orders!.slice(1), order],
      refunds: [{ ...back, at: '2026-03-31T11:00:00Z' }],
    });
    await profiled(shop, MONDAY);
    shop.holds({});

    const { looked_at, customers } = await profiled(shop, TUESDAY);

    expect(looked_at).toEqual(['email:ana@example.com', 'email:ben@example.com', 'email:dan@example.com']);
    expect(customers).toMatchObject([{ revenue: '6' }, { revenue: '10' }, { orders: 1 }]);
  });

  test('are read anew for everybody where an order has gone over to somebody else, and nothing tells from whom', async () => {
    const shop = stage.shop();
    shop.holds(THREE);
    await profiled(shop, MONDAY);
    const [order] = THREE.orders!;
    shop.holds({ orders: [{ ...order!, email: 'dan@example.com', version: order!.version + 1 }] });
    await pull(shop.context(TUESDAY));
    await merge();
    shop.holds({});

    const { looked_at, customers } = await profiled(shop, TUESDAY);

    expect(looked_at).toEqual([]);
    expect(customers.map(({ customer }) => customer)).toEqual([
      'email:ben@example.com',
      'email:cleo@example.com',
      'email:dan@example.com',
    ]);
  });

  test('are made anew with other exchange rates', async () => {
    const shop = stage.shop({ exchange_rates: { RON: '0.2' } });
    shop.holds({ orders: THREE.orders!.map((order) => ({ ...order, currency: 'RON' })) });
    await profiled(shop, MONDAY);
    shop.change({ exchange_rates: { RON: '0.3' } });
    shop.holds({});

    const { looked_at, customers } = await profiled(shop, TUESDAY);

    expect(looked_at).toEqual([]);
    expect(customers).toMatchObject([{ revenue: '3' }, { revenue: '3' }, { revenue: '3' }]);
  });

  test('are made anew for an earlier day, and the next run goes on with those of the later one', async () => {
    const shop = stage.shop();
    shop.holds(THREE);
    await profiled(shop, TUESDAY);
    shop.holds({});

    const before = await profiled(shop, MONDAY);
    // As a backfill ends.
    await dropRun(stage.engine, { job: shop.job.name, run_id: before.run.run_id });
    shop.holds({ orders: [anOrder({ email: 'ben@example.com', ordered_at: '2026-03-31T09:00:00Z' })] });
    const after = await profiled(shop, TUESDAY);

    expect(before.looked_at).toEqual([]);
    expect(after.looked_at).toEqual(['email:ben@example.com']);
  });

  test('have what another job stored that was under way while they were made', async () => {
    const [mine, other] = [
      stage.shop({ name: 'mine', sources: ['shared'] }),
      stage.shop({ name: 'other', sources: ['shared'] }),
    ];
    const theirs = other.context(MONDAY);
    await recordRun(stage.engine, { job: 'other', run_id: theirs.run_id, as_of: MONDAY }, 'started');
    mine.holds(THREE);
    await profiled(mine, MONDAY);
    mine.holds({ orders: [{ ...THREE.orders![1]!, goods: '25' }] });
    await pull(theirs);
    await merge();
    mine.holds({});

    const { looked_at, customers } = await profiled(mine, TUESDAY);

    expect(looked_at).toEqual(['email:ben@example.com']);
    expect(customers).toMatchObject([{ revenue: '10' }, { revenue: '25' }, { revenue: '10' }]);
  });

  test('that a run was killed over are not gone on with', async () => {
    const shop = stage.shop();
    shop.holds(THREE);
    await profiled(shop, MONDAY);
    const killed = shop.context(MONDAY);
    await stage.engine.insert('histories', [
      { job: shop.job.name, run_id: killed.run_id, node: 'email:ana@example.com', orders: 3 },
    ]);
    shop.holds({ orders: [anOrder({ email: 'ben@example.com', ordered_at: '2026-03-31T09:00:00Z' })] });

    const { looked_at } = await profiled(shop, TUESDAY);

    expect(looked_at).toEqual(['email:ben@example.com']);
  });

  test('have nothing of a person who is erased, and those of the others are gone on with', async () => {
    const shop = stage.shop();
    shop.holds({ orders: [...THREE.orders!, anOrder({ email: 'erna@example.com' })] });
    const { run } = await profiled(shop, MONDAY);
    await recordRun(stage.engine, { job: shop.job.name, run_id: run.run_id, as_of: MONDAY }, 'segmented');
    const options = { state: stage.state, signal: new AbortController().signal, log: () => {} };

    const { deleted } = await erase(stage.engine, [shop.job], 'erna@example.com', options);
    shop.holds({ orders: [anOrder({ email: 'ben@example.com', ordered_at: '2026-03-31T09:00:00Z' })] });
    const { looked_at, customers } = await profiled(shop, TUESDAY);

    expect(deleted).toMatchObject({ histories: 1 });
    expect(looked_at).toEqual(['email:ben@example.com']);
    expect(customers).toMatchObject([{ orders: 1 }, { orders: 2 }, { orders: 1 }]);
  });

  test('are not kept of a small shop', async () => {
    const shop = stage.shop();
    shop.holds(aBuyer('ana'));
    await shop.run(MONDAY);

    expect(
      await stage.engine.query('SELECT 1 FROM histories WHERE job = {job:String}', { job: shop.job.name }),
    ).toEqual([]);
  });
});
