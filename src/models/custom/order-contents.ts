import { PRODUCT_KEYS } from '../../job/custom-rules.ts';
import type { Binding, ProductFilter } from './binding.ts';

/** What tells orders apart. */
export const ORDER_KEY = 'source, order_id, version';

/** What is asked about the lines of each order. */
export type Contents = {
  /** The columns of `sql` beside the order's key: their names and types. */
  columns: ReadonlyMap<string, string>;
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

/** @param lower texts that products are asked for by, each in the engine's small letters */
export function openContents(lower: ReadonlyMap<string, string>, binding: Binding): Contents {
  const matches = new Map<string, string>();
  const columns = new Map<string, string>();
  const types = new Map<string, string>();
  const read = new Map<string, string>();
  /** @returns which of the kinds of lines these are; each is a column `is_0`, `is_1` … of the lines */
  const match = (products: ProductFilter): number => {
    const key = JSON.stringify(products);
    if (!matches.has(key)) matches.set(key, matchSql(products, lower, read, binding));
    return [...matches.keys()].indexOf(key);
  };
  const column = (name: string, type: string, sql: string) => {
    columns.set(name, sql);
    types.set(name, type);
    return name;
  };
  return {
    columns: types,
    holds(products) {
      const kind = match(products);
      const word = Math.floor(kind / BITS);
      const held = column(`held_${word}`, 'Nullable(UInt64)', `groupBitOr(bits_${word})`);
      return `bitTest(coalesce(${held}, 0), ${kind % BITS})`;
    },
    sum(products, what) {
      const kind = match(products);
      return `coalesce(${column(`${what}_${kind}`, 'Nullable(Decimal(38, 4))', `sumIf(${what}, is_${kind})`)}, 0)`;
    },
    categories(when) {
      const inside = column(
        'categories_inside',
        'Array(String)',
        `groupUniqArrayIf(category, category != '')`,
      );
      return `groupUniqArrayArrayIf(${inside}, ${when})`;
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
function matchSql(
  products: ProductFilter,
  lower: ReadonlyMap<string, string>,
  read: Map<string, string>,
  { bind }: Binding,
): string {
  const parts = (Object.keys(PRODUCT_KEYS) as (keyof typeof PRODUCT_KEYS)[]).flatMap((key) => {
    const wanted = products[key];
    if (wanted === undefined) return [];
    const name = `lower_${key}`;
    const list = bind(
      'Array(String)',
      [wanted].flat().map((text) => lower.get(text)!),
    );
    if (key === 'collection') {
      read.set(name, `arrayMap(part -> lowerUTF8(part), ${PRODUCT_KEYS[key]})`);
      return [`hasAny(${name}, ${list})`];
    }
    // Few texts stand in many lines: each is turned into small letters, and looked up, once.
    read.set(name, `lowerUTF8(toLowCardinality(${PRODUCT_KEYS[key]}))`);
    return [`${name} IN ${list}`];
  });
  return parts.length > 0 ? parts.join(' AND ') : 'true';
}
