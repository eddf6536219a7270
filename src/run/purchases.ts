import { eachShard } from '../engine/each-shard.ts';
import type { Params } from '../engine/engine.ts';
import { NODE } from './people.ts';
import { sourceKeys } from './pull.ts';
import type { RunContext } from './run.ts';

/**
 * What the statements on purchases take.
 * @param round which labels of the run hold
 */
export function purchaseParams(run: RunAsOf, round: number): Params {
  const rates = exchangeRates(run);
  return {
    job: run.job.name,
    run: run.run_id,
    sources: sourceKeys(run.job),
    as_of: run.as_of,
    timezone: run.job.timezone,
    currencies: Object.keys(rates),
    rates: Object.values(rates),
    round,
  };
}

/** The run whose people are meant, and until when records are looked at. */
export type RunAsOf = Pick<RunContext, 'job' | 'run_id' | 'as_of'>;

function exchangeRates(run: RunAsOf): Record<string, string> {
  const given = Object.entries(run.job.exchange_rates ?? {}).map(([code, rate]) => [code, rate] as const);
  return { ...Object.fromEntries(given), [run.job.currency]: '1' };
}

/** The person behind the records of `rows`: the label of their node where it has others, else the node itself. */
export function person(rows: string): string {
  return `coalesce(nullIf(known.label, ''), ${rows}.node) AS customer`;
}

/** Which label a node has, as `known`. */
export const LABELS = `(SELECT node, label FROM identity_labels
  WHERE job = {job:String} AND run_id = {run:String} AND round = {round:UInt8}) AS known`;

/** How much one unit of an order's currency is worth; null where nothing says so. A rate is never zero. */
const RATE = `nullIf(arrayMap(rate -> toDecimal128(rate, 18), {rates:Array(String)})[indexOf({currencies:Array(String)}, o.currency)], 0)`;

/**
 * Orders of the job's sources, each with its worth as of the date; `rate` is null where the currency has none.
 * Refunds are looked up by the order's number alone, which costs a quarter of a look-up by all of its key.
 * @param which SQL that takes some of the orders: what follows `FROM orders FINAL`; and of the refunds those of these
 *   orders: a condition that begins with AND
 */
export const ordersSql = (which: { orders: string; refunds: string }): string => `
  SELECT ${NODE} AS node, source, order_id, version, o.number AS number, o.ordered_at AS ordered_at, toDate32(o.ordered_at, {timezone:String}) AS day,
    o.state AS state, o.currency AS currency, o.goods AS goods, ${RATE} AS rate,
    arraySum(refund -> if(refund.1 = source AND refund.2 = version, refund.3, toDecimal64(0, 4)), back.refunds) AS refunded,
    o.counts AND NOT o.is_test AND NOT coalesce(toDate32(o.cancelled_at, {timezone:String}) <= {as_of:Date32}, false) AS paid,
    o.counts AS counts, o.is_test AS is_test,
    paid AND NOT (refunded > 0 AND refunded >= goods) AS purchase,
    toDecimal64(round(greatest(goods - refunded, 0) * coalesce(rate, 0), 4), 4) AS value
  FROM (SELECT * FROM orders FINAL ${which.orders}) AS o
  ANY LEFT JOIN (SELECT order_id, groupArray((source, version, amount)) AS refunds FROM refunds FINAL
        WHERE source IN {sources:Array(String)} AND toDate32(at, {timezone:String}) <= {as_of:Date32} ${which.refunds}
        GROUP BY order_id) AS back USING (order_id)
  SETTINGS join_algorithm = 'hash'`;

/** Orders as of the date. */
export const ORDERS = ordersSql({
  orders:
    'WHERE source IN {sources:Array(String)} AND toDate32(ordered_at, {timezone:String}) <= {as_of:Date32}',
  refunds: '',
});

/** Why an order adds no revenue, or '' where it does; with `currency` it still counts as a purchase. */
export const LEFT_OUT = `multiIf(is_test, 'test', NOT paid, 'unpaid', NOT purchase, 'refunded', node = '', 'nobody',
  rate IS NULL, 'currency', '')`;

/** What is told of it besides, beside `why`: the currency or the state. */
export const LEFT_OUT_DETAIL = `multiIf(why = 'currency', currency, counts, 'cancelled', state)`;

/**
 * Each customer's purchase days, those with at least one order, as known at the end of `as_of`: `customer`, `day`,
 * `day_orders`, `day_value`. Bind `purchaseParams`.
 */
export const PURCHASE_DAYS = `
  SELECT ${person('bought')}, day, count() AS day_orders, sum(value) AS day_value
  FROM ${eachShard(ORDERS)} AS bought LEFT JOIN ${LABELS} ON known.node = bought.node
  WHERE purchase AND bought.node != '' GROUP BY customer, day`;
