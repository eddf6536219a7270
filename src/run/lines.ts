import { sourceKeys } from './pull.ts';
import { LABELS, ORDERS, person } from './purchases.ts';
import type { RunContext } from './run.ts';

/** What there is in the store of a job's lines, so that statements leave out what is not. */
export type LinesAtHand = {
  lines: boolean;
  /** Lines of sources without orders. */
  adopted: boolean;
  products: boolean;
};

const EVERYTHING: LinesAtHand = { lines: true, adopted: true, products: true };

/** Sources that hold lines and no orders: files of lines beside a file, or a table, of orders. */
const LINE_SOURCES = `SELECT DISTINCT source FROM order_lines WHERE source IN {sources:Array(String)}
  AND source NOT IN (SELECT DISTINCT source FROM orders WHERE source IN {sources:Array(String)})`;

export async function linesAtHand({ engine, job }: RunContext): Promise<LinesAtHand> {
  const [row] = await engine.query<LinesAtHand>(
    `SELECT (SELECT count() > 0 FROM (SELECT 1 FROM order_lines WHERE source IN {sources:Array(String)} LIMIT 1)) AS lines,
       (SELECT count() > 0 FROM (${LINE_SOURCES})) AS adopted,
       (SELECT count() > 0 FROM products WHERE source IN {sources:Array(String)}) AS products`,
    { sources: sourceKeys(job) },
  );
  return row!;
}

/** What the job's sources say of products, the newest description of each; `by` is `sku` or `product_id`. */
const products = (by: 'sku' | 'product_id'): string => `(
  SELECT ${by}, ${['title', 'category', 'brand', 'collections']
    .map((field) => `argMaxIf(p.${field}, (p.version, p.source), notEmpty(p.${field})) AS ${field}`)
    .join(', ')}
  FROM (SELECT * FROM products FINAL WHERE source IN {sources:Array(String)} AND ${by} != '') AS p GROUP BY ${by})`;

const described = (field: string): string =>
  `coalesce(nullIf(line.${field}, ''), nullIf(by_sku.${field}, ''), by_id.${field}, '') AS ${field}`;

const LINE_COLUMNS = 'line_id, product_id, sku, title, category, brand, quantity, net';

/** The orders by their number that lines of such sources name; `sources` says how many have an order of that number. */
const NAMED_ORDERS = `
  SELECT order_id, any(o.source) AS source, any(o.version) AS version, count() AS sources
  FROM (SELECT order_id, source, version FROM orders FINAL WHERE source IN {sources:Array(String)}
        AND order_id IN (SELECT order_id FROM order_lines WHERE source IN (${LINE_SOURCES}))) AS o
  GROUP BY order_id`;

/** Lines that came with their order, and have its version. */
const OWN_LINES = `
  SELECT source, order_id, version, ${LINE_COLUMNS} FROM order_lines FINAL
  WHERE source IN {sources:Array(String)}`;

/**
 * Lines of a source without orders, with the source and version of their order: the one of that number in another
 * source of the job, as their newest file has them; none where several sources have that number, since nothing says
 * whose they are.
 */
const ADOPTED_LINES = `
  SELECT named.source AS source, order_id, named.version AS version, ${LINE_COLUMNS}
  FROM (SELECT order_id, version AS file, source AS origin, max((version, source)) OVER (PARTITION BY order_id) AS newest,
          ${LINE_COLUMNS} FROM order_lines FINAL WHERE source IN (${LINE_SOURCES})) AS l
  INNER JOIN (${NAMED_ORDERS}) AS named USING (order_id)
  WHERE (l.file, l.origin) = l.newest AND named.sources = 1`;

/** Every line with the source and version of its order. */
const linesSql = ({ adopted }: LinesAtHand): string =>
  adopted ? `${OWN_LINES} UNION ALL ${ADOPTED_LINES}` : OWN_LINES;

/** What is known of the products of `line`, and the joins that know it: what a line does not say of its product is taken from the products of the job's sources. */
const DESCRIBED = {
  columns: `coalesce(nullIf(by_sku.title, ''), nullIf(by_id.title, ''), line.title) AS product, ${described('category')},
    ${described('brand')}, if(notEmpty(by_sku.collections), by_sku.collections, by_id.collections) AS collections`,
  joins: `ANY LEFT JOIN ${products('sku')} AS by_sku ON by_sku.sku = line.sku
  ANY LEFT JOIN ${products('product_id')} AS by_id ON by_id.product_id = line.product_id`,
};

const UNDESCRIBED = {
  columns: `line.title AS product, line.category AS category, line.brand AS brand, CAST([], 'Array(String)') AS collections`,
  joins: '',
};

const productOf = ({ products }: LinesAtHand) => (products ? DESCRIBED : UNDESCRIBED);

/**
 * Every line with the key of its order: `source`, `order_id`, `version`, `sku`, `product` (its title), `category`,
 * `brand`, `collections`, `quantity`, and `net` in the order's currency. Bind `sources`.
 */
export function describedLines(hand: LinesAtHand): string {
  const { columns, joins } = productOf(hand);
  return `
  SELECT line.source AS source, line.order_id AS order_id, line.version AS version, line.sku AS sku,
    ${columns}, line.quantity AS quantity, line.net AS net
  FROM (${linesSql(hand)}) AS line ${joins} SETTINGS join_algorithm = 'hash'`;
}

/**
 * The lines of purchases with what is known of their order. Both sides lie in the store in the order of the key, so
 * merging them costs half of what a hash of all orders does; what is joined afterwards is small.
 */
const boughtLines = (hand: LinesAtHand): string => `
  SELECT l.source AS source, l.order_id AS order_id, sku, product_id, title, category, brand, quantity, net,
    bought.node AS node, bought.day AS day, bought.rate AS rate
  FROM (${linesSql(hand)}) AS l
  INNER JOIN (SELECT source, order_id, version, node, day, rate FROM (${ORDERS}) WHERE purchase AND node != '') AS bought
    ON l.source = bought.source AND l.order_id = bought.order_id AND l.version = bought.version
  SETTINGS join_algorithm = 'full_sorting_merge'`;

/**
 * Each line of each customer's purchases, as known at the end of `as_of`: `customer`, `source`, `order_id`, `day`,
 * `sku`, `product` (its title), `category`, `brand`, `collections`, `quantity`, and `spent` on the line in the job's
 * currency, before refunds and discounts of the whole order. Bind `purchaseParams`.
 */
export function purchasedLines(hand: LinesAtHand = EVERYTHING): string {
  const { columns, joins } = productOf(hand);
  return `
  SELECT ${person('line')}, line.source AS source, line.order_id AS order_id, line.day AS day, line.sku AS sku,
    ${columns}, line.quantity AS quantity, toDecimal64(round(line.net * coalesce(line.rate, 0), 4), 4) AS spent
  FROM (${boughtLines(hand)}) AS line ${joins}
  LEFT JOIN ${LABELS} ON known.node = line.node SETTINGS join_algorithm = 'hash'`;
}

/** Lines of sources without orders that belong to no order: `why` is `none` or `several`, with the number of `lines`. */
export const STRAY_LINES = `
  SELECT if(named.sources > 1, 'several', 'none') AS why, toUInt32(count()) AS lines
  FROM (SELECT order_id FROM order_lines FINAL WHERE source IN (${LINE_SOURCES})) AS l
  LEFT JOIN (${NAMED_ORDERS}) AS named USING (order_id)
  WHERE coalesce(named.sources, 0) != 1 GROUP BY why ORDER BY why`;
