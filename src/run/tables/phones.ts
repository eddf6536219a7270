import { stored } from '../../engine/definition.ts';
import type { Engine } from '../../engine/engine.ts';
import { normalisePhone } from '../identity.ts';

type Written = { phone: string; country: string };

/**
 * Fills a table with the form of each phone number that stands in these rows, by number and country as written there.
 * Only JavaScript knows the numbers of the world; the pairs pass through it in chunks.
 */
export async function normalisePhones(engine: Engine, table: string, pairs: string): Promise<void> {
  async function* forms() {
    for await (const chunk of engine.stream<Written>(pairs)) {
      for (const { phone, country } of chunk) {
        yield { phone, country, e164: normalisePhone(phone, country || undefined) };
      }
    }
  }
  await engine.command(`TRUNCATE TABLE ${stored(engine, table)} SYNC`);
  await engine.insert(table, forms());
}
