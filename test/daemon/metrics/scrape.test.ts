import { expect, onTestFinished, test } from 'vitest';
import { waited } from '../../../connectors/waits.ts';
import type { Outlook } from '../../../src/daemon/daemon.ts';
import type { BrokenFile } from '../../../src/daemon/job-folder.ts';
import { openMetrics } from '../../../src/daemon/metrics/metrics.ts';
import { openEngine, type Engine } from '../../../src/engine/engine.ts';
import { createTables } from '../../../src/engine/tables.ts';
import { AlertSettings } from '../../../src/job/alert-settings.ts';
import { stateDir } from '../../engine/state-dir.ts';
import { openActiveShop } from '../../run/active-shop.ts';
import { openStage, type Shop } from '../../run/stage.ts';
import { openReceiver } from '../alerts/receiver.ts';
import { watch } from '../alerts/watch.ts';
import { parseExposition } from './exposition.ts';

const stage = openStage();
const AS_OF = '2026-03-31';
const FIVE = ['a', 'b', 'c', 'd', 'e'];
const NEXT = Date.UTC(2030, 0, 1, 5);

type More = { engine?: Engine; broken?: BrokenFile[]; outlook?: Outlook };

/** What a daemon with that job tells; its schedule is as `outlook` says. */
function metricsOf(shop: Shop, { engine = stage.engine, broken = [], outlook }: More = {}) {
  const logged: string[] = [];
  const metrics = openMetrics({
    engine,
    folder: { jobs: () => [shop.job], broken: () => broken },
    settings: { alerts: AlertSettings.parse([]) },
    outlook: () => new Map(outlook ? [[shop.job.name, outlook]] : []),
    log: (message) => logged.push(message),
  });
  onTestFinished(metrics.close);
  const scrape = async () => parseExposition((await metrics.scrape()).text);
  return { ...metrics, scrape, logged };
}

test('audiences are told with their members, how old they are and how old they may grow', async () => {
  const { shop, sells } = openActiveShop(stage, { stale_after: '36h' });
  sells(FIVE);
  await shop.run(AS_OF);

  const { value } = await metricsOf(shop).scrape();

  const job = shop.job.name;
  const audience = { job, destination: 'platform', audience: 'Active' };
  expect(value('segment_sync_audience_members', audience)).toBe(5);
  expect(value('segment_sync_audience_age_seconds', audience)).toBeGreaterThanOrEqual(0);
  expect(value('segment_sync_audience_age_seconds', audience)).toBeLessThan(60);
  expect(value('segment_sync_audience_max_age_seconds', { job })).toBe(36 * 3600);
  expect(value('segment_sync_last_run_status', { job, status: 'done' })).toBe(1);
  expect(value('segment_sync_last_run_status', { job, status: 'failed' })).toBe(0);
  expect(value('segment_sync_plan_held', { job })).toBe(0);
  expect(value('segment_sync_store_up')).toBe(1);
  expect(value('segment_sync_store_size_bytes')).toBeGreaterThan(0);
  expect(value('segment_sync_store_parts')).toBeGreaterThan(0);
  expect(value('segment_sync_engine_memory_bytes')).toBeGreaterThan(0);
});

test('a job that has not run has no last run, and audiences without members and age', async () => {
  const { shop } = openActiveShop(stage);

  const { samples, value } = await metricsOf(shop).scrape();

  const audience = { job: shop.job.name, destination: 'platform', audience: 'Active' };
  expect(value('segment_sync_audience_members', audience)).toBe(0);
  const names = samples.map(({ name }) => name);
  expect(names).not.toContain('segment_sync_audience_age_seconds');
  expect(names).not.toContain('segment_sync_audience_max_age_seconds');
  expect(names).not.toContain('segment_sync_last_run_status');
});

test('a plan waits until it is approved', async () => {
  const { shop, sells, leaves } = openActiveShop(stage);
  sells(FIVE);
  await shop.run(AS_OF);
  shop.change({ guard: { max_removed_share: 0.1, from_members: 1 } });
  await leaves(['a']);

  const held = await metricsOf(shop).scrape();
  await shop.approve();
  const approved = await metricsOf(shop).scrape();

  const { name: job } = shop.job;
  const audience = { job, destination: 'platform', audience: 'Active' };
  const told = [held, approved].map(({ value }) => [
    value('segment_sync_plan_held', { job }),
    value('segment_sync_audience_members', audience),
  ]);
  expect(told).toEqual([
    [1, 5],
    [0, 1],
  ]);
});

