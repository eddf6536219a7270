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

/**
 * Orders of the job's sources, each with its worth as of the date; `rate` is null where the currency has none.
 * @param which SQL that takes some of the orders, and of the refunds those of these orders; conditions that begin with AND
 */
export const ordersSql = (which: { orders: string; refunds: string }): string => `
  SELECT ${NODE} AS node, source, order_id, version, o.number AS number, o.ordered_at AS ordered_at, toDate32(o.ordered_at, {timezone:String}) AS day,
    o.state AS state, o.currency AS currency, o.goods AS goods, coalesce(back.amount, 0) AS refunded, r.rate AS rate,
    o.counts AND NOT o.is_test AND NOT coalesce(toDate32(o.cancelled_at, {timezone:String}) <= {as_of:Date32}, false) AS paid,
    o.counts AS counts, o.is_test AS is_test,
    paid AND NOT (refunded > 0 AND refunded >= goods) AS purchase,
    toDecimal64(round(greatest(goods - refunded, 0) * coalesce(rate, 0), 4), 4) AS value
  FROM (SELECT * FROM orders FINAL WHERE source IN {sources:Array(String)} ${which.orders}) AS o
  LEFT JOIN (SELECT source, order_id, version, sum(amount) AS amount FROM refunds FINAL
        WHERE source IN {sources:Array(String)} AND toDate32(at, {timezone:String}) <= {as_of:Date32} ${which.refunds}
        GROUP BY source, order_id, version) AS back USING (source, order_id, version)
  LEFT JOIN (SELECT pair.1 AS currency, toDecimal128(pair.2, 18) AS rate
        FROM (SELECT arrayJoin(arrayZip({currencies:Array(String)}, {rates:Array(String)})) AS pair)) AS r
    ON r.currency = o.currency`;

/** Orders as of the date. */
export const ORDERS = ordersSql({
  orders: 'AND toDate32(ordered_at, {timezone:String}) <= {as_of:Date32}',
  refunds: '',
});

/** Why an order adds no revenue, or '' where it does; with `currency` it still counts as a purchase. */
export const LEFT_OUT = `multiIf(is_test, 'test', NOT paid, 'unpaid', NOT purchase, 'refunded', node = '', 'nobody',
  rate IS NULL, 'currency', '')`;

/**
 * Each customer's purchase days, those with at least one order, as known at the end of `as_of`: `customer`, `day`,
 * `day_orders`, `day_value`. Bind `purchaseParams`.
 */
export const PURCHASE_DAYS = `
  SELECT ${person('bought')}, day, count() AS day_orders, sum(value) AS day_value
  FROM (${ORDERS}) AS bought LEFT JOIN ${LABELS} ON known.node = bought.node
  WHERE purchase AND bought.node != '' GROUP BY customer, day`;

/** What the job's sources say of products, the newest description of each; `by` is `sku` or `product_id`. */
const products = (by: 'sku' | 'product_id'): string => `(
  SELECT ${by}, ${['title', 'category', 'brand', 'collections']
    .map((field) => `argMaxIf(p.${field}, (p.version, p.source), notEmpty(p.${field})) AS ${field}`)
    .join(', ')}
  FROM (SELECT * FROM products FINAL WHERE source IN {sources:Array(String)} AND ${by} != '') AS p GROUP BY ${by})`;

const described = (field: string): string =>
  `coalesce(nullIf(line.${field}, ''), nullIf(by_sku.${field}, ''), by_id.${field}, '') AS ${field}`;

const LINE_COLUMNS = 'line_id, product_id, sku, title, category, brand, quantity, net';

/** Sources that hold lines and no orders: files of lines beside a file, or a table, of orders. */
const LINE_SOURCES = `SELECT DISTINCT source FROM order_lines WHERE source IN {sources:Array(String)}
  AND source NOT IN (SELECT DISTINCT source FROM orders WHERE source IN {sources:Array(String)})`;

/** The orders by their number that lines of such sources name; `sources` says how many have an order of that number. */
const NAMED_ORDERS = `
  SELECT order_id, any(o.source) AS source, any(o.version) AS version, count() AS sources
  FROM (SELECT order_id, source, version FROM orders FINAL WHERE source IN {sources:Array(String)}
        AND order_id IN (SELECT order_id FROM order_lines WHERE source IN (${LINE_SOURCES}))) AS o
  GROUP BY order_id`;

