import { PRODUCT_KEYS } from '../../job/custom-rules.ts';
import type { Binding, Counted } from './binding.ts';

type Key = keyof typeof PRODUCT_KEYS;
const KEYS = Object.keys(PRODUCT_KEYS) as Key[];

/** Rows that are counted, as SQL in brackets. */
export type CountedRows = {
  /** Purchases: `customer`, `day`, `value`. */
  orders: string;
  /** Their lines, as PURCHASED_LINES gives them. */
  lines: string;
  /** What customers did: `customer`, `type`, `day`. */
  events: string;
};

/** Which categories a `per_category` entry counts: those bought in so many last days, or in all. */
export type BoughtCategories = { within?: number };

/**
 * Counts for every customer, each kind of row in one pass, what the rules of a job ask about: rows with `customer`,
 * `bought`, `did` and `categories` as in the table `counts`. Customers without any of it have no row.
 * Binds to `binding`; bind `as_of` too.
 */
export function countsSql(
  counted: Counted,
  categories: readonly BoughtCategories[],
  rows: CountedRows,
  binding: Binding,
): string {
  const lines = numbered(counted, 'lines');
  const parts = [
    numbered(counted, 'orders').length > 0 ? ordersSql(numbered(counted, 'orders'), rows, binding) : '',
    lines.length > 0 ? linesSql(lines, rows, binding) : '',
    counted.did.length > 0 ? didSql(counted, rows, binding) : '',
    categories.length > 0 ? categoriesSql(categories, rows, binding) : '',
  ];
  const places = `range(1, ${counted.bought.length + 1})`;
  return `
    SELECT customer,
      arrayFlatten(groupArray(found)) AS gathered,
      arrayMap(place -> gathered[indexOf(gathered.1, place)].2, ${places}) AS bought,
      anyIf(done, notEmpty(done)) AS did,
      anyIf(listed, notEmpty(listed)) AS categories
    FROM (${parts.filter(Boolean).join('\n UNION ALL ')}) GROUP BY customer`;
}

type Numbered = { place: number; one: Counted['bought'][number] }[];

function numbered({ bought }: Counted, from: 'orders' | 'lines'): Numbered {
  return bought.map((one, index) => ({ place: index + 1, one })).filter(({ one }) => one.from === from);
}

const FOUND = 'Array(Tuple(UInt16, Tuple(orders UInt32, quantity Decimal(18, 4), spent Decimal(18, 4))))';
const NOTHING = {
  found: `CAST([], '${FOUND}') AS found`,
  done: `CAST([], 'Array(UInt32)') AS done`,
  listed: `CAST([], 'Array(Array(String))') AS listed`,
};

type Period = { within?: number; before?: string; after?: string };

function inPeriod({ within, before, after }: Period, { bind }: Binding): string {
  const parts = [
    within === undefined ? '' : `dateDiff('day', day, {as_of:Date32}) < ${bind('Int64', within)}`,
    before === undefined ? '' : `day < ${bind('Date32', before)}`,
    after === undefined ? '' : `day > ${bind('Date32', after)}`,
  ].filter(Boolean);
  return parts.length > 0 ? parts.join(' AND ') : 'true';
}

function ordersSql(asked: Numbered, { orders }: CountedRows, binding: Binding): string {
  const found = asked.map(({ place, one }) => {
    const when = inPeriod(one, binding);
    return `(${place}, (countIf(${when}), 0, sumIf(value, ${when})))`;
  });
  return `SELECT customer, CAST([${found.join(', ')}], '${FOUND}') AS found, ${NOTHING.done}, ${NOTHING.listed}
    FROM ${orders} GROUP BY customer`;
}

/**
 * A line counts for each of the things that it is. Orders are told apart by a hash of 64 bits: two of the same
 * customer would fall together once in some million million shops.
 */
function linesSql(asked: Numbered, { lines }: CountedRows, binding: Binding): string {
  const used = KEYS.filter((key) => asked.some(({ one }) => one[key] !== undefined));
  const lower = used.map((key) =>
    key === 'collection'
      ? `arrayMap(part -> lowerUTF8(part), ${PRODUCT_KEYS[key]}) AS lower_${key}`
      : `lowerUTF8(${PRODUCT_KEYS[key]}) AS lower_${key}`,
  );
  const matches = asked.map(({ place, one }) => {
    const products = KEYS.filter((key) => one[key] !== undefined).map((key) => {
      const wanted = `arrayMap(part -> lowerUTF8(part), ${binding.bind('Array(String)', [one[key]!].flat())})`;
      return key === 'collection' ? `hasAny(lower_${key}, ${wanted})` : `has(${wanted}, lower_${key})`;
    });
    return `if(${[inPeriod(one, binding), ...products].join(' AND ')}, ${place}, 0)`;
  });
  return `SELECT customer, CAST(groupArray((place, (orders, quantity, spent))), '${FOUND}') AS found, ${NOTHING.done}, ${NOTHING.listed}
    FROM (
      SELECT customer, place, arrayUniq(groupArray(one_order)) AS orders, sum(quantity) AS quantity, sum(spent) AS spent
      FROM (
        SELECT customer, one_order, quantity, spent, arrayJoin(arrayFilter(one -> one > 0, [${matches.join(', ')}])) AS place
        FROM (SELECT customer, cityHash64(source, order_id) AS one_order, day, quantity, spent${lower.map((one) => `, ${one}`).join('')}
              FROM ${lines})
      ) GROUP BY customer, place
    ) GROUP BY customer`;
}

function didSql({ did }: Counted, { events }: CountedRows, binding: Binding): string {
  const counts = did.map(
    ({ event, ...when }) => `countIf(type = ${binding.bind('String', event)} AND ${inPeriod(when, binding)})`,
  );
  return `SELECT customer, ${NOTHING.found}, CAST([${counts.join(', ')}], 'Array(UInt32)') AS done, ${NOTHING.listed}
    FROM ${events} GROUP BY customer`;
}

function categoriesSql(asked: readonly BoughtCategories[], { lines }: CountedRows, binding: Binding): string {
  const lists = asked.map((when) => `groupUniqArrayIf(category, ${inPeriod(when, binding)})`);
  return `SELECT customer, ${NOTHING.found}, ${NOTHING.done}, [${lists.join(', ')}] AS listed
    FROM ${lines} WHERE category != '' GROUP BY customer`;
}
