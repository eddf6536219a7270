import { eachShard } from '../engine/each-shard.ts';
import { LABELS, LEFT_OUT, LEFT_OUT_DETAIL, ORDERS, person } from './purchases.ts';

/**
 * Packs the day of an order and what was spent, which takes so many bits, into one number of 128 bits: lists of numbers
 * cost a fifth of lists of pairs, and what is worked out of a list afterwards half of what counting beside it does.
 */
export const SPENT_BITS = 60;
/** Days are counted from the first that the store can hold, so that they are never negative. */
export const DAY_ZERO = `toDate32('1900-01-01')`;

/** The number of a day. */
export function dayNumber(day: string): string {
  return `dateDiff('day', ${DAY_ZERO}, ${day})`;
}

/** SQL: an order packed, of those that `ordersSql` (purchases.ts) gives. */
export const PACKED = `bitShiftLeft(toInt128(${dayNumber('day')}), ${SPENT_BITS}) + reinterpretAsInt64(value)`;

/** SQL: `customer`, and `bought_on`, the packed purchases of each, out of the orders themselves. */
export const OUT_OF_ORDERS = `
  SELECT ${person('bought')}, groupArray(${PACKED}) AS bought_on
  FROM ${eachShard(ORDERS)} AS bought LEFT JOIN ${LABELS} ON known.node = bought.node
  WHERE purchase AND bought.node != '' GROUP BY customer`;

/** SQL: why orders add no revenue, what is told of that, and how many. */
export const LEFT_OUT_OF_ORDERS = `
  SELECT ${LEFT_OUT} AS why, ${LEFT_OUT_DETAIL} AS detail, count() AS orders
  FROM ${eachShard(ORDERS)} AS o WHERE why != '' GROUP BY why, detail`;

/** Which rows of `histories` and `history_nodes` are the run's. */
export const MINE = 'job = {job:String} AND run_id = {run:String}';
const TOGETHER = `(SELECT node, customer FROM history_nodes WHERE ${MINE} AND what = 'together')`;

/** SQL: what `OUT_OF_ORDERS` gives, out of the run's histories; only those of people with several nodes are put together. */
export const OUT_OF_HISTORIES = `
  SELECT customer, bought_on FROM ${eachShard(`
    SELECT node AS customer, bought_on FROM histories
    WHERE ${MINE} AND notEmpty(bought_on) AND node NOT IN (SELECT node FROM ${TOGETHER})`)} AS alone
  UNION ALL
  SELECT customer, groupArrayArray(bought_on) AS bought_on FROM ${eachShard(`
    SELECT known.customer AS customer, bought_on FROM histories INNER JOIN ${TOGETHER} AS known USING (node)
    WHERE ${MINE} AND notEmpty(bought_on)`)} AS several
  GROUP BY customer`;

/** SQL: what `LEFT_OUT_OF_ORDERS` gives, out of the run's histories. */
export const LEFT_OUT_OF_HISTORIES = `SELECT why, detail, orders FROM histories WHERE ${MINE} AND why != ''`;
