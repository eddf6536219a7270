import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import type { Page } from '../../connectors/index.ts';
import { runsOn, type BackfillOptions } from '../../src/run/backfill.ts';
import { lockJob } from '../../src/run/lock.ts';
import { lastRun, recordRun } from '../../src/run/state.ts';
import { openPlatform } from './platform.ts';
import { aBuyer, aCustomer, anOrder, aRefund, openStage, type Shop } from './stage.ts';

const stage = openStage();

const SEGMENTS = { lifecycle: {}, value_engagement: {}, value_tier: {} };
const MARCH = '2026-03-31';
const JUNE = '2026-06-30';

/** Two hundred customers who buy at rhythms of their own until the end of June, a few with a later refund. */
function aShop(): Page {
  const orders = [];
  const customers = [];
  const refunds = [];
  for (let buyer = 0; buyer < 200; buyer += 1) {
    const gap = 15 + ((buyer * 37) % 120);
    const first = Date.parse('2025-01-10T12:00:00Z') + ((buyer * 53) % 480) * DAY_MS;
    const email = `buyer${buyer}@example.com`;
    customers.push(aCustomer({ email }));
    for (let order = 0; order < 1 + ((buyer * 13) % 9); order += 1) {
      const ordered_at = new Date(first + order * gap * DAY_MS).toISOString();
      if (ordered_at >= '2026-07-01') break;
      orders.push(anOrder({ email, ordered_at, goods: `${10 + ((buyer * 7 + order * 11) % 60)}.50` }));
    }
    if (buyer % 20 === 0) {
      refunds.push(aRefund(orders.at(-1)!, { at: '2026-05-05T12:00:00.000Z', amount: '5.00' }));
    }
  }
  return { orders, customers, refunds };
}

const DAY_MS = 86_400_000;

function on({ job }: Shop, dates: readonly string[], more: Partial<BackfillOptions> = {}) {
  const signal = new AbortController().signal;
  return runsOn(stage.engine, job, dates, { state: aDirectory(), signal, log: () => undefined, ...more });
}

