import type { Cursor, SourceDefinition } from '../source.ts';
import { baseOf, Settings } from './schema.ts';

/**
 * Long enough for a shop whose clock or time zone is set wrong: what is read again changes nothing in the store.
 * A zone is at most 14 hours off.
 */
export const LAG_MS = 24 * 3_600_000;

const CURSOR: Cursor = { field: 'date_modified_gmt', lag_ms: LAG_MS };

/** Orders, customers and products of a WooCommerce shop, by its REST API; see the README beside this file. */
export const woocommerce: SourceDefinition<Settings> = {
  type: 'woocommerce',
  title: 'WooCommerce',
  settings: Settings,
  identity: ({ url }) => `woocommerce:${baseOf(url)}`,
  cursors: ({ read }) =>
    Object.fromEntries(read.filter((part) => part !== 'customers').map((part) => [part, CURSOR])),
  extra_fields: ({ extra }) => Object.keys(extra),
  async open(settings, context) {
    const { openWooCommerce } = await import('./open.ts');
    return openWooCommerce(settings, context);
  },
};
