import { expect, test } from 'vitest';
import type { SandboxRequest } from '../../connectors/sandbox.ts';
import { woocommerceSandbox, type SandboxHost } from '../../connectors/woocommerce/sandbox.ts';

const KEY = `Basic ${Buffer.from('sandbox:sandbox').toString('base64')}`;

function openSandbox(host: SandboxHost = {}) {
  const platform = woocommerceSandbox({ host, empty: true, now: () => Date.parse('2026-03-01T12:00:00Z') });
  const get = (url: string, headers: SandboxRequest['headers'] = { authorization: KEY }) => {
    const { pathname, searchParams } = new URL(url, 'http://sandbox');
    const request = { method: 'GET', path: pathname, query: searchParams, headers, body: undefined };
    const { status, headers: answered, body } = platform.handle(request);
    return { status, headers: answered, rows: body as { id: number }[], body };
  };
  const ids = (url: string) => get(url).rows.map(({ id }) => id);
  return { ...platform, get, ids };
}

test('lists are in pages, with how many there are in the headers', () => {
  const { shop, get } = openSandbox();
  for (let order = 0; order < 25; order += 1) shop.put();

  const first = get('/wc/v3/orders');
  const third = get('/wc/v3/orders?per_page=10&page=3&orderby=id&order=asc');
  const offset = get('/wc/v3/orders?per_page=2&offset=23&orderby=id&order=asc');

  expect(first).toMatchObject({ status: 200, headers: { 'x-wp-total': '25', 'x-wp-totalpages': '3' } });
  expect(first.rows).toHaveLength(10);
  expect(third.rows.map(({ id }) => id)).toEqual([21, 22, 23, 24, 25]);
  expect(offset.rows.map(({ id }) => id)).toEqual([24, 25]);
});

test('more than 100 a page are refused', () => {
  const { get } = openSandbox();

  expect(get('/wc/v3/orders?per_page=101')).toMatchObject({
    status: 400,
    body: { code: 'rest_invalid_param' },
  });
});

test('a time with a zone is turned into the time of the shop before it is compared with GMT, as WordPress does', () => {
  const { shop, ids } = openSandbox({ offset_minutes: 120 });
  shop.put({ date_modified_gmt: '2026-03-01T10:00:00' });

  expect(ids('/wc/v3/orders?dates_are_gmt=true&modified_after=2026-03-01T09:00:00')).toEqual([1]);
  expect(ids('/wc/v3/orders?dates_are_gmt=true&modified_after=2026-03-01T09:00:00Z')).toEqual([]);
  expect(ids('/wc/v3/orders?modified_after=2026-03-01T11:30:00')).toEqual([1]);
  expect(ids('/wc/v3/orders?dates_are_gmt=true&modified_before=2026-03-01T10:00:00')).toEqual([]);
});

test('an old shop passes over what it does not know', () => {
  const { shop, ids } = openSandbox({ ignores_modified: true });
  shop.put({ date_created_gmt: '2026-01-01T10:00:00' });

  expect(ids('/wc/v3/orders?dates_are_gmt=true&modified_after=2030-01-01T00:00:00')).toEqual([1]);
  expect(ids('/wc/v3/orders?dates_are_gmt=true&after=2030-01-01T00:00:00')).toEqual([]);
});

test('deleted orders are only in the trash', () => {
  const { shop, ids } = openSandbox();
  shop.put();
  shop.put({ status: 'trash' });

  expect(ids('/wc/v3/orders?status=any')).toEqual([1]);
  expect(ids('/wc/v3/orders?status=trash')).toEqual([2]);
});

test("refunds are the order's, and change it", () => {
  const { shop, get } = openSandbox();
  shop.put({ date_modified_gmt: '2026-01-01T00:00:00' });
  shop.refund(1, { amount: '4.00' });

  expect(get('/wc/v3/orders/1/refunds').body).toMatchObject([{ id: 2, amount: '4.00' }]);
  expect(shop.orders.get(1)).toMatchObject({
    refunds: [{ id: 2, total: '-4.00' }],
    date_modified_gmt: '2026-03-01T12:00:00',
  });
  expect(get('/wc/v3/orders/9/refunds').status).toBe(404);
});

test("the key is taken from the header or the query, and refused in WooCommerce's words", () => {
  const { get } = openSandbox();
  const secret = `Basic ${Buffer.from('sandbox:wrong').toString('base64')}`;

  expect(get('/wc/v3/orders?consumer_key=sandbox&consumer_secret=sandbox', {}).status).toBe(200);
  expect(get('/wc/v3/orders', {})).toMatchObject({
    status: 401,
    body: { code: 'woocommerce_rest_cannot_view' },
  });
  expect(get('/wc/v3/orders', { authorization: secret })).toMatchObject({
    status: 401,
    body: { code: 'woocommerce_rest_authentication_error' },
  });
  expect(get('/', {}).status).toBe(200);
});

test('without being asked otherwise it has a small shop of always the same orders', () => {
  const now = () => Date.parse('2026-03-01T12:00:00Z');
  const [one, other] = [woocommerceSandbox({ now }), woocommerceSandbox({ now })];

  expect(one.state()).toEqual({ orders: 60, customers: 5, products: 5 });
  expect([...one.shop.orders]).toEqual([...other.shop.orders]);
});
