import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { openWooCommerce } from '../../connectors/woocommerce/open.ts';
import { openStand, problemOf, type Stand, type StandOptions } from './woocommerce-stand.ts';

const ORDERS = { read: ['orders'] };
const LIST = '^/wc/v3/orders$';
const PAGE = '<!DOCTYPE html><html><body>Just a moment, ana@example.com</body></html>';

async function openFilled(orders: number, options: StandOptions = {}): Promise<Stand> {
  const stand = await openStand({ ...options, settings: { ...ORDERS, ...options.settings } });
  for (let order = 0; order < orders; order += 1) stand.shop.put();
  return stand;
}

test.each([
  ['429 with a wait', { status: 429, headers: { 'retry-after': '0' } }],
  ['429 without one', { status: 429 }],
  ['503 with a page', { status: 503, text: PAGE, content_type: 'text/html' }],
  ['503 with a date to wait for', { status: 503, headers: { 'retry-after': new Date().toUTCString() } }],
  ['500 with a page', { status: 500, text: PAGE, content_type: 'text/html' }],
  ['502', { status: 502, text: '' }],
  ['504', { status: 504, text: PAGE, content_type: 'text/html' }],
  ['a page with 200', { status: 200, text: PAGE, content_type: 'text/html' }],
  ['a broken connection before it is done', { drop: 'before' as const }],
  ['a broken connection after it is done', { drop: 'after' as const }],
  ['an answer that is cut off', { status: 200, text: '[{"id":1,"line_items":[{"id":5}]' }],
  [
    'PHP without memory',
    { status: 200, text: '<br />\n<b>Fatal error</b>: Allowed memory size of 1 bytes exhausted' },
  ],
  ['nothing at all with 200', { status: 200, text: '' }],
])('%s is passed over, and every order is read once', async (_, fault) => {
  const stand = await openFilled(350);
  stand.fault({ path: LIST, skip: 1, times: 2, ...fault });

  const { orders } = await stand.pull();

  expect(orders.map(({ order_id }) => order_id)).toEqual([...stand.shop.orders.keys()].map(String));
});

test('a refund that cannot be read for now is asked for again', async () => {
  const stand = await openFilled(3);
  for (const id of [1, 2, 3]) stand.shop.refund(id, { amount: '5.00' });
  stand.fault({ path: '/refunds$', times: 2, status: 502, text: PAGE, content_type: 'text/html' });

  await stand.pull();

  expect(stand.kept.refunds.size).toBe(3);
});

test('no more than two requests are under way at the same time, and one once the shop is busy', async () => {
  const stand = await openFilled(900, { delay: () => wait(2) });
  for (const id of stand.shop.orders.keys()) if (id % 10 === 0) stand.shop.refund(id, { amount: '1.00' });
  await stand.pull();

  const open = stand.sandbox.exchanges.map(({ request }) => request.open ?? 0);

  expect(Math.max(...open)).toBe(2);
});

test.each([
  ['429', { status: 429 }, 'SOURCE_THROTTLED'],
  ['503', { status: 503, text: PAGE, content_type: 'text/html' }, 'SOURCE_THROTTLED'],
  ['an hour to wait', { status: 429, headers: { 'retry-after': '3600' } }, 'SOURCE_THROTTLED'],
  ['500', { status: 500, text: PAGE, content_type: 'text/html' }, 'SOURCE_BROKEN'],
  ['a page', { status: 200, text: PAGE, content_type: 'text/html' }, 'SOURCE_ANSWER'],
  ['broken connections', { drop: 'before' as const }, 'SOURCE_DOWN'],
  ['cut-off answers', { status: 200, text: '[{"id":' }, 'SOURCE_CUT_OFF'],
])(
  '%s for too long ends the pull with what to do, and the next one goes on from there',
  async (_, fault, code) => {
    const stand = await openFilled(350);
    stand.fault({ path: LIST, skip: 2, times: 60, ...fault });

    const problem = await problemOf(stand.pull());
    const before = stand.kept.orders.size;

    expect(problem).toMatchObject({ code, where: expect.stringMatching(/^woocommerce 127/) });
    expect(problem.fix).toBeTruthy();
    expect(JSON.stringify(problem)).not.toMatch(/example\.com|sandbox|http/);
    expect(before).toBe(199);
    expect(JSON.parse(stand.marks.get('orders:reading')!)).toMatchObject({ place: { last: 199 } });
  },
);

test('after a failure the next pull asks for no page again that is stored', async () => {
  const stand = await openFilled(150);
  stand.fault({ path: LIST, skip: 1, times: 4, status: 429 });
  await problemOf(stand.pull());
  const before = stand.asked(/orders$/).length;

  await stand.pull();

  expect(stand.asked(/orders$/)[before]!.get('offset')).toBe('99');
  expect(stand.kept.orders.size).toBe(150);
});

