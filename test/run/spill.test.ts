import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openEngine, type Engine } from '../../src/engine/engine.ts';
import { createTables } from '../../src/engine/tables.ts';
import { computed, writeOrders } from '../bench/scale.ts';
import { stateDir } from '../engine/state-dir.ts';

const ORDERS = 2_000_000;
const LAST = '2026-11-15';
const shop = stateDir();

beforeAll(async () => {
  const engine = await openEngine({ state: shop.path });
  const file = join(shop.path, 'orders-1.parquet');
  await writeOrders(engine, file, { from: 0, count: ORDERS, orders: ORDERS, last: LAST, days: 1000 });
  await engine.close();
});
afterAll(() => shop[Symbol.asyncDispose]());

test(
  'short of memory, a large shop is computed by way of the disk, to the same segments',
  { timeout: 600_000 },
  async () => {
    const ample = await segmented('6GiB');
    const scarce = await segmented('448MiB');

    expect(scarce.spilled).toBeGreaterThan(0);
    expect(ample.spilled).toBe(0);
    expect(scarce.assigned).toEqual(ample.assigned);
    expect(Number(ample.assigned.customers)).toBeGreaterThan(100_000);
  },
);

test('with less memory than even that takes, the run says so', { timeout: 300_000 }, async () => {
  await expect(segmented('200MiB')).rejects.toThrow(/"code":"ENGINE_MEMORY".*memory limit exceeded/);
});

async function segmented(max_memory: string) {
  await using state = stateDir();
  const engine = await openEngine({ state: state.path, max_memory });
  try {
    await createTables(engine);
    const { run_id } = await computed(engine, shop.path, LAST);
    return { spilled: await spilled(engine), assigned: await assigned(engine, run_id) };
  } finally {
    await engine.close();
  }
}

/** Files that the engine wrote because its memory ran short. */
async function spilled(engine: Engine): Promise<number> {
  const [row] = await engine.query<{ files: number }>(
    "SELECT toUInt32(sum(value)) AS files FROM system.events WHERE event = 'ExternalProcessingFilesTotal'",
  );
  return row!.files;
}

async function assigned(engine: Engine, run_id: string) {
  const [row] = await engine.query<{ customers: string; print: string }>(
    `SELECT toString(count()) AS customers, toString(sum(cityHash64(customer, arraySort(segments)))) AS print
     FROM assignments WHERE run_id = {run_id:String}`,
    { run_id },
  );
  return row!;
}
