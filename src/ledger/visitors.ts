/**
 * Visitors of a web site as an export of its analytics names them, and the orders that they placed there. A visitor is
 * a device, or a customer id of the site's own. What is bound is `sources` where SQL says so.
 */

/** SQL of the identities of a visitor, for a row with `source`, `device` and `customer_id`. */
const VISITOR = `arrayFilter(identity -> NOT endsWith(identity, ':'),
  [concat('device:', source, ':', device), concat('customer:', source, ':', customer_id)])`;

/** By what a purchase is told from others, for a row with `source` and `transaction_id`. */
const TRANSACTION = `concat('transaction:', source, ':', transaction_id)`;

/** SQL of everything a row of `visitor_orders` names somebody by. */
export const PURCHASE_IDENTITIES = `arrayPushBack(${VISITOR}, ${TRANSACTION})`;

const bare = (text: string) => `trim(LEADING '#' FROM ${text})`;

/**
 * SQL of the texts that a shop may hand to its analytics for one of its orders, bare of the # in front: its number, its
 * id, and the end of an id that is a path (gid://shopify/Order/1).
 */
export const ORDER_KEYS = `arrayDistinct(arrayFilter(key -> key != '',
  arrayMap(text -> ${bare('text')}, [number, order_id, splitByChar('/', order_id)[-1]])))`;

/** Who placed which order, as far as the analytics of some sources know: `source`, `visitor`, `transaction`, `key`, `day`. */
export function purchasesSeen(which = 'source IN {sources:Array(String)}'): string {
  return `SELECT source, arrayJoin(${VISITOR}) AS visitor, ${TRANSACTION} AS transaction, ${bare('transaction_id')} AS key, day
    FROM visitor_orders FINAL WHERE ${which}`;
}