test('a shop that has no memory for a page of 100 is asked for smaller ones', async () => {
  const stand = await openFilled(300, { host: { most_rows: 30 } });

  const { orders } = await stand.pull();

  const sizes = stand.asked(/orders$/).map((query) => Number(query.get('per_page')));
  expect(orders).toHaveLength(300);
  expect(sizes.slice(0, 3)).toEqual([100, 50, 25]);
  expect(stand.logs.join()).toContain('"rows":25');
});

test('a shop that is too slow for a page of 100 is asked for smaller ones', async () => {
  const slow: StandOptions = {
    timeout_ms: 300,
    delay: async () => {
      const size = Number(stand.sandbox.exchanges.at(-1)?.request.query.get('per_page'));
      if (size > 40) await wait(600);
    },
  };
  const stand = await openFilled(120, slow);

  const { orders } = await stand.pull();

  expect(orders).toHaveLength(120);
});

test('a shop that never answers ends the pull with the setting to change', async () => {
  const stand = await openFilled(3, { timeout_ms: 20, delay: () => wait(200) });

  expect(await problemOf(stand.pull())).toMatchObject({
    code: 'SOURCE_TIMEOUT',
    what: 'The shop could not read orders: the answer took too long.',
    fix: expect.stringContaining('`timeout`'),
  });
});

test("PHP's messages in front of the data are passed over and told of once", async () => {
  const stand = await openFilled(250, { host: { notices: true } });

  const { orders, warnings } = await stand.pull();

  expect(orders).toHaveLength(250);
  expect(warnings).toEqual([
    `${new URL(stand.sandbox.url).host} writes PHP's messages in front of its data; they are passed over.`,
  ]);
});

test("an answer that is cut off behind PHP's messages is never taken for a whole one", async () => {
  const stand = await openFilled(5);
  const text = '<br />\n<b>Warning</b>: [x] in y<br />\n[{"id":1,"status":"x","line_items":[{"id":5}]';
  stand.fault({ path: LIST, times: 60, status: 200, text, content_type: 'text/html' });

  expect(await problemOf(stand.pull())).toMatchObject({ code: 'SOURCE_CUT_OFF' });
});

test('a byte order mark in front of the data does no harm', async () => {
  const stand = await openFilled(2);
  const text = `\uFEFF\uFEFF${JSON.stringify([...stand.shop.orders.values()])}`;
  stand.fault({ path: LIST, status: 200, text });

  expect((await stand.pull()).orders).toHaveLength(2);
});

test('stopping ends the waiting for a busy shop', async () => {
  const stop = new AbortController();
  const stand = await openFilled(2, { context: { signal: stop.signal, backoff_ms: 60_000 } });
  stand.fault({ path: LIST, times: 9, status: 429, headers: { 'retry-after': '60' } });

  const pulling = stand.pull();
  setTimeout(() => stop.abort(new Error('stopped')), 50);

  await expect(pulling).rejects.toThrow();
});

test.each(['status', 'location'])('the key follows no redirect to another host (%s)', async () => {
  const seen: (string | undefined)[] = [];
  const other = createServer((request, response) => {
    seen.push(request.headers.authorization ?? request.url);
    response.end('[]');
  });
  await new Promise<void>((resolve) => void other.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void other.close());
  const { port } = other.address() as AddressInfo;
  const stand = await openFilled(2);
  const location = `http://127.0.0.1:${port}/wp-json/wc/v3/orders`;
  stand.fault({ path: LIST, times: 9, status: 301, headers: { location } });

  const problem = await problemOf(stand.pull());

  expect(problem).toMatchObject({
    code: 'SOURCE_MOVED',
    what: `The shop could not read orders: it leads to 127.0.0.1:${port}.`,
    retry: 'never',
  });
  expect(seen).toEqual([]);
});

test('a redirect within the shop is followed', async () => {
  const stand = await openFilled(2);
  stand.fault({
    path: LIST,
    status: 301,
    headers: { location: '/wp-json/wc/v3/orders?per_page=100&orderby=id&order=asc' },
  });

  expect((await stand.pull()).orders).toHaveLength(2);
});

test('a host that is not there is told of by name', async () => {
  const stand = await openStand();
  const gone = createServer();
  await new Promise<void>((resolve) => void gone.listen(0, '127.0.0.1', resolve));
  const { port } = gone.address() as AddressInfo;
  await new Promise((resolve) => gone.close(resolve));
  const source = openWooCommerce({ ...stand.settings, url: `http://127.0.0.1:${port}` }, stand.context);

  expect(await problemOf(source.check())).toMatchObject({
    code: 'SOURCE_DOWN',
    where: `woocommerce 127.0.0.1:${port}`,
    why: 'No answer (ECONNREFUSED).',
  });
});