function aDirectory(): string {
  const path = mkdtempSync(join(tmpdir(), 'backfill-'));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

function assignments(job: string, run: string): Promise<object[]> {
  return stage.engine.query(
    `SELECT customer, segments, revenue_12m, clv_12m, as_of FROM assignments
     WHERE job = {job:String} AND run_id = {run:String} ORDER BY customer`,
    { job, run },
  );
}

function events(job: string): Promise<{ run_id: string; event: string }[]> {
  return stage.engine.query(
    'SELECT run_id, event FROM runs WHERE job = {job:String} ORDER BY run_id, at, event',
    { job },
  );
}

test('a past date computed afterwards is what a run on that day would have found', async () => {
  const asked = stage.shop({ segments: SEGMENTS });
  asked.holds(aShop());
  await asked.run(JUNE, { send: false });
  const real = stage.shop({ segments: SEGMENTS, sources: ['another-shelf'] });
  real.holds(aShop());
  const there = await real.run(MARCH, { send: false });

  const [march] = await on(asked, [MARCH]);

  expect(march).toMatchObject({
    as_of: MARCH,
    backfilled: true,
    customers: there.customers,
    model: there.model,
    limits: there.limits,
    segments: there.segments,
  });
  expect(there.model.name).toBe('mbg_nbd');
  const found = await assignments(asked.job.name, march!.run_id);
  expect(found).toHaveLength(there.customers);
  expect(found).toEqual(await assignments(real.job.name, there.run_id));
});

test('nothing is pulled or sent, the last run stays the last with all it computed, and only assignments are left', async () => {
  const platform = openPlatform();
  const shop = stage.shop({ segments: SEGMENTS, connectors: { platform: platform.definition } });
  shop.holds(aShop());
  const run = await shop.run(JUNE);
  const sent = platform.requests.length;
  const left = () =>
    Promise.all(
      ['identity_labels', 'profiles', 'predictions', 'scores', 'clv_curves', 'plan_members', 'ledger'].map(
        (table) =>
          stage.engine.query(
            `SELECT run_id, count() AS rows FROM ${table} WHERE job = {job:String} GROUP BY run_id ORDER BY run_id`,
            { job: shop.job.name },
          ),
      ),
    );
  const before = await left();
  shop.holds(aBuyer('later', { ordered_at: '2026-01-01T12:00:00.000Z' }));

  const [march, june] = await on(shop, [MARCH, JUNE]);

  expect(march!.customers).toBeLessThan(run.customers);
  expect(june).toMatchObject({ run_id: run.run_id, backfilled: false, segments: run.segments });
  expect(platform.requests).toHaveLength(sent);
  expect(await left()).toEqual(before);
  expect(await lastRun(stage.engine, shop.job.name, 'segmented')).toMatchObject({ run_id: run.run_id });
  expect(await lastRun(stage.engine, shop.job.name, 'finished')).toMatchObject({ run_id: run.run_id });
});

test('a date is computed once, anew when asked, and again when the rules have changed', async () => {
  const shop = stage.shop({ segments: SEGMENTS });
  shop.holds(aShop());
  const run = await shop.run(JUNE, { send: false });
  const [first] = await on(shop, [MARCH]);

  const [again] = await on(shop, [MARCH]);
  const [anew, june] = await on(shop, [MARCH, JUNE], { anew: true });
  shop.change({ segments: { ...SEGMENTS, lifecycle: { labels: { top: 'Best' }, backtest: false } } });
  const [renamed] = await on(shop, [MARCH]);
  shop.change({ segments: { ...SEGMENTS, lifecycle: { top_share: 0.5 } } });
  const [other, otherJune] = await on(shop, [MARCH, JUNE]);

  expect(again!.run_id).toBe(first!.run_id);
  expect(anew!.run_id > first!.run_id).toBe(true);
  // What a run found stays.
  expect(june!.run_id).toBe(run.run_id);
  expect(renamed!.run_id).toBe(anew!.run_id);
  expect(other!.run_id > anew!.run_id).toBe(true);
  expect(other!.limits.lifecycle).toMatchObject({ top_share: 0.5 });
  expect(otherJune).toMatchObject({ backfilled: true });
});

test('before the first order there is nobody, and every segment says so', async () => {
  const shop = stage.shop({ segments: SEGMENTS });
  shop.holds(aShop());
  await shop.run(JUNE, { send: false });

  const [none] = await on(shop, ['2020-01-01']);

  expect(none!.customers).toBe(0);
  expect(none!.segments).toHaveLength(14);
  expect(none!.segments.every(({ customers, share }) => customers === 0 && share === 0)).toBe(true);
});

test('one that was killed is closed by the next, and its date computed anew', async () => {
  const shop = stage.shop({ segments: SEGMENTS });
  shop.holds(aShop());
  await shop.run(JUNE, { send: false });
  const killed = { job: shop.job.name, run_id: '20990101t000000000z-killed', as_of: MARCH };
  await recordRun(stage.engine, killed, 'started', { send: false, backfill: true });
  const ids = { job: shop.job.name, run_id: killed.run_id };
  await stage.engine.insert('profiles', [{ ...ids, customer: 'half done' }]);

  const [march] = await on(shop, [MARCH]);

  expect(march!.run_id).not.toBe(killed.run_id);
  const closed = (await events(shop.job.name)).filter(({ run_id }) => run_id === killed.run_id);
  expect(closed.map(({ event }) => event)).toEqual(['started', 'planned']);
  const mine = (await events(shop.job.name)).filter(({ run_id }) => run_id === march!.run_id);
  expect(mine.map(({ event }) => event)).toEqual(['started', 'backfilled']);
  const rows = await stage.engine.query(
    'SELECT customer FROM profiles WHERE job = {job:String} AND run_id = {run_id:String}',
    ids,
  );
  expect(rows).toEqual([]);
});

test('one that is told to stop ends itself; what was done before stays', async () => {
  const shop = stage.shop({ segments: SEGMENTS });
  shop.holds(aShop());
  await shop.run(JUNE, { send: false });
  const stop = new AbortController();
  const asked = on(shop, [MARCH, '2026-04-30'], {
    signal: stop.signal,
    log: (message) => message === 'backfill' && stop.abort(),
  });

  await expect(asked).rejects.toMatchObject({ name: 'AbortError' });

  const done = (await events(shop.job.name)).filter(({ event }) => event === 'backfilled');
  expect(done).toHaveLength(1);
  expect((await on(shop, [MARCH]))[0]!.run_id).toBe(done[0]!.run_id);
});

test('while the job runs, only dates that are there already are told', async () => {
  const shop = stage.shop({ segments: SEGMENTS });
  shop.holds(aShop());
  await shop.run(JUNE, { send: false });
  const state = aDirectory();
  const unlock = await lockJob(state, shop.job.name);
  onTestFinished(unlock);

  expect(await on(shop, [JUNE], { state })).toHaveLength(1);
  await expect(on(shop, [MARCH], { state })).rejects.toMatchObject({ problem: { code: 'JOB_RUNNING' } });
});
