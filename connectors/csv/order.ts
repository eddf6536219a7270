import type { Order } from '../records.ts';
import { REASONS, UNREADABLE_AMOUNTS } from '../reasons.ts';
import { wordOf } from '../words.ts';
import { currencyOf } from './cells.ts';
import type { Draft, Reading } from './draft.ts';
import type { Cell } from './header.ts';
import { compare, minus } from './money.ts';

/** The cells every kind of order file may have; a missing column reads as blank. */
export type OrderCells = Record<
  'order_id' | 'ordered_at' | 'cancelled_at' | 'state' | 'currency' | keyof Amounts,
  Cell
>;

/** Who ordered. */
type Buyer = Pick<Order, 'customer_id' | 'email' | 'phone' | 'country'>;

type Amounts = Record<'goods' | 'total' | 'tax' | 'shipping' | 'discount' | 'refunded', string | undefined>;

/** What a state says: whether the order was paid, and whether all of it was given back. */
export type Standing = { counts: boolean; refunded?: boolean; test?: boolean };

/**
 * Adds the order a row holds, and its refund.
 * @param standing tells what a state means, written as one lower-case word
 * @returns the order, or why the row holds none
 */
export function addOrder(
  cells: readonly string[],
  cell: OrderCells,
  reading: Reading,
  draft: Draft,
  buyer: Buyer,
  standing: (state: string) => Standing,
): Order | string {
  const order_id = cell.order_id(cells);
  if (order_id === '') return REASONS.order_id;
  const ordered_at = reading.date(cell.ordered_at(cells));
  if (!ordered_at) return REASONS.ordered_at;
  const cancelled = cell.cancelled_at(cells);
  const cancelled_at = cancelled === '' ? undefined : reading.date(cancelled);
  if (cancelled !== '' && !cancelled_at) return REASONS.cancelled_at;
  const currency = currencyOf(cell.currency(cells), reading.currency);
  if (!currency) return REASONS.currency;
  const amounts = amountsOf(cells, cell, reading);
  if (typeof amounts === 'string') return amounts;
  const { total, tax, shipping, discount, refunded } = amounts;
  const goods = amounts.goods ?? (total && minus(total, tax, shipping));
  if (!goods) return REASONS.no_amount;

  const state = wordOf(cell.state(cells));
  const { counts, test, refunded: wholly } = standing(state);
  const order: Order = {
    order_id,
    customer_id: buyer.customer_id,
    email: buyer.email,
    phone: buyer.phone,
    ordered_at,
    cancelled_at,
    state,
    counts,
    is_test: test ?? false,
    currency,
    goods,
    discount,
    tax,
    shipping,
    total,
    country: buyer.country,
    version: reading.version,
  };
  draft.orders.push(order);
  addRefund(draft, order, wholly ?? false, refunded);
  return order;
}

/** A file knows only a total, which may hold tax and shipping: of the goods no more than all can be given back. */
function addRefund(draft: Draft, order: Order, wholly: boolean, given = '0'): void {
  const { order_id, ordered_at, cancelled_at, goods, version } = order;
  // Some shops write money that goes back with a minus.
  const refunded = given.replace(/^-/, '');
  const known = compare(refunded, '0') > 0;
  if (!known && !wholly) return;
  const amount = known && compare(refunded, goods) < 0 ? refunded : goods;
  draft.refunds.push({ refund_id: order_id, order_id, at: cancelled_at ?? ordered_at, amount, version });
}

function amountsOf(cells: readonly string[], cell: OrderCells, reading: Reading): Amounts | string {
  const unreadable: string[] = [];
  const read = (field: keyof Amounts) => {
    const text = cell[field](cells);
    if (text === '') return undefined;
    const amount = reading.amount(text);
    if (amount === undefined) unreadable.push(field);
    return amount;
  };
  const amounts: Amounts = {
    goods: read('goods'),
    total: read('total'),
    tax: read('tax'),
    shipping: read('shipping'),
    discount: read('discount'),
    refunded: read('refunded'),
  };
  return unreadable.length > 0 ? `${unreadable.join(', ')}${UNREADABLE_AMOUNTS}` : amounts;
}
