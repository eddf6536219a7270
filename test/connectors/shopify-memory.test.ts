import { execFile } from 'node:child_process';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { expect, onTestFinished, test } from 'vitest';
import { bulkQuery, FULL_ACCESS } from '../../connectors/shopify/queries.ts';
import { shopifySandbox } from '../../connectors/shopify/sandbox.ts';

const ORDERS = 200_000;
/** Megabytes; the result that is read has more than three hundred. */
const HEAP_MB = 96;

/** The lines of an order with two lines of goods as a bulk operation writes them, to be given other ids. */
function pattern(): { root: string; children: string[] } {
  const shop = shopifySandbox({ rates: false });
  const line = { sku: 'SAN-38', title: 'Sandals', vendor: 'Tide', price: 5950, discount: 500, tax: 870 };
  const address = { firstName: 'Ana', lastName: 'Pop', city: 'Cluj-Napoca', zip: '400001', country: 'RO' };
  const lines = [1, 2].map((id) => ({ id, product: 1, ...line }));
  shop.putOrder({
    id: 1,
    customer: 1,
    email: 'ana@example.com',
    lines,
    billing: address,
    shippingPrice: 500,
  });
  shop.bulk.run(bulkQuery('orders', FULL_ACCESS, undefined));
  const written = shop.bulk.file(1)!.trim().split('\n');
  const isChild = (text: string) => text.includes('__parentId');
  return { root: written.find((text) => !isChild(text))!, children: written.filter(isChild) };
}

/** All lines of goods come before all orders: nothing can be put together as it comes. */
function* result(): Generator<string> {
  const { root, children } = pattern();
  for (let id = 1; id <= ORDERS; id += 1) {
    for (const child of children)
      yield `${child.replaceAll('Order/1', `Order/${id}`).replace(/LineItem\/(\d)/, `LineItem/${id}$1`)}\n`;
  }
  for (let id = 1; id <= ORDERS; id += 1) yield `${root.replace('Order/1', `Order/${id}`)}\n`;
}

/** Shopify with nothing but one long result. */
function answer(operation: string, variables: { query?: string; id?: string }, origin: string): unknown {
  const isOrders = (variables.query ?? variables.id ?? '').includes('orders');
  switch (operation) {
    case 'Shop': {
      const scopes = ['read_all_orders', 'read_customers', 'read_orders', 'read_products'];
      const accessScopes = scopes.map((handle) => ({ handle }));
      const shop = { name: 'Long', currencyCode: 'EUR', plan: { publicDisplayName: 'Plus' } };
      return { shop, currentAppInstallation: { accessScopes } };
    }
    case 'Probe':
      return { customers: { nodes: [] }, orders: { nodes: [] } };
    case 'StartBulk':
      return {
        bulkOperationRunQuery: { bulkOperation: { id: isOrders ? 'orders' : 'none' }, userErrors: [] },
      };
    default: {
      const objects = isOrders ? String(ORDERS * 3) : '0';
      const state = {
        status: 'COMPLETED',
        createdAt: '2026-11-01T00:00:00Z',
        objectCount: objects,
        rootObjectCount: objects,
      };
      return { bulkOperation: { id: variables.id, ...state, url: isOrders ? `${origin}/result` : null } };
    }
  }
}

async function serve(): Promise<string> {
  const server = createServer((request, response) => void reply(request, response));
  const reply = async (request: AsyncIterable<Buffer> & { url?: string }, response: ServerResponse) => {
    if (request.url === '/result') return pipeline(Readable.from(result()), response);
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const { operationName, variables } = JSON.parse(Buffer.concat(chunks).toString()) as {
      operationName: string;
      variables: object;
    };
    response.end(JSON.stringify({ data: answer(operationName, variables, origin) }));
  };
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return origin;
}

test(`${ORDERS} orders in no order are read in a heap of ${HEAP_MB} MB`, async () => {
  const origin = await serve();
  const script = new URL('./shopify-memory-process.ts', import.meta.url).pathname;

  const { stdout } = await promisify(execFile)(process.execPath, [
    `--max-old-space-size=${HEAP_MB}`,
    script,
    origin,
  ]);

  const told = JSON.parse(stdout) as {
    orders: number;
    lines: number;
    seconds: number;
    heap: number;
    rss: number;
  };

  expect(told).toMatchObject({ orders: ORDERS, lines: 2 * ORDERS });
}, 600_000);
