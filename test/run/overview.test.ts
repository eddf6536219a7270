import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { overviewOf, type OverviewOptions } from '../../src/run/overview.ts';
import { counts } from '../report/days.ts';
import { aBuyer, anOrder, openStage, type Shop } from './stage.ts';

const stage = openStage();

const SEGMENTS = { value_tier: { cuts: 'absolute', at: [50, 200] } };

function look({ job }: Shop, more: Partial<OverviewOptions> = {}) {
  const state = mkdtempSync(join(tmpdir(), 'overview-'));
  onTestFinished(() => rmSync(state, { recursive: true, force: true }));
  const signal = new AbortController().signal;
  return overviewOf(stage.engine, job, {
    months: 0,
    models: ['value_tier'],
    state,
    signal,
    log: () => undefined,
    ...more,
  });
}

test('a guest who later shows a customer id has moved, not gone and come', async () => {
  const shop = stage.shop({ segments: SEGMENTS });
  shop.holds(aBuyer('ana', { ordered_at: '2026-01-10T12:00:00.000Z', goods: '60.00' }));
  await shop.run('2026-02-28', { send: false });
  const order = { customer_id: '7', email: 'ana@example.com', ordered_at: '2026-03-10T12:00:00.000Z' };
  shop.holds({ orders: [anOrder({ ...order, goods: '190.00' })] });
  await shop.run('2026-03-31', { send: false });

  const { since, flows } = await look(shop, { since: '2026-02-28' });

  // What the run of February found is told as it was: under the name of then.
  expect(since).toMatchObject({ backfilled: false });
  expect(counts(flows[0]!.cells)).toEqual(['value_tier.medium > value_tier.high: 1']);
  expect(flows[0]!.cells[0]).toMatchObject({ revenue_before: '60', revenue_after: '250' });
});

test.each([
  ['2026-03-31', '2026-02-28', ['2025-12-31', '2026-01-31', '2026-02-28', '2026-03-31']],
  ['2026-03-01', '2026-02-01', ['2025-12-31', '2026-01-31', '2026-02-28', '2026-03-01']],
  ['2024-03-30', '2024-02-29', ['2023-12-31', '2024-01-31', '2024-02-29', '2024-03-30']],
])('from %s a month back is %s, and month ends are the last days of months', async (as_of, since, ends) => {
  const shop = stage.shop({ segments: SEGMENTS });
  shop.holds(aBuyer('ana', { ordered_at: '2023-06-01T12:00:00.000Z' }));
  await shop.run('2026-04-15', { send: false });

  const overview = await look(shop, { as_of, months: 3 });

  expect(overview).toMatchObject({ as_of, backfilled: true, since: { as_of: since } });
  expect(overview.history.map((day) => day.as_of)).toEqual(ends);
});

test('days in the wrong order, and a job that never ran, are refused', async () => {
  const shop = stage.shop({ segments: SEGMENTS });
  shop.holds(aBuyer('ana'));

  const problem = { code: 'ARGUMENT_WRONG' };
  await expect(look(shop)).rejects.toMatchObject({ problem });
  await shop.run('2026-03-31', { send: false });
  await expect(look(shop, { since: '2026-03-31' })).rejects.toMatchObject({ problem });
});
