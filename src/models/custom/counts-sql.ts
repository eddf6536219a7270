import { PRODUCT_KEYS } from '../../job/custom-rules.ts';
import type { Binding, Counted, CountedPart, Period, ProductFilter } from './binding.ts';

/** Rows that are counted, as SQL in brackets. */
export type CountedRows = {
  /** Purchases: `node`, `source`, `order_id`, `version`, `day`, `value`, and `rate` of the order's currency. */
  orders: string;
  /** Lines of orders, as DESCRIBED_LINES gives them. */
  lines: string;
  /** What people did: `node`, `type`, `day`. */
  events: string;
  /** @returns rows with the `customer` that the `node` of each belongs to in its place, in brackets */
  named(rows: string): string;
};

/** Which categories a `per_category` entry counts: those bought in so many last days, or in all. */
export type BoughtCategories = { within?: number };

/**
 * Counts for every customer, orders, lines and events in one pass each, what the rules of a job ask about: rows with
 * `customer`, `bought`, `did` and `categories` as in the table `counts`. Customers without any of it have no row.
 * Binds to `binding`; bind `as_of` too.
 */
export function countsSql(
  counted: Counted,
  categories: readonly BoughtCategories[],
  rows: CountedRows,
  binding: Binding,
): string {
  const purchases = counted.bought.length + categories.length > 0;
  const parts = [
    ...(purchases ? [purchasesSql(counted, categories, rows, binding)] : []),
    ...(counted.did.length > 0 ? [didSql(counted, rows, binding)] : []),
  ];
  if (parts.length === 1) return parts[0]!;
  return `
    SELECT customer, anyIf(bought, notEmpty(bought)) AS bought, anyIf(did, notEmpty(did)) AS did,
      anyIf(categories, notEmpty(categories)) AS categories
    FROM (${parts.join('\n UNION ALL ')}) GROUP BY customer`;
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

/**
 * Orders are counted with what is in them: the lines of each order are summed up first, so that each order is one
 * row, and an order counts once however many of its lines are meant.
 */
function purchasesSql(
  { bought }: Counted,
  categories: readonly BoughtCategories[],
  { orders, lines, named }: CountedRows,
  binding: Binding,
): string {
  const contents = openContents(binding);
  const entries = bought.map(({ products, period, parts }) => {
    const when = inPeriod(period, binding);
    const count = (part: CountedPart) => (parts.has(part) ? sumOf(part, when, products, contents) : '0');
    return `(${count('orders')}, ${count('quantity')}, ${count('spent')})`;
  });
  const listed = categories.map((when) => contents.categories(inPeriod(when, binding)));
  const inside = contents.sql(lines);
  const columns = contents.names.map((name) => `, inside.${name} AS ${name}`).join('');
  // Whole orders count whatever is in them; else only those that hold what is asked about are of interest.
  const whole = bought.some(({ products }) => !products);
  const join = inside ? `${whole ? 'LEFT' : 'INNER'} JOIN ${inside} AS inside USING (${ORDER_KEY})` : '';
  const met = `(SELECT o.node AS node, o.day AS day, o.value AS value, o.rate AS rate${columns} FROM ${orders} AS o ${join})`;
  return `
    SELECT customer, CAST([${entries.join(', ')}], '${BOUGHT}') AS bought, CAST([], '${DID}') AS did,
      CAST([${listed.join(', ')}], '${CATEGORIES}') AS categories
    FROM ${named(met)} GROUP BY customer`;
}

function sumOf(
  part: CountedPart,
  when: string,
  products: ProductFilter | undefined,
  contents: Contents,
): string {
  if (!products) return part === 'orders' ? `countIf(${when})` : `sumIf(value, ${when})`;
  if (part === 'orders') return `countIf(${contents.holds(products)} AND ${when})`;
  const sum = contents.sum(products, part === 'quantity' ? 'quantity' : 'net');
  // Converted by the order, so that a line of a cent is not lost.
  const worth = part === 'quantity' ? sum : `toDecimal64(round(${sum} * coalesce(rate, 0), 4), 4)`;
  return `sumIf(${worth}, ${when})`;
}

const ORDER_KEY = 'source, order_id, version';

/** What is asked about the lines of each order. */
type Contents = {
  /** The columns of `sql` beside the order's key. */
  names: string[];
  /** @returns whether such products are in an order */
  holds(products: ProductFilter): string;
  sum(products: ProductFilter, column: 'quantity' | 'net'): string;
  /** @returns a customer's categories of the orders that `when` says */
  categories(when: string): string;
  /** One row for each order with something in it that is asked about; nothing where nothing is. */
  sql(lines: string): string | undefined;
};

/** Whether an order holds something is a bit of a number, so that few columns are carried from lines to orders. */
const BITS = 64;

function openContents(binding: Binding): Contents {
  const matches = new Map<string, string>();
  const columns = new Map<string, string>();
  const read = new Map<string, string>();
  /** @returns which of the kinds of lines these are; each is a column `is_0`, `is_1` … of the lines */
  const match = (products: ProductFilter): number => {
    const key = JSON.stringify(products);
    if (!matches.has(key)) matches.set(key, matchSql(products, read, binding));
    return [...matches.keys()].indexOf(key);
  };
  const column = (name: string, sql: string) => {
    columns.set(name, sql);
    return name;
  };
  return {
    get names() {
      return [...columns.keys()];
    },
    holds(products) {
      const kind = match(products);
      const word = Math.floor(kind / BITS);
      const held = column(`held_${word}`, `groupBitOr(bits_${word})`);
      return `bitTest(coalesce(${held}, 0), ${kind % BITS})`;
    },
    sum(products, what) {
      const kind = match(products);
      return `coalesce(${column(`${what}_${kind}`, `sumIf(${what}, is_${kind})`)}, 0)`;
    },
    categories(when) {
      return `groupUniqArrayArrayIf(${column('categories_inside', `groupUniqArrayIf(category, category != '')`)}, ${when})`;
    },
    sql(lines) {
      if (columns.size === 0) return undefined;
      const kinds = [...matches.values()].map((sql, kind) => ({ sql, kind, word: Math.floor(kind / BITS) }));
      const words = [...Map.groupBy(kinds, ({ word }) => word)].map(([word, mine]) => {
        const bits = mine.map(({ kind }) => `bitShiftLeft(toUInt64(is_${kind}), ${kind % BITS})`);
        return `${bits.join(' + ')} AS bits_${word}`;
      });
      const meant = [
        ...(columns.has('categories_inside') ? [`category != ''`] : []),
        ...words.map((_, word) => `bits_${word} != 0`),
      ];
      const flags = kinds.map(({ sql, kind }) => `, ${sql} AS is_${kind}`).join('');
      const lower = [...read].map(([name, sql]) => `, ${sql} AS ${name}`).join('');
      return `(
        SELECT ${ORDER_KEY}, ${[...columns].map(([name, sql]) => `${sql} AS ${name}`).join(', ')}
        FROM (SELECT *${words.map((word) => `, ${word}`).join('')}
              FROM (SELECT *${flags}
                    FROM (SELECT ${ORDER_KEY}, category, quantity, net${lower} FROM ${lines})))
        WHERE ${meant.join(' OR ')} GROUP BY ${ORDER_KEY})`;
    },
  };
}

/**
 * Whether a line is of such products.
 * @param read the columns that it needs of the line, in small letters, by their names here; added to
 */
function matchSql(products: ProductFilter, read: Map<string, string>, { bind }: Binding): string {
  const parts = (Object.keys(PRODUCT_KEYS) as (keyof typeof PRODUCT_KEYS)[]).flatMap((key) => {
    const wanted = products[key];
    if (wanted === undefined) return [];
    const name = `lower_${key}`;
    const list = bind('Array(String)', [wanted].flat());
    if (key === 'collection') {
      read.set(name, `arrayMap(part -> lowerUTF8(part), ${PRODUCT_KEYS[key]})`);
      return [`hasAny(${name}, arrayMap(part -> lowerUTF8(part), ${list}))`];
    }
    // Few texts stand in many lines: each is turned into small letters, and looked up, once.
    read.set(name, `lowerUTF8(toLowCardinality(${PRODUCT_KEYS[key]}))`);
    return [`${name} IN (SELECT lowerUTF8(arrayJoin(${list})))`];
  });
  return parts.length > 0 ? parts.join(' AND ') : 'true';
}

function didSql({ did }: Counted, { events, named }: CountedRows, binding: Binding): string {
  const counts = did.map(
    ({ event, period }) =>
      `countIf(type = ${binding.bind('String', event)} AND ${inPeriod(period, binding)})`,
  );
  return `SELECT customer, CAST([], '${BOUGHT}') AS bought, CAST([${counts.join(', ')}], '${DID}') AS did,
      CAST([], '${CATEGORIES}') AS categories
    FROM ${named(events)} GROUP BY customer`;
}
