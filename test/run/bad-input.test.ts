import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { ANA, BO, COLUMNS, HEADER, KINDS } from './bad-input-kinds.ts';
import { openStage } from './stage.ts';

const stage = openStage();

async function folderOf(files: Record<string, string | Buffer>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'segment-sync-bad-input-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  for (const [name, content] of Object.entries(files)) await writeFile(join(folder, name), content);
  return folder;
}

describe('what a file may bring along', () => {
  test.each(KINDS)('$kind', async (given) => {
    const { rows, files = { 'a.csv': [HEADER, ...rows!, ''].join('\n') }, rejected = [], told = [] } = given;
    const folder = await folderOf(files);
    const { columns = COLUMNS, settings, job } = given;
    const shop = stage.shop({
      sources: [{ type: 'csv', path: join(folder, '*.csv'), columns, ...settings }],
      ...job,
    });

    const { pulled, customers, warnings } = await shop.profile('2026-03-31');

    expect({ orders: pulled.orders, customers: customers.length }).toEqual({
      orders: given.orders,
      customers: given.customers,
    });
    if (given.revenue) {
      const cents = customers.reduce((sum, { revenue }) => sum + Math.round(Number(revenue) * 100), 0);
      expect(cents).toBe(Math.round(Number(given.revenue) * 100));
    }
    expect(pulled.rejected).toBe(rejected.length);
    expect(pulled.rejections.map(({ line }) => line)).toEqual(rejected.map(([line]) => line));
    for (const [index, [, reason]] of rejected.entries()) {
      expect(pulled.rejections[index]!.reason).toContain(reason);
    }
    const all = [...pulled.warnings, ...warnings].join('\n');
    for (const text of told) expect(all).toContain(text);
    expect(all).not.toMatch(/@example/);
  });

  test('a header that is missing stops the run before anything is read', async () => {
    const folder = await folderOf({ 'a.csv': `${ANA}\n${BO}\n` });
    const shop = stage.shop({ sources: [{ type: 'csv', path: join(folder, '*.csv'), columns: COLUMNS }] });

    const report = await shop.run('2026-03-31');

    expect(report).toMatchObject({ status: 'failed', error: { code: 'SOURCE_MISSING_COLUMN' } });
    expect(JSON.stringify(report.error)).not.toMatch(/@example/);
  });
});
