import type { Binding, Counted, CountedPart, Period, ProductFilter } from './binding.ts';
import { openContents, ORDER_KEY, type Contents } from './order-contents.ts';

/** Rows that are counted, as SQL in brackets. */
export type CountedRows = {
  /** Purchases: `node`, `source`, `order_id`, `version`, `day`, `value`, and `rate` of the order's currency. */
  orders: string;
  /** Lines of orders, as `describedLines` gives them. */
  lines: string;
  /** What people did: `node`, `type`, `day`. */
  events: string;
  /** @returns rows with the `customer` that the `node` of each belongs to in its place, in brackets */
  named(rows: string): string;
  /** The `productTexts`, each in the engine's small letters. */
  lower: ReadonlyMap<string, string>;
};

/** @returns the texts that products are asked for by */
export function productTexts({ bought }: Counted): string[] {
  return [...new Set(bought.flatMap(({ products = {} }) => Object.values(products).flat()))].filter(
    (text) => text !== undefined,
  );
}

/** Which categories a `per_category` entry counts: those bought in so many last days, or in all. */
export type BoughtCategories = { within?: number };

/**
 * Counts for every customer, in one pass over orders, lines and events, what the rules of a job ask about: rows with
 * `customer`, `bought`, `did` and `categories` as in the table `counts`. Customers without any of it have no row.
 * Binds to `binding`; bind `as_of` too.
 *
 * The lines of each order are summed up first, so that each order is one row, and an order counts once however many
 * of its lines are meant.
 */
export function countsSql(
  { bought, did }: Counted,
  categories: readonly BoughtCategories[],
  { orders, lines, events, named, lower }: CountedRows,
  binding: Binding,
): string {
  const contents = openContents(lower, binding);
  const purchases = bought.map(({ products, period, parts }) => {
    const when = inPeriod(period, binding);
    const count = (part: CountedPart) => (parts.has(part) ? sumOf(part, when, products, contents) : '0');
    return `(${count('orders')}, ${count('quantity')}, ${count('spent')})`;
  });
  const listed = categories.map((when) => contents.categories(inPeriod(when, binding)));
  const times = did.map(
    ({ event, period }) =>
      `countIf(type = ${binding.bind('String', event)} AND ${inPeriod(period, binding)})`,
  );
  // Whole orders count whatever is in them; else only those that hold what is asked about are of interest.
  const join = bought.some(({ products }) => !products) ? 'LEFT' : 'INNER';
  const rows = [
    ...(bought.length + categories.length > 0 ? [ordersSql(orders, join, contents, lines)] : []),
    ...(did.length > 0 ? [eventsSql(events, contents)] : []),
  ];
  return `
    SELECT customer, CAST([${purchases.join(', ')}], '${BOUGHT}') AS bought, CAST([${times.join(', ')}], '${DID}') AS did,
      CAST([${listed.join(', ')}], '${CATEGORIES}') AS categories
    FROM ${named(`(${rows.join('\n UNION ALL ')})`)} GROUP BY customer`;
}

const BOUGHT = 'Array(Tuple(orders UInt32, quantity Decimal(18, 4), spent Decimal(18, 4)))';
const DID = 'Array(UInt32)';
const CATEGORIES = 'Array(Array(String))';

function inPeriod({ within, before, after }: Period, { bind }: Binding): string {
  const parts = [
    within === undefined ? '' : `dateDiff('day', day, {as_of:Date32}) < ${bind('Int64', within)}`,
    before === undefined ? '' : `day < ${bind('Date32', before)}`,
    after === undefined ? '' : `day > ${bind('Date32', after)}`,
  ].filter(Boolean);
  return parts.length > 0 ? parts.join(' AND ') : 'true';
}

/** Orders are the rows without a type. */
function sumOf(
  part: CountedPart,
  when: string,
  products: ProductFilter | undefined,
  contents: Contents,
): string {
  if (!products) return part === 'orders' ? `countIf(type = '' AND ${when})` : `sumIf(value, ${when})`;
  if (part === 'orders') return `countIf(${contents.holds(products)} AND ${when})`;
  const sum = contents.sum(products, part === 'quantity' ? 'quantity' : 'net');
  // Converted by the order, so that a line of a cent is not lost.
  const worth = part === 'quantity' ? sum : `toDecimal64(round(${sum} * coalesce(rate, 0), 4), 4)`;
  return `sumIf(${worth}, ${when})`;
}

function ordersSql(orders: string, join: 'LEFT' | 'INNER', contents: Contents, lines: string): string {
  const inside = contents.sql(lines);
  const columns = [...contents.columns.keys()].map((name) => `, inside.${name} AS ${name}`).join('');
  const joined = inside ? `${join} JOIN ${inside} AS inside USING (${ORDER_KEY})` : '';
  return `SELECT o.node AS node, o.day AS day, '' AS type, o.value AS value, o.rate AS rate${columns}
    FROM ${orders} AS o ${joined}`;
}

function eventsSql(events: string, { columns }: Contents): string {
  const nothing = [...columns].map(
    ([name, type]) => `, CAST(${type.startsWith('Array') ? '[]' : 'NULL'}, '${type}') AS ${name}`,
  );
  return `SELECT node, day, toString(type) AS type, toDecimal64(0, 4) AS value, NULL AS rate${nothing.join('')} FROM ${events}`;
}
