import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { families } from '../../connectors/shopify/join.ts';
import { openSpool } from '../../connectors/shopify/spool.ts';
import { openStand, problemOf, type Stand } from './shopify-stand.ts';

const FILE = '_bulk';

function fill({ shop }: Stand): void {
  for (let id = 1; id <= 30; id += 1) shop.putOrder({ id, lines: [{ id, price: 1000 }] });
  shop.putCustomer({ id: 1, email: 'ana@example.com' });
  shop.putProduct({ id: 1 });
}

describe('a bulk operation', () => {
  test('without anything to bring is done, and is not asked for again', async () => {
    const { pull, marks, shop, asked } = await openStand();

    const { orders, incomplete } = await pull();

    expect(orders).toEqual([]);
    expect(incomplete).toEqual([]);
    expect([...marks.keys()].toSorted()).toEqual(['customers', 'orders', 'products']);
    expect(asked()).not.toContain('download');
    await pull();
    expect(shop.bulk.begun()).toBe(3);
  });

  test('is waited for with looks that come less and less often', async () => {
    const stand = await openStand();
    fill(stand);
    stand.shop.bulk.takeLooks(12);

    const { orders } = await stand.pull();

    expect(orders).toHaveLength(30);
    expect(stand.clock.now()).toBeGreaterThan(60_000);
    expect(stand.asked().filter((name) => name === 'LookAtBulk').length).toBeLessThan(45);
  });

  test('that takes longer than a run should wait is left to the next run, which goes on with it', async () => {
    const stand = await openStand();
    fill(stand);
    stand.shop.bulk.takeLooks(1_000);

    const problem = await problemOf(stand.pull());

    expect(problem).toMatchObject({
      code: 'SOURCE_NOT_READY',
      fix: expect.stringContaining('the next run takes the result'),
    });
    stand.shop.bulk.takeLooks(1);
    expect((await stand.pull()).orders).toHaveLength(30);
    expect(stand.shop.bulk.begun()).toBe(3);
  });

  test('that failed is begun once more', async () => {
    const stand = await openStand();
    fill(stand);
    stand.shop.bulk.end('FAILED', 'COMPLETED', 'FAILED');

    const { orders, incomplete, products } = await stand.pull();

    expect(orders).toHaveLength(30);
    expect(products).toHaveLength(1);
    expect(incomplete).toEqual([]);
    expect(stand.shop.bulk.begun()).toBe(5);
  });

  test('that fails twice leaves the pull incomplete, and only its own mark behind', async () => {
    const stand = await openStand();
    fill(stand);
    stand.shop.bulk.end('COMPLETED', 'COMPLETED', 'FAILED', 'FAILED');

    const { orders, customers, incomplete } = await stand.pull();

    expect(orders).toEqual([]);
    expect(customers).toHaveLength(1);
    expect(incomplete).toEqual(['Shopify could not put all orders together (INTERNAL_SERVER_ERROR), twice.']);
    expect([...stand.marks.keys()].toSorted()).toEqual(['customers', 'products']);
    expect(stand.asked().filter((name) => name === 'download')).toHaveLength(2);
    expect((await stand.pull()).orders).toHaveLength(30);
  });

  test.each(['EXPIRED', 'CANCELED', 'GONE'] as const)('that ended as %s is begun anew', async (ending) => {
    const stand = await openStand();
    fill(stand);
    stand.shop.bulk.end('COMPLETED', 'COMPLETED', ending);

    const { orders, incomplete } = await stand.pull();

    expect(orders).toHaveLength(30);
    expect(incomplete).toEqual([]);
    expect(stand.shop.bulk.begun()).toBe(4);
  });

  test('that was denied says which grants are missing', async () => {
    const stand = await openStand();
    stand.shop.bulk.end('COMPLETED', 'COMPLETED', 'ACCESS_DENIED');

    expect(await problemOf(stand.pull())).toMatchObject({
      code: 'SOURCE_PERMISSION',
      what: 'The app may not read all that is asked of orders.',
    });
  });

  test('waits for a place where five others of the app are under way', async () => {
    const stand = await openStand();
    fill(stand);
    const full = {
      bulkOperationRunQuery: { bulkOperation: null, userErrors: [{ code: 'LIMIT_REACHED', message: 'x' }] },
    };
    stand.sandbox.fault({
      platform: 'shopify',
      path: 'graphql',
      skip: 2,
      times: 3,
      status: 200,
      body: { data: full },
    });
    const before = stand.clock.now();

    expect((await stand.pull()).orders).toHaveLength(30);

    expect(stand.clock.now() - before).toBeGreaterThanOrEqual(45_000);
  });

  test('finds no place for half an hour', async () => {
    const stand = await openStand();
    const full = {
      bulkOperationRunQuery: {
        bulkOperation: null,
        userErrors: [{ code: 'OPERATION_IN_PROGRESS', message: 'One is running' }],
      },
    };
    stand.sandbox.fault({
      platform: 'shopify',
      path: 'graphql',
      skip: 2,
      times: 1_000,
      status: 200,
      body: { data: full },
    });

    expect(await problemOf(stand.pull())).toMatchObject({
      code: 'SOURCE_THROTTLED',
      why: 'Shopify says: "One is running".',
    });
  });
});

