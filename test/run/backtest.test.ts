import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import type { Page } from '../../connectors/index.ts';
import { backtestJob } from '../../src/run/backtest.ts';
import { lockJob } from '../../src/run/lock.ts';
import { lastRun } from '../../src/run/state.ts';
import { anOrder, openStage, type Shop } from './stage.ts';

const stage = openStage();

const DAY = 86_400_000;
const END = '2026-09-30';

/**
 * Three hundred customers who came in the first half-year, each with a rate of their own, and who leave now and then.
 * @param last the last day on which anybody buys
 * @param newcomers so many more who first buy in the last month
 */
function aShop({ last = END, newcomers = 0 } = {}): Page {
  let state = 11;
  const random = () => (state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0) / 2 ** 32;
  const buys = (name: string, at: number) =>
    anOrder({
      email: `${name}@example.com`,
      ordered_at: new Date(at).toISOString(),
      goods: (5 + 40 * random()).toFixed(2),
    });
  const orders = [];
  const end = Date.parse(`${last}T12:00:00Z`);
  for (let customer = 0; customer < 300; customer += 1) {
    const meanGap = (10 + 60 * random()) * DAY;
    let at = Date.parse('2026-01-01T12:00:00Z') + Math.floor(random() * 180) * DAY;
    for (; at <= end; at += -Math.log(1 - random()) * meanGap) {
      orders.push(buys(`shopper${customer}`, at));
      if (random() < 0.15) break;
    }
  }
  for (let i = 0; i < newcomers; i += 1) orders.push(buys(`newcomer${i}`, end - i * DAY));
  return { orders };
}

function backtest({ job }: Shop, as_of = END, holdout_days = 90, state = aDirectory()) {
  const signal = new AbortController().signal;
  return backtestJob(stage.engine, job, { as_of, holdout_days, state, signal, log: () => undefined });
}

function aDirectory(): string {
  const path = mkdtempSync(join(tmpdir(), 'backtest-'));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

test('customers of the holdout are counted and left out', async () => {
  const shop = stage.shop();
  shop.holds(aShop({ newcomers: 20 }));

  const report = await backtest(shop);

  expect(report).toMatchObject({ calibration_end: '2026-07-02', customers: 300, later_customers: 20 });
  const customers = report.by_frequency.reduce((sum, row) => sum + row.customers, 0);
  const made = report.by_frequency.reduce((sum, row) => sum + row.customers * row.actual, 0);
  const expected = report.by_frequency.reduce((sum, row) => sum + row.customers * row.expected, 0);
  expect(customers).toBe(300);
  expect(made).toBeCloseTo(report.purchases.actual);
  expect(expected).toBeCloseTo(report.purchases.expected);
  expect(report.by_p_alive.reduce((sum, row) => sum + row.customers, 0)).toBe(300);
});

test('the job, its last run and its audiences stay as they were, and nothing is left of the backtest', async () => {
  const shop = stage.shop();
  shop.holds(aShop());
  const run = await shop.run(END);
  const rows = (table: string) =>
    stage.engine.query(
      `SELECT run_id, count() AS rows FROM ${table} WHERE job = {job:String} GROUP BY run_id`,
      { job: shop.job.name },
    );
  const tables = ['identity_labels', 'profiles', 'predictions', 'clv_curves', 'holdouts', 'assignments'];
  const before = await Promise.all([...tables, 'ledger', 'runs'].map(rows));

  await backtest(shop);

  expect(await Promise.all([...tables, 'ledger', 'runs'].map(rows))).toEqual(before);
  expect(await lastRun(stage.engine, shop.job.name, 'segmented')).toMatchObject({ run_id: run.run_id });
});

test('a run checks its forecast as the command does, and keeps quiet while it is good enough', async () => {
  const shop = stage.shop();
  shop.holds(aShop());

  const run = await shop.run(END, { send: false });
  const { purchases } = await backtest(shop);

  expect(run.backtest).toMatchObject({ holdout_days: 90, customers: 300, actual: purchases.actual });
  expect(run.backtest!.expected).toBeCloseTo(purchases.expected, 6);
  expect(run.backtest!.verdict).not.toBe('poor');
  expect(run.warnings).toEqual([]);
});

test('a run warns when its forecast was poor', async () => {
  const shop = stage.shop();
  shop.holds(aShop({ last: '2026-07-06' }));

  const run = await shop.run(END, { send: false });

  expect(run.backtest?.verdict).toBe('poor');
  expect(run.warnings.join()).toMatch(
    new RegExp(`poorly: for the last 90 days, .* too many .*; see segment-sync backtest ${shop.job.name}`),
  );
});

test.each([
  ['it is told not to', { lifecycle: { backtest: false } }, END],
  ['the lifecycle goes by recency', { lifecycle: { model: 'recency' } }, END],
  ['the history is shorter than two holdouts', { lifecycle: {} }, '2026-06-20'],
])('a run does without the check where %s', async (_, segments, as_of) => {
  const shop = stage.shop({ segments });
  shop.holds(aShop());

  expect((await shop.run(as_of, { send: false })).backtest).toBeNull();
});

test('a history too small for a model says so', async () => {
  const shop = stage.shop();
  shop.holds(aShop());

  const problem = { code: 'BACKTEST_TOO_SMALL', where: `job ${shop.job.name}` };
  await expect(backtest(shop, '2026-04-30')).rejects.toMatchObject({ problem });
  await expect(backtest(shop, '2026-01-05')).rejects.toMatchObject({ problem });
});

test('sources that end before the holdout say so, and on which day', async () => {
  const shop = stage.shop();
  shop.holds(aShop());

  const problem = { code: 'BACKTEST_NO_ORDERS', fix: expect.stringMatching(/--as-of 2026-09-\d\d/) };
  await expect(backtest(shop, '2027-09-30')).rejects.toMatchObject({ problem });
});

test('a job by recency has nothing to test', async () => {
  const shop = stage.shop({ segments: { lifecycle: { model: 'recency' } } });

  await expect(backtest(shop)).rejects.toMatchObject({ problem: { code: 'BACKTEST_NO_MODEL' } });
});

test('a backtest waits for no run: it refuses while the job is running, and leaves the job free', async () => {
  const shop = stage.shop();
  shop.holds(aShop());
  const state = aDirectory();
  const unlock = await lockJob(state, shop.job.name);

  const refused = backtest(shop, END, 90, state);

  await expect(refused).rejects.toMatchObject({ problem: { code: 'JOB_RUNNING' } });
  unlock();
  await expect(backtest(shop, '2026-01-05', 90, state)).rejects.toMatchObject({
    problem: { code: 'BACKTEST_TOO_SMALL' },
  });
  (await lockJob(state, shop.job.name))();
});
