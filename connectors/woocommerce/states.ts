import { meaningsOf, wordOf, type Meaning } from '../words.ts';
import type { Settings } from './schema.ts';

/** What a state says of an order. */
export type Standing = {
  /** True where the order was paid; what was given back of it is told apart. */
  counts: boolean;
  /** True where all of it was given back. */
  refunded: boolean;
  test: boolean;
};

export type States = {
  standing(status: string): Standing;
  /** Sentences about states that nobody knows, each told once. */
  unknown(): string[];
};

/** A checkout that was never finished. WooCommerce lists some of them among the orders. */
export const DRAFTS: ReadonlySet<string> = new Set(['checkout-draft', 'auto-draft']);

/**
 * WooCommerce's own states. `pending` is one whose payment was never made or begun: it is cancelled by itself after an
 * hour; `on-hold` waits for a payment that the buyer says they make. Cash on delivery goes to `processing` at once.
 */
const OWN: Record<string, Meaning> = {
  pending: 'unpaid',
  on_hold: 'pending',
  processing: 'paid',
  completed: 'paid',
  cancelled: 'cancelled',
  refunded: 'refunded',
  failed: 'unpaid',
  trash: 'cancelled',
};

export function orderStates({ states, pending_orders }: Settings): States {
  const given = Object.entries(states).map(([word, meaning]) => [wordOf(bare(word)), meaning] as const);
  const meanings = meaningsOf({ ...OWN, ...Object.fromEntries(given) });
  const unknown = new Set<string>();
  let told = 0;
  return {
    standing(status) {
      const word = wordOf(bare(status));
      const meaning = meanings.get(word);
      if (meaning === undefined) unknown.add(word);
      const counts =
        meaning === 'paid' || meaning === 'refunded' || (meaning === 'pending' && pending_orders === 'count');
      return { counts, refunded: meaning === 'refunded', test: meaning === 'test' };
    },
    unknown() {
      const news = [...unknown].slice(told);
      told = unknown.size;
      return news.map((word) => {
        const name = /^[\p{L}\d_]{1,40}$/u.test(word) ? word : '…';
        return `Orders in the state "${name}", which is a plugin's, do not count; say what it means in \`states: { ${name}: paid }\`.`;
      });
    },
  };
}

/** In its database WooCommerce writes `wc-` in front; plugins' manuals do, too. */
function bare(status: string): string {
  return status.trim().replace(/^wc-/, '');
}
