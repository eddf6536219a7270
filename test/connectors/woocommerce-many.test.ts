import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, onTestFinished, test } from 'vitest';
import { serveSandbox } from '../../connectors/sandbox-server.ts';
import { FROM_THE_BEGINNING } from '../../connectors/source.ts';
import { openWooCommerce } from '../../connectors/woocommerce/open.ts';
import { Settings } from '../../connectors/woocommerce/schema.ts';

const ORDERS = 100_000;

/** A shop that makes its orders up as they are asked for, so that it takes no memory itself. */
function order(id: number) {
  return {
    id,
    number: String(id),
    status: 'completed',
    currency: 'EUR',
    date_created_gmt: '2026-02-01T10:00:00',
    date_modified_gmt: '2026-02-01T10:00:00',
    discount_total: '0.0000',
    shipping_total: '4.9000',
    total: '54.9000',
    total_tax: '0.0000',
    customer_id: id % 20_000,
    billing: { email: `c${id % 20_000}@example.com`, first_name: 'Ana', city: 'Cluj', country: 'RO' },
    shipping: {},
    meta_data: [{ id: 1, key: '_wcpay_mode', value: 'prod' }],
    line_items: [{ id, name: 'Hat', product_id: 7, quantity: 1, sku: 'HAT', total: '50.0000' }],
    fee_lines: [],
    refunds: [],
  };
}

test('of 100,000 orders no more are in memory than a few pages', { timeout: 400_000 }, async () => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const sandbox = await serveSandbox([
    {
      name: 'woocommerce',
      prefix: '/wp-json',
      state: () => ({}),
      handle({ query }) {
        const [offset, size] = [Number(query.get('offset')), Number(query.get('per_page'))];
        if (query.get('status') === 'trash') return { status: 200, body: [] };
        const count = Math.max(0, Math.min(size, ORDERS - offset));
        const body = Array.from({ length: count }, (_, index) => order(offset + index + 1));
        return { status: 200, headers: { 'x-wp-total': String(ORDERS) }, body };
      },
    },
  ]);
  onTestFinished(() => sandbox.close());
  const keys = { consumer_key: 'sandbox', consumer_secret: 'sandbox' };
  const settings = Settings.parse({ url: sandbox.url, ...keys, read: ['orders'] });
  const signal = new AbortController().signal;
  const context = { folder: '.', timezone: 'UTC', currency: 'EUR', signal, backoff_ms: 1, log: () => {} };

  let orders = 0;
  const heap: number[] = [];
  for await (const page of openWooCommerce(settings, context).pull(FROM_THE_BEGINNING)) {
    orders += page.orders?.length ?? 0;
    if (orders < heap.length * 20_000) continue;
    collect();
    heap.push(process.memoryUsage().heapUsed);
  }

  expect(orders).toBe(ORDERS);
  expect(heap.length).toBeGreaterThanOrEqual(5);
  expect(Math.max(...heap.slice(1)) - heap[1]!).toBeLessThan(8_000_000);
});
