import type { Params } from '../../engine/engine.ts';
import { PRODUCT_KEYS, type BoughtCondition, type DidCondition } from '../../job/custom-rules.ts';

/** Things bought or done that are counted for every customer; the thresholds on the counts stand in the rules. */
export type Counted = {
  /** Orders and what they were worth (`orders`), or the lines of certain products (`lines`). */
  bought: ({ from: 'orders' | 'lines' } & Pick<BoughtCondition, keyof typeof PRODUCT_KEYS | Period>)[];
  did: Pick<DidCondition, 'event' | Period>[];
};
type Period = 'within' | 'before' | 'after';

/** What the SQL of a job's rules reads, binds and counts; it grows while they are compiled. */
export type Binding = {
  params: Params;
  /** Columns of `facts`. */
  columns: Set<string>;
  counted: Counted;
  /** Binds a value of this type; what it returns stands for the value in the SQL. */
  bind(type: string, value: unknown): string;
  /** @returns the place of what is counted in the column `bought`, from 1 */
  bought(counted: Counted['bought'][number]): number;
  /** @returns its place in the column `did`, from 1 */
  did(counted: Counted['did'][number]): number;
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
    bought(one) {
      columns.add('bought');
      return placeOf(counted.bought, one);
    },
    did(one) {
      columns.add('did');
      return placeOf(counted.did, one);
    },
  };
}

/** Equal ones are counted once. */
function placeOf<One extends object>(list: One[], one: One): number {
  const key = (of: One) => JSON.stringify(Object.entries(of).toSorted());
  const found = list.findIndex((other) => key(other) === key(one));
  return found >= 0 ? found + 1 : list.push(one);
}
