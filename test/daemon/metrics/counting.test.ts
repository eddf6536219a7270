import { describe, expect, test } from 'vitest';
import { beginAtZero, countRun } from '../../../src/daemon/metrics/counting.ts';
import { openRegistry } from '../../../src/daemon/metrics/registry.ts';
import type { RunReport } from '../../../src/run/report.ts';
import { openActiveShop } from '../../run/active-shop.ts';
import { openStage } from '../../run/stage.ts';
import { parseExposition } from './exposition.ts';

const stage = openStage();
const AS_OF = '2026-03-31';
const FIVE = ['a', 'b', 'c', 'd', 'e'];
const UNGUARDED = { max_added_share: 1000, min_members: 0, max_new_customers: 1 };

async function counted(...reports: RunReport[]) {
  const metrics = openRegistry();
  for (const report of reports) countRun(metrics, report, 2.5);
  const exposition = parseExposition(await metrics.registry.metrics());
  const at = { job: reports[0]!.job, destination: 'platform', audience: 'Active' };
  const members = (outcome: string) => exposition.value('segment_sync_members_total', { ...at, outcome });
  return { ...exposition, members };
}

describe('a run is counted', () => {
  test('by its status, its seconds, its stages and what it read', async () => {
    const { shop, sells } = openActiveShop(stage);
    sells(FIVE);
    const report = await shop.run(AS_OF);

    const { value, samples } = await counted(report);

    const { job } = report;
    const [source] = shop.job.sources.map(({ name }) => name);
    expect(value('segment_sync_runs_total', { job, status: 'done' })).toBe(1);
    expect(value('segment_sync_run_duration_seconds_sum', { job })).toBe(2.5);
    const buckets = samples.filter(({ name }) => name === 'segment_sync_run_duration_seconds_bucket');
    expect(buckets.filter(({ value }) => value === 0).map(({ labels }) => labels.le)).toEqual(['1']);
    const stages = samples.filter(({ name }) => name === 'segment_sync_stage_seconds_total');
    expect(Object.fromEntries(stages.map(({ labels, value }) => [labels.stage, value]))).toEqual(
      report.seconds,
    );
    expect(value('segment_sync_pulled_records_total', { job, records: 'orders' })).toBe(5);
    expect(value('segment_sync_rejected_rows_total', { job, source: source! })).toBe(0);
  });

  test('with every row that was rejected, under its source', async () => {
    const { shop } = openActiveShop(stage);
    const rejection = { source: 'shelf', line: 7, reason: 'the order has no number' };
    shop.holds({ rejected: [rejection, { ...rejection, line: 8 }] });
    const report = await shop.run(AS_OF);

    const { value } = await counted(report);

    const source = shop.job.sources[0]!.name;
    expect(value('segment_sync_rejected_rows_total', { job: report.job, source })).toBe(2);
    expect(value('segment_sync_runs_total', { job: report.job, status: 'failed' })).toBe(1);
  });

  test('with what became of each member; one left alone since an earlier run is not refused again', async () => {
    const { shop, platform, sells } = openActiveShop(stage);
    sells(FIVE);
    platform.outcome = (key) =>
      key.startsWith('email:a') ? 'refused for good' : key.startsWith('email:b') ? 'retry' : 'done';
    const first = await shop.run(AS_OF);
    const second = await shop.run(AS_OF);

    const once = await counted(first);
    const twice = await counted(first, second);

    const outcomes = ['added', 'removed', 'updated', 'refused', 'retry'];
    expect(outcomes.map(once.members)).toEqual([3, 0, 0, 1, 1]);
    expect(outcomes.map(twice.members)).toEqual([3, 0, 0, 1, 2]);
    const requests = { job: first.job, destination: 'platform' };
    expect(twice.value('segment_sync_requests_total', requests)).toBe(platform.requests.length);
  });

  test('without anything of a plan that is held', async () => {
    const { shop, platform, sells, leaves } = openActiveShop(stage);
    sells(FIVE);
    const filled = await shop.run(AS_OF);
    const sent = platform.requests.length;
    shop.change({ guard: { ...UNGUARDED, from_members: 1, max_removed_share: 0.1 } });
    const held = await leaves(['a']);

    const { members, value } = await counted(filled, held);

    expect(held.status).toBe('held');
    expect(value('segment_sync_runs_total', { job: held.job, status: 'held' })).toBe(1);
    expect(['added', 'removed', 'retry'].map(members)).toEqual([5, 0, 0]);
    expect(value('segment_sync_requests_total', { job: held.job, destination: 'platform' })).toBe(sent);
  });
});

test('what is counted of a job begins at 0, and does so only once', async () => {
  const { shop, sells } = openActiveShop(stage);
  const metrics = openRegistry();
  beginAtZero(metrics, shop.job);
  const before = parseExposition(await metrics.registry.metrics());
  sells(FIVE);
  countRun(metrics, await shop.run(AS_OF), 1);
  beginAtZero(metrics, shop.job);

  const after = parseExposition(await metrics.registry.metrics());

  const runs = { job: shop.job.name, status: 'done' };
  const added = { job: shop.job.name, destination: 'platform', audience: 'Active', outcome: 'added' };
  expect(before.value('segment_sync_runs_total', runs)).toBe(0);
  expect(before.value('segment_sync_members_total', added)).toBe(0);
  expect(after.value('segment_sync_runs_total', runs)).toBe(1);
  expect(after.value('segment_sync_members_total', added)).toBe(5);
});
