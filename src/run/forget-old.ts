import { deleteRows } from '../engine/deletion.ts';
import type { Engine } from '../engine/engine.ts';
import type { Retention } from '../job/retention-settings.ts';

const OLD = 'ordered_at < {before:DateTime}';
const OF_OLD = `(source, order_id) IN (SELECT source, order_id FROM orders WHERE ${OLD})`;

/** Known by no record that stays: neither by their id there, nor by their address or phone. */
const UNHEARD_OF = ['customer_id', 'email', 'phone']
  .map((name) => {
    const known = `SELECT source, ${name} FROM orders UNION ALL SELECT source, ${name} FROM events`;
    return `(${name} = '' OR (source, ${name}) NOT IN (${known}))`;
  })
  .join(' AND ');

/**
 * Deletes records that are older than they may be kept. Sources may bring them again, so each run does it after its
 * pull. What orders are made of goes before them, so a deletion that was cut short is ended by the next.
 * @param now milliseconds since 1970
 * @returns how many rows each table lost
 */
export async function forgetOld(
  engine: Engine,
  { orders, events }: Pick<Retention, 'orders' | 'events'>,
  now: number,
): Promise<Record<string, number>> {
  const lost: Record<string, number> = {};
  const forget = async (table: string, where: string, days: number) => {
    const before = Math.floor(now / 1000) - days * 86_400;
    lost[table] = await deleteRows(engine, table, where, { before });
  };
  if (events !== undefined) {
    await forget('events', 'at < {before:DateTime}', events);
    await forget('visitor_orders', 'day < toDate32({before:DateTime})', events);
  }
  if (orders !== undefined) {
    await forget('order_lines', OF_OLD, orders);
    await forget('refunds', OF_OLD, orders);
    await forget('orders', OLD, orders);
    await forget('customers', `updated_at < {before:DateTime} AND ${UNHEARD_OF}`, orders);
  }
  return lost;
}
