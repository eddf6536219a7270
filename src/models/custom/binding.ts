import type { Params } from '../../engine/engine.ts';
import { PRODUCT_KEYS, type BoughtCondition, type DidCondition } from '../../job/custom-rules.ts';

/** Which products of a purchase are meant; all that are named must agree. */
export type ProductFilter = Pick<BoughtCondition, keyof typeof PRODUCT_KEYS>;

/** Which days count. */
export type Period = Pick<BoughtCondition, 'within' | 'before' | 'after'>;

/** What is counted of purchases: how many orders, how many pieces, how much was spent. */
export type CountedPart = 'orders' | 'quantity' | 'spent';

/**
 * Purchases that are counted for every customer; the thresholds on the counts stand in the rules. Without `products`
 * whole orders count, also those whose lines nobody knows.
 */
type CountedPurchases = { products?: ProductFilter; period: Period; parts: Set<CountedPart> };

type CountedEvents = Pick<DidCondition, 'event'> & { period: Period };

export type Counted = { bought: CountedPurchases[]; did: CountedEvents[] };

/** What the SQL of a job's rules reads, binds and counts; it grows while they are compiled. */
export type Binding = {
  params: Params;
  /** Columns of `facts`. */
  columns: Set<string>;
  counted: Counted;
  /** Binds a value of this type; what it returns stands for the value in the SQL. */
  bind(type: string, value: unknown): string;
  /** @returns SQL of what is counted for a customer */
  bought(purchases: Omit<CountedPurchases, 'parts'>, part: CountedPart): string;
  /** @returns SQL of how often a customer did something */
  did(events: CountedEvents): string;
};

export function openBinding(): Binding {
  const params: Params = {};
  const counted: Counted = { bought: [], did: [] };
  const columns = new Set<string>();
  return {
    params,
    columns,
    counted,
    bind(type, value) {
      const name = `custom_${Object.keys(params).length + 1}`;
      params[name] = value;
      return `{${name}:${type}}`;
    },
    bought(purchases, part) {
      columns.add('bought');
      const place = placeOf(counted.bought, purchases, () => ({
        ...purchases,
        parts: new Set<CountedPart>(),
      }));
      counted.bought[place]!.parts.add(part);
      return `tupleElement(bought[${place + 1}], '${part}')`;
    },
    did(events) {
      columns.add('did');
      return `did[${placeOf(counted.did, events, () => events) + 1}]`;
    },
  };
}

/** Equal ones are counted once. */
function placeOf<One extends object>(list: One[], one: object, made: () => One): number {
  const key = (of: object) =>
    JSON.stringify(of, (name, value: unknown) => (name === 'parts' ? undefined : value));
  const found = list.findIndex((other) => key(other) === key(one));
  return found >= 0 ? found : list.push(made()) - 1;
}
