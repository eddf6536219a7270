import type { Customer } from '../../connectors/index.ts';
import { mutate } from '../engine/definition.ts';
import { addTombstones } from '../ledger/tombstones.ts';
import { ORDER_KEYS, purchasesSeen } from '../ledger/visitors.ts';
import type { RunContext } from './run.ts';

const THEIRS = 'source = {source:String} AND customer_id IN {ids:Array(String)}';
const DESCRIBED = `${THEIRS} AND (email != '' OR phone != '' OR first_name != '' OR last_name != '' OR city != ''
  OR region != '' OR zip != '' OR country != '' OR notEmpty(extra))`;
const ADDRESSED = `${THEIRS} AND (email != '' OR phone != '')`;

const ORDERED = `SELECT arrayJoin(${ORDER_KEYS}) FROM orders WHERE ${THEIRS}`;

/**
 * Takes out what a source said of people whom it has erased since: their descriptions go, and their orders stay without
 * an address, and analytics no longer tells on which device they were placed. Ids are all that the engine writes down of it.
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
  const seen = await run.engine.query<{ transaction: string }>(
    `SELECT DISTINCT transaction FROM (${purchasesSeen('true')}) WHERE key IN (${ORDERED})`,
    params,
  );
  if (seen.length > 0) {
    await addTombstones(
      run.engine,
      seen.map(({ transaction }) => transaction),
    );
    const numbered = `trim(LEADING '#' FROM transaction_id) IN (${ORDERED})`;
    await mutate(run.engine, 'visitor_orders', `DELETE WHERE ${numbered}`, params);
  }
  if (row?.described) await mutate(run.engine, 'customers', `DELETE WHERE ${THEIRS}`, params);
  if (row?.addressed)
    await mutate(run.engine, 'orders', `UPDATE email = '', phone = '' WHERE ${ADDRESSED}`, params);
}
