import type { SourceDefinition } from '../source.ts';
import { ShopifySettings } from './schema.ts';

/**
 * What is read again: two days, though a change shows in the search by `updated_at` within minutes. Shopify promises
 * no time for that, and its incidents have lasted hours; reading a row again is harmless.
 */
const LAG_MS = 2 * 86_400_000;

/** Orders, customers and products of a Shopify shop; see the README beside this file. */
export const shopify: SourceDefinition<ShopifySettings> = {
  type: 'shopify',
  title: 'Shopify shop',
  settings: ShopifySettings,
  identity: ({ shop }) => `shopify:${shop}`,
  cursors: () => {
    const cursor = { field: 'updated_at', lag_ms: LAG_MS };
    return { products: cursor, customers: cursor, orders: cursor };
  },
  async open(settings, context) {
    const { openShopify } = await import('./pull.ts');
    return openShopify(settings, context);
  },
};
