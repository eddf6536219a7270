import { appendFile, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openEngine } from '../../../src/engine/engine.ts';
import type { RunReport } from '../../../src/run/report.ts';
import { openCrowd } from '../../end-to-end/crowd.ts';
import type { Shop } from '../../end-to-end/shop.ts';
import { askAs } from '../../web/ask-as.ts';
import { scheduled, start, stopped } from '../daemon-process.ts';
import { parseExposition } from './exposition.ts';

const DAY_MS = 86_400_000;
const TOKEN = 'a-token-of-some-length';
const PASSWORD = 'P4SSW0RD-OF-THE-MAIL';

type Status = {
  job: string;
  next: string[];
  finished_at: string;
  last: { run_id: string; status: string };
  audiences: { destination: string; audience: string; held: number; counts: { drift: number }[] }[];
};

/** A job that is taken to have run last three days ago, so that the daemon makes up for it as it starts. */
async function openMissed(): Promise<Shop> {
  const smtp = `smtp://sync:${PASSWORD}@127.0.0.1:1`;
  const shop = await openCrowd(['csv'], { env: { DAEMON_TOKEN: TOKEN, SMTP_URL: smtp } });
  await mkdir(join(shop.folder, 'config'));
  await shop.write('config/settings.yaml', 'daemon: { token: "${DAEMON_TOKEN}" }\n');
  // Half a day away, so that it does not come while this runs.
  const hour = (new Date().getUTCHours() + 12) % 24;
  const alerts =
    'alerts: [{ type: email, to: [ops@shop.example], from: sync@shop.example, smtp: "${SMTP_URL}" }]';
  await scheduled(shop, 'crowd', `schedule: "0 ${hour} * * *"\n${alerts}`);
  await shop.json('plan', 'crowd', '--jobs', 'jobs');
  // A file that changed is read again.
  await appendFile(join(shop.folder, 'orders.csv'), '#99999,who@example.com,paid,EUR,1.00,1.00,yesterday\n');
  await shop.write('jobs/broken.yaml', 'name: broken\n');
  const at = new Date(Date.now() - 3 * DAY_MS).toISOString();
  const row = { job: 'crowd', run_id: '20200101t050000000z-abcdef', at, as_of: at.slice(0, 10) };
  const engine = await openEngine({ state: join(shop.folder, 'state') });
  await engine.insert('runs', [
    { ...row, event: 'started', detail: '{"send":true}' },
    { ...row, event: 'finished', detail: '{"status":"done"}' },
  ]);
  await engine.close();
  return shop;
}

async function reportOf(shop: Shop, run_id: string): Promise<RunReport> {
  const engine = await openEngine({ state: join(shop.folder, 'state') });
  const [row] = await engine.query<{ detail: string }>(
    `SELECT detail FROM runs WHERE run_id = {run_id:String} AND event = 'finished'`,
    { run_id },
  );
  await engine.close();
  return JSON.parse(row!.detail) as RunReport;
}

test(
  'the metrics of the daemon say what status and the report of its run say, and nothing of people and keys',
  { timeout: 400_000 },
  async () => {
    const shop = await openMissed();
    const daemon = await start(shop);
    await daemon.logged('run finished', 1);

    const { status: code, body } = await daemon.ask('/metrics');
    const stranger = await askAs(daemon.port, '/metrics', { host: 'rebound.example' });
    const known = { host: 'rebound.example', authorization: `Bearer ${TOKEN}` };
    const friend = await askAs(daemon.port, '/metrics', known);
    const all = await shop.json<Status[]>('status', '--jobs', 'jobs');
    const status = all.find(({ job }) => job === 'crowd')!;
    await stopped(daemon.process);
    const report = await reportOf(shop, status.last.run_id);

    expect([code, stranger.status, friend.status]).toEqual([200, 401, 200]);
    const { value, samples, kinds } = parseExposition(body);
    const job = 'crowd';
    expect(value('segment_sync_runs_total', { job, status: status.last.status })).toBe(1);
    expect(value('segment_sync_last_run_status', { job, status: status.last.status })).toBe(1);
    expect(value('segment_sync_last_run_timestamp_seconds', { job })).toBe(
      Date.parse(status.finished_at) / 1000,
    );
    expect(value('segment_sync_job_next_due_timestamp_seconds', { job })).toBe(
      Date.parse(status.next[0]!) / 1000,
    );
    expect(value('segment_sync_job_overdue', { job })).toBe(0);
    expect(value('segment_sync_job_file_usable', { job })).toBe(1);
    expect(value('segment_sync_job_file_usable', { job: 'broken' })).toBe(0);
    expect(value('segment_sync_alert_channel_failing', { job, channel: 'email' })).toBe(0);
    expect(value('segment_sync_pulled_records_total', { job, records: 'orders' })).toBe(report.pulled.orders);
    expect(report.pulled.orders).toBeGreaterThan(0);
    const rejected = samples.filter(({ name }) => name === 'segment_sync_rejected_rows_total');
    expect(rejected.map(({ value }) => value)).toEqual([1]);
    for (const [stage, seconds] of Object.entries(report.seconds))
      expect(value('segment_sync_stage_seconds_total', { job, stage })).toBe(seconds);
    expect(value('segment_sync_run_duration_seconds_count', { job })).toBe(1);
    expect(value('segment_sync_run_duration_seconds_sum', { job })).toBeGreaterThanOrEqual(
      report.seconds.pull,
    );

    expect(status.audiences.length).toBeGreaterThan(1);
    for (const { destination, audience, held, counts } of status.audiences) {
      const labels = { job, destination, audience };
      const { added, removed } = report.audiences.find((one) => one.audience === audience)!;
      expect(value('segment_sync_audience_members', labels)).toBe(held);
      expect(value('segment_sync_audience_drift_members', labels)).toBe(counts[0]?.drift);
      expect(value('segment_sync_members_total', { ...labels, outcome: 'added' })).toBe(added);
      expect(value('segment_sync_members_total', { ...labels, outcome: 'removed' })).toBe(removed);
      expect(value('segment_sync_audience_age_seconds', labels)).toBeLessThan(60);
    }
    const requests = report.audiences.reduce((sum, one) => sum + one.requests, 0);
    expect(value('segment_sync_requests_total', { job, destination: 'csv' })).toBe(requests);
    expect(value('segment_sync_store_up')).toBe(1);
    expect(kinds.get('process_resident_memory_bytes')).toBe('gauge');
    expect(body).not.toMatch(/@|buyer\d/);
    for (const secret of [TOKEN, PASSWORD, '127.0.0.1']) expect(body).not.toContain(secret);
  },
);
