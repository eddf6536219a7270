import type { SandboxOptions, SandboxPlatform, SandboxReply, SandboxRequest } from '../sandbox.ts';
import { listReply, wordpressError } from './sandbox-lists.ts';
import { fillSample } from './sandbox-sample.ts';
import { sandboxShop, type SandboxOrder, type SandboxShop } from './sandbox-shop.ts';

const KEY = 'sandbox';

/** What is odd about a shop's host, and how its key is. */
export type SandboxHost = {
  /** A WooCommerce before 5.8: it passes over `modified_after`, `modified_before` and `dates_are_gmt`. */
  ignores_modified?: boolean;
  /** The web server keeps the Authorization header from PHP. */
  strips_authorization?: boolean;
  /** The headers that tell how many rows there are do not arrive. */
  hides_totals?: boolean;
  /** PHP's messages are shown, in front of what is asked for. */
  notices?: boolean;
  /** The most rows that PHP has the memory for; more end in an error page. */
  most_rows?: number;
  /** The shop's time zone, in minutes before GMT's. */
  offset_minutes?: number;
  /** What the key may do. */
  permission?: 'read' | 'write' | 'read_write';
  /** Parts that the account of the key may not see. */
  forbidden?: readonly string[];
  /** False: WordPress without WooCommerce. */
  installed?: boolean;
  /** False: plain permalinks, so that there is no /wp-json. */
  permalinks?: boolean;
};

export type WooCommerceSandbox = SandboxPlatform & {
  shop: SandboxShop;
  /** May be changed at any time. */
  host: SandboxHost;
};

/**
 * An imitation of the part of WooCommerce's REST API (wc/v3) that tells of orders, refunds, customers and products.
 * Key and secret are `sandbox`.
 * @param options `empty` leaves the sample shop out
 */
export function woocommerceSandbox(
  options: SandboxOptions & { host?: SandboxHost; empty?: boolean } = {},
): WooCommerceSandbox {
  const now = options.now ?? Date.now;
  const shop = sandboxShop(now);
  const host = { ...options.host };
  if (!options.empty) fillSample(shop, now());

  function handle(request: SandboxRequest): SandboxReply {
    const reply = replyOf(request);
    return { ...reply, headers: { date: new Date(now()).toUTCString(), ...reply.headers } };
  }

  function replyOf(request: SandboxRequest): SandboxReply {
    if (host.permalinks === false) {
      return {
        status: 404,
        text: '<!DOCTYPE html><html><body>Not Found</body></html>',
        content_type: 'text/html',
      };
    }
    const reply = answer(request);
    const rows = Array.isArray(reply.body) ? reply.body.length : 0;
    if (host.most_rows !== undefined && rows > host.most_rows) {
      const text = '<p>There has been a critical error on this website.</p>';
      return { status: 500, text, content_type: 'text/html' };
    }
    if (!host.notices || reply.body === undefined) return reply;
    const notice =
      '<br />\n<b>Deprecated</b>:  Array [x] access in <b>/srv/plugins/old.php</b> on line <b>7</b><br />\n';
    return { ...reply, text: notice + JSON.stringify(reply.body), content_type: 'text/html; charset=UTF-8' };
  }

  function answer(request: SandboxRequest): SandboxReply {
    const namespaces = ['oembed/1.0', 'wp/v2', ...(host.installed === false ? [] : ['wc/v2', 'wc/v3'])];
    if (request.path === '/') {
      const zone = { timezone_string: '', gmt_offset: (host.offset_minutes ?? 0) / 60 };
      return { status: 200, body: { name: 'Sandbox &amp; Sons', namespaces, ...zone } };
    }
    const [, part = '', rest = ''] = /^\/wc\/v3\/([a-z_]+)\/?(.*)$/.exec(request.path) ?? [];
    if (host.installed === false || request.method !== 'GET' || part === '') return noRoute();
    const refused = refusedKey(request, host);
    if (refused) return refused;
    if (host.forbidden?.includes(part)) {
      return wordpressError(403, 'woocommerce_rest_cannot_view', 'Sorry, you cannot list resources.');
    }
    return partReply(part, rest, request.query);
  }

  function partReply(part: string, rest: string, query: URLSearchParams): SandboxReply {
    if (part === 'orders' && rest === '') return ordersReply(query);
    const [, order] = /^(\d+)\/refunds$/.exec(rest) ?? [];
    if (part === 'orders' && order) return refundsReply(Number(order), query);
    if (part === 'customers' && rest === '') {
      const role = query.get('role') ?? 'customer';
      const accounts = [...shop.customers.values()].filter(
        (customer) => role === 'all' || customer.role === role,
      );
      // Customers have no filter by date.
      return listReply(accounts, without(query, ['after', 'modified_after']), host);
    }
    if (part === 'products' && rest === '') return listReply([...shop.products.values()], query, host);
    if (part === 'products' && rest === 'categories')
      return listReply([...shop.categories.values()], query, host);
    if (part === 'system_status' && rest === '') {
      return { status: 200, body: { environment: { version: '10.3.0' }, settings: { currency: 'EUR' } } };
    }
    return noRoute();
  }

  function ordersReply(query: URLSearchParams): SandboxReply {
    const status = query.get('status') ?? 'any';
    const isIn = (order: SandboxOrder) =>
      status === 'any' ? order.status !== 'trash' : order.status === status;
    return listReply([...shop.orders.values()].filter(isIn), query, host);
  }

  function refundsReply(order: number, query: URLSearchParams): SandboxReply {
    if (shop.orders.has(order)) return listReply(shop.refunds.get(order) ?? [], query, host);
    return wordpressError(404, 'woocommerce_rest_invalid_order_id', 'Invalid order ID.');
  }

  return {
    name: 'woocommerce',
    prefix: '/wp-json',
    handle,
    state: () => ({
      orders: shop.orders.size,
      customers: shop.customers.size,
      products: shop.products.size,
    }),
    shop,
    host,
  };
}

/** Why the key does not do, in WooCommerce's own way: an unknown key is nobody, a wrong secret is an error. */
function refusedKey({ headers, query }: SandboxRequest, host: SandboxHost): SandboxReply | undefined {
  const basic = host.strips_authorization ? undefined : headers.authorization?.replace(/^Basic /, '');
  const given = query.has('consumer_key')
    ? [query.get('consumer_key'), query.get('consumer_secret')]
    : Buffer.from(basic ?? '', 'base64')
        .toString()
        .split(':');
  if (given[0] !== KEY) {
    return wordpressError(401, 'woocommerce_rest_cannot_view', 'Sorry, you cannot list resources.');
  }
  if (given[1] !== KEY) {
    return wordpressError(401, 'woocommerce_rest_authentication_error', 'Consumer secret is invalid.');
  }
  if (host.permission !== 'write') return undefined;
  const message = 'The API key provided does not have read permissions.';
  return wordpressError(401, 'woocommerce_rest_authentication_error', message);
}

function noRoute(): SandboxReply {
  return wordpressError(404, 'rest_no_route', 'No route was found matching the URL and request method.');
}

function without(query: URLSearchParams, names: readonly string[]): URLSearchParams {
  return new URLSearchParams([...query].filter(([name]) => !names.includes(name)));
}
