import type { Engine } from '../../src/engine/engine.ts';
import type { Explanation } from '../../src/report/explain.ts';
import { explainCustomer } from '../../src/run/explain.ts';
import { lastRun } from '../../src/run/state.ts';
import type { Shop } from './stage.ts';

/** What is explained of a customer of a shop, by their address or id, as of its last run. */
export async function explained(
  engine: Engine,
  shop: Shop,
  wanted: string | { customer_id: string },
): Promise<Explanation> {
  const last = await lastRun(engine, shop.job.name, 'segmented');
  const who = typeof wanted === 'string' ? { email: wanted } : wanted;
  return explainCustomer(engine, shop.job, last!, who);
}