describe('the result', () => {
  test('that broke off is brought again', async () => {
    const stand = await openStand();
    fill(stand);
    stand.sandbox.fault({ platform: 'shopify', path: FILE, times: 1, drop: 'after' });
    stand.sandbox.fault({ platform: 'shopify', path: FILE, skip: 1, times: 1, status: 503, text: 'x' });

    expect((await stand.pull()).orders).toHaveLength(30);
    expect(stand.shop.bulk.begun()).toBe(3);
  });

  test('that is shorter than told is not taken for the whole', async () => {
    const stand = await openStand();
    fill(stand);
    const text = '{"id":"gid://shopify/Order/1"}\n';
    stand.sandbox.fault({ platform: 'shopify', path: FILE, skip: 2, times: 100, status: 200, text });

    expect(await problemOf(stand.pull())).toMatchObject({ code: 'SOURCE_DOWN' });
    expect(stand.marks.has('orders')).toBe(false);
    expect(stand.marks.has('orders.bulk')).toBe(true);
  });

  test('that ends within a line, without a size to hold it against, is begun anew', async () => {
    const stand = await openStand();
    fill(stand);
    const cut = createServer((_, answer) => answer.end('{"id":"gid://shopify/Order/1","name":"#1'));
    await new Promise<void>((resolve) => cut.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void cut.close());
    const url = `http://127.0.0.1:${(cut.address() as AddressInfo).port}/`;
    const state = {
      id: 'gid://shopify/BulkOperation/3',
      status: 'COMPLETED',
      createdAt: '2026-11-01T00:00:00Z',
      objectCount: '1',
      rootObjectCount: '1',
      url,
    };
    // Shop, probe, three begun, four looks for each of the parts before: then orders are looked at.
    const looks = {
      platform: 'shopify' as const,
      path: 'graphql',
      status: 200,
      body: { data: { bulkOperation: state } },
    };
    stand.sandbox.fault({ ...looks, skip: 11, times: 2 });

    const { orders, incomplete } = await stand.pull();

    expect(orders).toHaveLength(30);
    expect(incomplete).toEqual([]);
    expect(stand.shop.bulk.begun()).toBe(4);
  });

  test('that is gone when it is fetched is begun anew', async () => {
    const stand = await openStand();
    fill(stand);
    stand.sandbox.fault({
      platform: 'shopify',
      path: FILE,
      times: 1,
      status: 404,
      text: '<Error/>',
      content_type: 'application/xml',
    });

    expect((await stand.pull()).products).toHaveLength(1);
    expect(stand.shop.bulk.begun()).toBe(4);
  });

  test('is fetched without the token, and leaves no file behind', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'spool-'));
    vi.stubEnv('TMPDIR', folder);
    onTestFinished(() => rm(folder, { recursive: true }));
    onTestFinished(() => void vi.unstubAllEnvs());
    const stand = await openStand();
    fill(stand);

    // There is none while it is read either, so that not even kill -9 leaves one.
    for await (const page of stand.source.pull(stand.from())) {
      if (page.orders?.length) expect(await readdir(folder)).toEqual([]);
    }

    const fetched = stand.sandbox.exchanges.filter(({ request }) => request.path.includes(FILE));
    expect(fetched).toHaveLength(3);
    expect(fetched.some(({ request }) => 'x-shopify-access-token' in request.headers)).toBe(false);
    expect(await readdir(folder)).toEqual([]);
  });
});

test('children find their parents wherever they stand, however many heaps there are', async () => {
  await using spool = await openSpool();
  const lines: string[] = [];
  for (let id = 1; id <= 200; id += 1) {
    const own = `gid://shopify/Order/${id}`;
    lines.push(
      JSON.stringify({ id: own, name: `#${id}`, note: 'a "__parentId":"gid://shopify/Order/5" in it' }),
    );
    for (let line = 0; line < id % 4; line += 1) {
      lines.push(
        JSON.stringify({
          id: `gid://shopify/LineItem/${id * 10 + line}`,
          title: '{"id":"gid://shopify/Order/7"',
          __parentId: own,
        }),
      );
    }
  }
  // Children first, and one written with spaces.
  const text = lines.toReversed().join('\n').replace('"__parentId":"', '"__parentId" : "');
  await spool.write(Buffer.from(`${text}\n`));
  const found = new Map<number, number>();

  for await (const heap of families(spool, 'Order', 1024)) {
    for (const { root, children } of heap) {
      const { id, name } = JSON.parse(root) as { id: string; name: string };
      found.set(Number(name.slice(1)), children.length);
      for (const child of children) expect(JSON.parse(child)).toMatchObject({ __parentId: id });
    }
  }

  expect([...found].toSorted(([a], [b]) => a - b)).toEqual(
    Array.from({ length: 200 }, (_, index) => [index + 1, (index + 1) % 4]),
  );
});
