import { existsSync } from 'node:fs';
import { copyFile, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'csv-parse/sync';
import { expect, test } from 'vitest';
import type { Problem } from '../../connectors/index.ts';
import type { BacktestReport } from '../../src/run/backtest.ts';
import { textsOf } from '../report/svg.ts';
import { jobText, openShop, REFERENCE, type Shop } from './shop.ts';

const EXPORT = join(REFERENCE, 'shopify-export', 'orders_export.csv');
const BACKTEST = ['backtest', 'job.yaml', '--as-of', '1998-06-30', '--holdout', '273d'];

async function cdnow(): Promise<Shop> {
  const shop = await openShop();
  await copyFile(EXPORT, join(shop.folder, 'orders.csv'));
  await shop.write(
    'job.yaml',
    jobText('orders.csv', { lines: 'segments: { lifecycle: { model: bg_nbd }, value_engagement: {} }' }),
  );
  return shop;
}

async function reference(name: string): Promise<Record<string, string>[]> {
  return parse<Record<string, string>>(await readFile(join(REFERENCE, 'cdnow', name)), { columns: true });
}

function expectNear(value: number, wanted: number, what: string): void {
  expect(Math.abs(value / wanted - 1), `${what}: ${value}, wanted ${wanted}`).toBeLessThan(1e-3);
}

test.skipIf(!existsSync(EXPORT))(
  'the CDNOW export forecast from its first nine months: the week-78 figures of the papers, and nothing disturbed',
  { timeout: 400_000 },
  async () => {
    const shop = await cdnow();
    await shop.json('plan', 'job.yaml', '--as-of', '1998-06-30');
    const status = await shop.json<object>('status', 'job.yaml');
    await shop.cli('export', 'job.yaml', '--out', 'before.csv');

    const report = await shop.json<BacktestReport>(...BACKTEST, '--svg', 'pictures/backtest.svg');

    expect(report).toMatchObject({
      as_of: '1998-06-30',
      calibration_end: '1997-09-30',
      holdout_days: 273,
      customers: 2357,
      later_customers: 0,
      model: { name: 'bg_nbd', fallback: null },
      purchases: { actual: 1882, verdict: 'fair' },
    });
    const tracking = await reference('expected_tracking.csv');
    expect(report.weeks).toHaveLength(78);
    for (const [i, row] of tracking.entries()) {
      const { week, actual, expected, holdout } = report.weeks[i]!;
      expect({ week, actual, holdout }).toEqual({
        week: Number(row.week),
        actual: Number(row.actual_cumulative_repeat_transactions),
        holdout: week > 39,
      });
      expectNear(expected, Number(row.bgnbd_expected_cumulative), `week ${week}`);
    }
    expect(report.weeks.at(-1)).toMatchObject({ until: '1998-06-30', actual: 4339 });
    const classes = await reference('expected_conditional_expectations.csv');
    expect(report.by_frequency).toHaveLength(classes.length);
    for (const [i, row] of classes.entries()) {
      const { frequency, customers, actual, expected } = report.by_frequency[i]!;
      expect({ frequency, customers }).toEqual({
        frequency: row.calibration_frequency,
        customers: Number(row.customers),
      });
      expect(actual).toBeCloseTo(Number(row.actual_holdout_mean), 9);
      expectNear(expected, Number(row.bgnbd_mean), `frequency ${frequency}`);
    }
    await expectRanking(report);
    await expectBuyers(report);
    const texts = textsOf(await readFile(join(shop.folder, 'pictures/backtest.svg'), 'utf8'));
    expect(texts).toContain('Backtest of shop: fair; 12.1 % too few purchases expected');

    expect(await shop.json('status', 'job.yaml')).toEqual(status);
    await shop.cli('export', 'job.yaml', '--out', 'after.csv');
    const [before, after] = await Promise.all(
      ['before.csv', 'after.csv'].map((name) => readFile(join(shop.folder, name), 'utf8')),
    );
    expect(after).toBe(before);
    expect(shop.writes()).toBe(0);

    const { code, stdout } = await shop.cli(...BACKTEST);

    expect(code).toBe(0);
    expect(stdout).toContain('1998-06-30, week 78      4,339     4,161');
    expect(stdout.split('\n').filter((line) => line.length > 80)).toEqual([]);
  },
);

/** The shares of the top tenth, counted anew from the reference's predictions and what each customer spent. */
async function expectRanking({ ranking }: BacktestReport): Promise<void> {
  const predictions = await reference('expected_customers.csv');
  const summary = await reference('calibration_summary.csv');
  const customers = predictions.map((row, i) => ({
    clv: Number(row.clv_12m),
    spent: Number(summary[i]!.amount_holdout),
  }));
  const revenue = (rows: typeof customers) => rows.reduce((sum, { spent }) => sum + spent, 0);
  const topBy = (key: 'clv' | 'spent') => customers.toSorted((a, b) => b[key] - a[key]).slice(0, 236);

  expect(ranking.customers).toBe(236);
  expect(Number(ranking.revenue)).toBeCloseTo(revenue(customers), 2);
  expect(ranking.predicted).toBeCloseTo(revenue(topBy('clv')) / revenue(customers), 3);
  expect(ranking.best).toBeCloseTo(revenue(topBy('spent')) / revenue(customers), 6);
  expect(ranking.random).toBeCloseTo(0.1, 3);
  expect(ranking.rank_correlation).toBeGreaterThan(0.3);
}

/** Buyers among all tenths together, counted anew from the reference's P(alive) and parameters. */
async function expectBuyers({ by_p_alive, model }: BacktestReport): Promise<void> {
  const summary = await reference('calibration_summary.csv');
  const predictions = await reference('expected_customers.csv');
  const { r, alpha } = model.parameters as { r: number; alpha: number };
  const expected = summary.reduce((sum, { frequency, T }, i) => {
    const none = ((alpha + Number(T)) / (alpha + Number(T) + 39)) ** (r + Number(frequency));
    return sum + Number(predictions[i]!.p_alive) * (1 - none);
  }, 0);
  const all = (key: 'actual_buyers' | 'expected_buyers') =>
    by_p_alive.reduce((sum, row) => sum + row.customers * row[key], 0);

  expect(all('actual_buyers')).toBeCloseTo(
    summary.filter(({ frequency_holdout }) => Number(frequency_holdout) > 0).length,
    6,
  );
  expectNear(all('expected_buyers'), expected, 'buyers');
  for (const [i, { p_alive }] of by_p_alive.entries())
    expect(p_alive).toBeGreaterThan(by_p_alive[i - 1]?.p_alive ?? 0);
}

test('a shop too small for a model is told so, with exit code 1', { timeout: 180_000 }, async () => {
  const shop = await openShop();
  await shop.write('job.yaml', jobText('orders.csv'));
  await shop.write(
    'orders.csv',
    'Name,Email,Financial Status,Currency,Subtotal,Total,Created at\n#1,anna@example.com,paid,USD,20.00,20.00,1997-01-01 10:00:00 +0000\n',
  );

  const { code, stdout } = await shop.cli(...BACKTEST, '--json');

  expect(code).toBe(1);
  const { errors } = JSON.parse(stdout) as { errors: Problem[] };
  expect(errors).toMatchObject([
    { code: 'BACKTEST_TOO_SMALL', where: 'job shop', why: 'Too few customers: 1, needs 100.' },
  ]);
});

test.each([['3h'], ['0d'], ['a quarter']])(
  'a holdout of %s is refused, with exit code 2',
  async (holdout) => {
    const shop = await openShop();

    const { code, stderr } = await shop.cli('backtest', 'job.yaml', '--holdout', holdout);

    expect(code).toBe(2);
    expect(stderr).toContain('for example 90d or 13w');
  },
);
