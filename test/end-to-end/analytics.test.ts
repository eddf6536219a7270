import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { openStage } from '../run/stage.ts';
import { parquetExport } from '../run/tables/ga4-export.ts';

const stage = openStage();
const AS_OF = '2026-03-31';
const NAMES = ['ana', 'ben', 'cleo', 'dan', 'eva', 'finn'];

/** Six people who bought the same on the same day, and, after that, the export of the site's analytics. */
function openShop(withAnalytics: boolean, folder: string) {
  const orders = {
    type: 'csv',
    path: join(folder, 'orders.csv'),
    columns: { order_id: 'id', email: 'mail', ordered_at: 'day', total: 'sum' },
  };
  const analytics = {
    type: 'files',
    name: 'analytics',
    format: 'ga4',
    path: join(folder, 'events_*.parquet'),
  };
  return stage.shop({
    sources: withAnalytics ? [orders, analytics] : [orders],
    segments: { engagement: { weights: { visits: 1 } }, value_engagement: {} },
  });
}

test('visits of the device on which somebody ordered move their segments', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'segment-sync-analytics-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const rows = NAMES.map((name, index) => `${1000 + index},${name}@example.com,2025-12-01,50.00\n`);
  writeFileSync(join(folder, 'orders.csv'), `id,mail,day,sum\n${rows.join('')}`);
  await parquetExport(stage.engine, join(folder, 'events_20251201.parquet'), [
    { at: '2025-12-01T12:00:00Z', name: 'purchase', device: 'd.ana', order: '1000' },
    { at: '2025-12-01T12:00:00Z', name: 'purchase', device: 'd.ben', order: '1001' },
  ]);
  await parquetExport(stage.engine, join(folder, 'events_20260330.parquet'), [
    { at: '2026-03-30T09:00:00Z', device: 'd.ana' },
    { at: '2026-03-30T10:00:00Z', device: 'd.stranger' },
  ]);
  const segmentsOf = async (shop: ReturnType<typeof openShop>) => {
    const { run_id, pulled, warnings } = await shop.run(AS_OF);
    const assigned = await stage.engine.query<{ customer: string; segments: string[] }>(
      `SELECT customer, arraySort(segments) AS segments FROM assignments
       WHERE job = {job:String} AND run_id = {run_id:String}`,
      { job: shop.job.name, run_id },
    );
    const of = (name: string) =>
      assigned.find(({ customer }) => customer === `email:${name}@example.com`)!.segments;
    return { pulled, warnings, ana: of('ana'), cleo: of('cleo') };
  };

  const before = await segmentsOf(openShop(false, folder));
  const shop = openShop(true, folder);
  const after = await segmentsOf(shop);
  const again = await segmentsOf(shop);

  expect(before.ana).toEqual(before.cleo);
  expect(after.ana).toEqual(['engagement.high', 'value_engagement.excited_shoppers']);
  expect(after.cleo).not.toEqual(after.ana);
  expect([after.pulled.events, again.pulled.events]).toEqual([4, 0]);
  expect(again.ana).toEqual(after.ana);
  expect(after.warnings).toContain(
    'analytics: 2 of 3 visitors of the last 12 months are customers (66.7 %); 2 of the 2 purchases it names are orders of this job',
  );
});
