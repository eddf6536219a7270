import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { csvDestination } from '../../connectors/csv/destination.ts';
import { erase } from '../../src/run/erase.ts';
import { explainCustomer } from '../../src/run/explain.ts';
import { lastRun } from '../../src/run/state.ts';
import { stateDir } from '../engine/state-dir.ts';
import { keys, openActiveShop } from './active-shop.ts';
import { openLivingShop } from './living-platform.ts';
import { aBuyer, openStage } from './stage.ts';

const stage = openStage();
const AS_OF = '2026-03-31';
const at = (time: string) => vi.setSystemTime(`2026-04-01T${time}Z`);

beforeEach(() => void vi.useFakeTimers({ toFake: ['Date'] }));
afterEach(() => void vi.useRealTimers());

test('after the clock was put back an audience is still exact, and what is done is not done again', async () => {
  const { shop, platform, sells, leaves } = openActiveShop(stage);
  at('12:00:00');
  sells(['ana', 'bo']);
  await shop.run(AS_OF);
  at('09:00:00');

  const moved = await leaves(['bo', 'cy']);
  at('08:00:00');
  const again = await leaves(['bo', 'cy']);

  expect(moved.audiences).toMatchObject([{ added: 1, removed: 1 }]);
  expect(again.audiences).toMatchObject([{ added: 0, removed: 0, requests: 0 }]);
  expect(platform.members('Active')).toEqual(keys(['bo', 'cy']));
  expect((await lastRun(stage.engine, shop.job.name, 'segmented'))!.run_id).toBe(again.run_id);
});

test('an audience renamed while the clock is back is renamed once', async () => {
  const { shop, platform, sells, keeps } = openLivingShop(stage);
  at('12:00:00');
  sells(['ana']);
  await shop.run(AS_OF);
  at('09:00:00');
  keeps([{ segment: 'lifecycle.active', audience: 'Warm' }]);
  await shop.run(AS_OF);
  const requests = platform.requests.length;

  const again = await shop.run(AS_OF);

  expect(again.audiences).toMatchObject([{ audience: 'Warm', renamed_from: null, requests: 0 }]);
  expect(platform.requests.length).toBe(requests);
});

test('explaining and erasing go by the newest run, not by the one of the latest hour', async () => {
  await using folder = stateDir();
  await using state = stateDir();
  const shop = stage.shop({
    connectors: { csv: csvDestination },
    destinations: [{ type: 'csv', path: folder.path, audiences: [{ segment: 'lifecycle.active' }] }],
    segments: { lifecycle: {} },
  });
  at('12:00:00');
  shop.holds([aBuyer('ana'), aBuyer('bo')]);
  await shop.run(AS_OF);
  at('09:00:00');
  await shop.run(AS_OF);

  const last = await lastRun(stage.engine, shop.job.name, 'segmented');
  const ana = await explainCustomer(stage.engine, shop.job, last!, { email: 'ana@example.com' });
  const silent = { signal: new AbortController().signal, log: () => {}, state: state.path };
  await erase(stage.engine, [shop.job], 'bo@example.com', silent);
  const left = await readFile(join(folder.path, 'Active.csv'), 'utf8');

  expect(ana.orders).toHaveLength(1);
  expect(ana.audiences).toMatchObject([{ wanted: 'yes', held: true }]);
  expect(left).toContain('ana@example.com');
  expect(left).not.toContain('bo@example.com');
});
