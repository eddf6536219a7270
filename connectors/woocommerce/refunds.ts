import { z } from 'zod';
import { SyncError } from '../error.ts';
import type { Refund as RefundRecord } from '../records.ts';
import type { Shop } from './client.ts';
import { amountOf, share, sum, type Units } from '../money.ts';
import { REFUND_FIELDS, Refund, type Order } from './replies.ts';

/** Money given back, as the shop tells of it. */
type Given = {
  id: number;
  at: string;
  amount: Units;
  /** Of the goods; undefined where that is not told. */ goods?: Units;
};

/** More refunds than that nobody gives for one order. */
const MOST_REFUNDS = '100';

/** Asks for the refunds of one order, with what was given back for which product. */
export async function readRefunds(shop: Shop, order: Order): Promise<Refund[]> {
  const query = { per_page: MOST_REFUNDS, dp: '4', _fields: REFUND_FIELDS };
  const path = `/wc/v3/orders/${order.id}/refunds`;
  try {
    return (await shop.get({ what: 'read refunds', path, query }, z.array(Refund))).value;
  } catch (error) {
    // The order may have been deleted since it was listed: what it said of its refunds itself has to do.
    if (error instanceof SyncError && error.problem.code === 'SOURCE_GONE') return [];
    throw error;
  }
}

/**
 * What was given back of the goods. A refund by products says so. One by amount alone, as WooCommerce makes it when
 * somebody sets the state to "refunded", holds tax and shipping as well: of it the goods get what they are of all that
 * has not been given back yet, so that a refund of the rest is one of the rest of the goods.
 * @param goods what was paid for goods
 * @param refunded whether the state says that all was given back
 */
export function refundRecords(
  order: Order,
  refunds: readonly Refund[],
  goods: Units,
  refunded: boolean,
  version: number,
): RefundRecord[] {
  const changed_at = new Date(version).toISOString();
  const given = refunds.map(givenIn);
  const told = new Set(given.map(({ id }) => id));
  for (const { id, total } of order.refunds) {
    if (!told.has(id)) given.push({ id, at: changed_at, amount: absolute(total) });
  }
  given.sort((a, b) => (a.at === b.at ? a.id - b.id : a.at < b.at ? -1 : 1));
  let [total, rest] = [order.total, goods];
  const order_id = String(order.id);
  const records = given.map(({ id, at, amount, goods: known }): RefundRecord => {
    const part = known ?? partOf(amount, rest, total);
    total -= amount;
    rest -= part;
    return { refund_id: String(id), order_id, at, amount: amountOf(part), version };
  });
  if (!refunded || rest <= 0n) return records;
  // Whoever moves an order to "refunded" by a plugin may leave no refund at all, or less than the whole.
  const at = given.at(-1)?.at ?? changed_at;
  return [...records, { refund_id: order_id, order_id, at, amount: amountOf(rest), version }];
}

function givenIn({ id, date_created_gmt: at, amount, line_items, fee_lines, shipping_lines }: Refund): Given {
  const items = [...line_items, ...fee_lines, ...shipping_lines];
  if (items.every(({ total }) => total === 0n)) return { id, at, amount };
  // Amounts of a refund are negative. A fee that was negative itself lowered the goods, and comes back as positive.
  const reductions = fee_lines.filter(({ total }) => total > 0n);
  return { id, at, amount, goods: -sum([...line_items, ...reductions].map(({ total }) => total)) };
}

function partOf(amount: Units, goods: Units, total: Units): Units {
  if (goods <= 0n || amount <= 0n) return 0n;
  return amount >= total ? goods : share(amount, goods, total);
}

function absolute(amount: Units): Units {
  return amount < 0n ? -amount : amount;
}
