import type { Customer } from '../../connectors/index.ts';
import type { RunContext } from './run.ts';

const THEIRS = 'source = {source:String} AND customer_id IN {ids:Array(String)}';
const DESCRIBED = `${THEIRS} AND (email != '' OR phone != '' OR first_name != '' OR last_name != '' OR city != ''
  OR region != '' OR zip != '' OR country != '' OR notEmpty(extra))`;
const ADDRESSED = `${THEIRS} AND (email != '' OR phone != '')`;

/**
 * Takes out what a source said of people whom it has erased since: their descriptions go, and their orders stay without
 * an address. Ids are all that the engine writes down of it.
 */
export async function forgetRedacted(
  run: Pick<RunContext, 'engine'>,
  source: string,
  customers: readonly Customer[] = [],
): Promise<void> {
  const ids = customers.flatMap((customer) => (customer.redacted && customer.customer_id) || []);
  if (ids.length === 0) return;
  const params = { source, ids };
  const [row] = await run.engine.query<{ described: number; addressed: number }>(
    `SELECT (SELECT toUInt32(count()) FROM customers WHERE ${DESCRIBED}) AS described,
            (SELECT toUInt32(count()) FROM orders WHERE ${ADDRESSED}) AS addressed`,
    params,
  );
  const now = 'SETTINGS mutations_sync = 2';
  if (row?.described) await run.engine.command(`ALTER TABLE customers DELETE WHERE ${THEIRS} ${now}`, params);
  if (row?.addressed) {
    await run.engine.command(
      `ALTER TABLE orders UPDATE email = '', phone = '' WHERE ${ADDRESSED} ${now}`,
      params,
    );
  }
}
