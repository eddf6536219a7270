import type { Source, SourceContext } from '../source.ts';
import type { Tools } from './changes.ts';
import { checkShop } from './check.ts';
import { openShop } from './client.ts';
import { pullCustomers } from './customers.ts';
import { pullOrders } from './orders.ts';
import { pageSize } from './pages.ts';
import { pullProducts } from './products.ts';
import type { Settings } from './schema.ts';

const PULLS = { orders: pullOrders, customers: pullCustomers, products: pullProducts };

/**
 * Opens a shop as a source; nothing is asked before `check` or `pull`.
 * @param timeout_ms for an answer; the setting's unless given
 */
export function openWooCommerce(settings: Settings, context: SourceContext, timeout_ms?: number): Source {
  const tools = (): Tools => ({
    shop: openShop(settings, context, timeout_ms),
    settings,
    context,
    sizes: pageSize(),
  });
  return {
    check: () => checkShop(tools()),
    async *pull(from) {
      const taken = tools();
      for (const part of ['orders', 'customers', 'products'] as const) {
        if (settings.read.includes(part)) yield* PULLS[part](taken, from);
      }
    },
  };
}