test('drift is told where the platform counts exactly, and not where it rounds', async () => {
  const drifts = [];
  for (const count_is_exact of [true, false]) {
    const { shop } = openActiveShop(stage);
    const audience = { destination: 'platform', audience: 'Active', remote_id: 'r', error: null };
    const report = { ...audience, held: 10, remote_count: 7, drift: -3, count_is_exact };
    await stage.engine.insert('runs', [
      {
        job: shop.job.name,
        run_id: 'run-0001',
        event: 'finished',
        at: '2026-03-31T05:00:00.000Z',
        as_of: AS_OF,
        detail: JSON.stringify({ status: 'done', audiences: [report], properties: [] }),
      },
    ]);
    const { value } = await metricsOf(shop).scrape();
    const labels = { job: shop.job.name, destination: 'platform', audience: 'Active' };
    drifts.push(value('segment_sync_audience_drift_members', labels));
  }

  expect(drifts).toEqual([-3, undefined]);
});

test('a channel that takes nothing is told under its name, without where it leads', async () => {
  const receiver = await openReceiver();
  receiver.answer = () => ({ status: 400 });
  const { shop } = openActiveShop(stage, { alerts: [{ type: 'webhook', url: receiver.url, name: 'pager' }] });
  const { job } = shop;
  const before = await metricsOf(shop).scrape();
  const missed = new Map([[job.name, { due: '2026-03-31T05:00:00.000Z', why: 'It was off.' }]]);
  await watch(stage).look([shop], { missed });

  const metrics = metricsOf(shop);
  const { value } = await metrics.scrape();

  const channel = { job: job.name, channel: 'pager' };
  expect(before.value('segment_sync_alert_channel_failing', channel)).toBe(0);
  expect(value('segment_sync_alert_channel_failing', channel)).toBe(1);
  expect((await metrics.scrape()).samples.flatMap(({ labels }) => Object.values(labels)).join()).not.toMatch(
    /SECRET|http/,
  );
});

test('what the daemon knows by itself is told: when jobs are due, what runs, and which files are of no use', async () => {
  const { shop } = openActiveShop(stage);
  const { name: job } = shop.job;
  const outlook = { next: NEXT, running: true, overdue: true };
  const broken = [
    { file: 'config/jobs/shop.yaml', job, problems: [] },
    { file: 'config/jobs/new.yaml', job: null, problems: [] },
  ];

  const good = await metricsOf(shop).scrape();
  const { value } = await metricsOf(shop, { outlook, broken }).scrape();

  expect(good.value('segment_sync_job_file_usable', { job })).toBe(1);
  expect(value('segment_sync_job_file_usable', { job })).toBe(0);
  expect(value('segment_sync_job_file_usable', { job: 'new' })).toBe(0);
  expect(value('segment_sync_job_running', { job })).toBe(1);
  expect(value('segment_sync_job_overdue', { job })).toBe(1);
  expect(value('segment_sync_job_next_due_timestamp_seconds', { job })).toBe(NEXT / 1000);
});

test('a store that does not answer is told so, and the rest comes all the same', async () => {
  await using state = stateDir();
  const engine = await openEngine({ state: state.path });
  await createTables(engine);
  await engine.close();
  const { shop } = openActiveShop(stage);
  const { scrape, logged } = metricsOf(shop, { engine });

  const { samples, value } = await scrape();

  expect(value('segment_sync_store_up')).toBe(0);
  expect(value('process_start_time_seconds')).toBeGreaterThan(0);
  expect(value('segment_sync_job_file_usable', { job: shop.job.name })).toBe(1);
  const names = samples.map(({ name }) => name);
  expect(names.filter((name) => name.startsWith('segment_sync_audience'))).toEqual([]);
  expect(names).not.toContain('segment_sync_store_parts');
  expect(logged).toEqual(['metrics cannot be read from the store']);
});

test('requests that wait for their platform are counted while the daemon lives', async () => {
  const { shop } = openActiveShop(stage);
  const { scrape, close } = metricsOf(shop);
  waited('klaviyo', 1500);
  waited('klaviyo', 500);
  close();
  waited('klaviyo', 9000);

  const { value } = await scrape();

  expect(value('segment_sync_limiter_waits_total', { platform: 'klaviyo' })).toBe(2);
  expect(value('segment_sync_limiter_wait_seconds_total', { platform: 'klaviyo' })).toBe(2);
});