/**
 * Every line with the source and version of its order. Lines that came with their order have its version. Lines of
 * a source without orders belong to the order of that number in another source of the job, as their newest file
 * has them; to none where several sources have that number, since nothing says whose they are.
 */
const LINES = `
  SELECT source, order_id, version, ${LINE_COLUMNS} FROM order_lines FINAL
  WHERE source IN {sources:Array(String)}
  UNION ALL
  SELECT named.source AS source, order_id, named.version AS version, ${LINE_COLUMNS}
  FROM (SELECT order_id, version AS file, source AS origin, max((version, source)) OVER (PARTITION BY order_id) AS newest,
          ${LINE_COLUMNS} FROM order_lines FINAL WHERE source IN (${LINE_SOURCES})) AS l
  INNER JOIN (${NAMED_ORDERS}) AS named USING (order_id)
  WHERE (l.file, l.origin) = l.newest AND named.sources = 1`;

/** What is known of the products of `line`, and the joins that know it: what a line does not say of its product is taken from the products of the job's sources. */
const PRODUCT = {
  columns: `coalesce(nullIf(by_sku.title, ''), nullIf(by_id.title, ''), line.title) AS product, ${described('category')},
    ${described('brand')}, if(notEmpty(by_sku.collections), by_sku.collections, by_id.collections) AS collections`,
  joins: `LEFT JOIN ${products('sku')} AS by_sku ON by_sku.sku = line.sku
  LEFT JOIN ${products('product_id')} AS by_id ON by_id.product_id = line.product_id`,
};

/**
 * Every line with the key of its order: `source`, `order_id`, `version`, `sku`, `product` (its title), `category`,
 * `brand`, `collections`, `quantity`, and `net` in the order's currency. Bind `sources`.
 */
export const DESCRIBED_LINES = `
  SELECT line.source AS source, line.order_id AS order_id, line.version AS version, line.sku AS sku,
    ${PRODUCT.columns}, line.quantity AS quantity, line.net AS net
  FROM (${LINES}) AS line ${PRODUCT.joins}`;

/**
 * The lines of purchases with what is known of their order. Both sides lie in the store in the order of the key, so
 * merging them costs half of what a hash of all orders does; what is joined afterwards is small.
 */
const BOUGHT_LINES = `
  SELECT l.source AS source, l.order_id AS order_id, sku, product_id, title, category, brand, quantity, net,
    bought.node AS node, bought.day AS day, bought.rate AS rate
  FROM (${LINES}) AS l
  INNER JOIN (SELECT source, order_id, version, node, day, rate FROM (${ORDERS}) WHERE purchase AND node != '') AS bought
    ON l.source = bought.source AND l.order_id = bought.order_id AND l.version = bought.version
  SETTINGS join_algorithm = 'full_sorting_merge'`;

/**
 * Each line of each customer's purchases, as known at the end of `as_of`: `customer`, `source`, `order_id`, `day`,
 * `sku`, `product` (its title), `category`, `brand`, `collections`, `quantity`, and `spent` on the line in the job's
 * currency, before refunds and discounts of the whole order. Bind `purchaseParams`.
 */
export const PURCHASED_LINES = `
  SELECT ${person('line')}, line.source AS source, line.order_id AS order_id, line.day AS day, line.sku AS sku,
    ${PRODUCT.columns}, line.quantity AS quantity, toDecimal64(round(line.net * coalesce(line.rate, 0), 4), 4) AS spent
  FROM (${BOUGHT_LINES}) AS line ${PRODUCT.joins}
  LEFT JOIN ${LABELS} ON known.node = line.node SETTINGS join_algorithm = 'hash'`;

/** Lines of sources without orders that belong to no order: `why` is `none` or `several`, with the number of `lines`. */
export const STRAY_LINES = `
  SELECT if(named.sources > 1, 'several', 'none') AS why, toUInt32(count()) AS lines
  FROM (SELECT order_id FROM order_lines FINAL WHERE source IN (${LINE_SOURCES})) AS l
  LEFT JOIN (${NAMED_ORDERS}) AS named USING (order_id)
  WHERE coalesce(named.sources, 0) != 1 GROUP BY why ORDER BY why`;
