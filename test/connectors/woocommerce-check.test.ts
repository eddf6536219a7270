import { createServer } from 'node:https';
import { readFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { openWooCommerce } from '../../connectors/woocommerce/open.ts';
import { Settings } from '../../connectors/woocommerce/schema.ts';
import { woocommerce } from '../../connectors/woocommerce/source.ts';
import { openStand, problemOf } from './woocommerce-stand.ts';

const DAY_MS = 86_400_000;
const KEYS = { consumer_key: 'ck_1', consumer_secret: 'cs_1' };

test('the check tells the name, the version, how many there are, and that changes are told', async () => {
  const stand = await openStand({ host: { offset_minutes: 120 } });
  stand.shop.put();
  stand.shop.put();
  stand.shop.putCustomer();

  expect(await stand.check()).toEqual([
    'Sandbox & Sons: WooCommerce 10.3.0, currency EUR, time zone UTC+2',
    'key accepted, 2 orders can be read',
    'it tells which orders changed',
    '1 customers can be read',
    '0 products can be read',
  ]);
});

test('without the right to see the status, version and currency are those of the newest order', async () => {
  const stand = await openStand({ host: { forbidden: ['system_status'] } });
  stand.shop.put({ version: '9.1.2', currency: 'RON' });

  expect((await stand.check())[0]).toBe('Sandbox & Sons: WooCommerce 9.1.2, currency RON, time zone UTC+0');
});

test('a plugin that closes the index of the API to strangers does no harm', async () => {
  const stand = await openStand();
  stand.fault({ path: '^/$', status: 401, body: { code: 'rest_login_required', message: 'No.' } });

  expect((await stand.check())[0]).toContain('WooCommerce 10.3.0');
});

test('a check tells that an old shop does not know which orders changed', async () => {
  const stand = await openStand({ host: { ignores_modified: true } });
  stand.shop.put();

  expect((await stand.check())[2]).toContain('it does not tell which orders changed');
});

test.each([
  [{ strips_authorization: false }, { consumer_key: 'wrong' }, 'SOURCE_KEY_REFUSED', 'permission Read'],
  [{}, { consumer_secret: 'wrong' }, 'SOURCE_KEY_REFUSED', 'permission Read'],
  [{ permission: 'write' as const }, {}, 'SOURCE_PERMISSION', 'permission Read'],
  [{ forbidden: ['orders'] }, {}, 'SOURCE_PERMISSION', 'administrator or shop manager'],
  [{ forbidden: ['customers'] }, {}, 'SOURCE_PERMISSION', 'leave the part out of `read`'],
  [{ installed: false }, {}, 'SOURCE_NO_API', 'Install and activate WooCommerce'],
  [{ permalinks: false }, {}, 'SOURCE_NO_API', 'Permalinks'],
])(
  'with the shop %o and the settings %o the error is %s and says what to do',
  async (host, settings, code, fix) => {
    const stand = await openStand({ host, settings });

    expect(await problemOf(stand.check())).toMatchObject({
      code,
      fix: expect.stringContaining(fix),
      retry: 'never',
    });
  },
);

test.each([
  [
    'a firewall',
    { status: 403, text: '<html>Cloudflare</html>', content_type: 'text/html' },
    'SOURCE_BLOCKED',
  ],
  ['a security plugin', { status: 403, body: { code: 'rest_disabled', message: 'No.' } }, 'SOURCE_BLOCKED'],
  [
    "the web server's own password",
    { status: 401, text: '<html>401</html>', content_type: 'text/html' },
    'SOURCE_KEY_REFUSED',
  ],
  ['a server that finds it not acceptable', { status: 406, text: 'Not Acceptable' }, 'SOURCE_BLOCKED'],
  [
    'an error of WordPress',
    { status: 400, body: { code: 'rest_invalid_param', message: 'Invalid: dp' } },
    'SOURCE_REJECTED',
  ],
  ['a server behind Cloudflare that is down', { status: 522, text: '<html>' }, 'SOURCE_DOWN'],
  ['a list of something else', { status: 200, body: [{ name: 'x' }] }, 'SOURCE_ANSWER'],
  ['an object for a list', { status: 200, body: { orders: [] } }, 'SOURCE_ANSWER'],
])('%s is told of with its cure', async (_, fault, code) => {
  const stand = await openStand({ settings: { read: ['orders'] } });
  stand.shop.put();
  stand.fault({ path: 'orders$', times: 9, content_type: 'application/json', ...fault });

  expect(await problemOf(stand.pull())).toMatchObject({ code });
});

test('a host that takes the Authorization header away gets the key in the query, and that is told', async () => {
  const stand = await openStand({ host: { strips_authorization: true } });
  for (let order = 0; order < 250; order += 1) stand.shop.put();

  const { orders, warnings } = await stand.pull();

  expect(orders).toHaveLength(250);
  expect(warnings).toEqual([expect.stringContaining('takes the Authorization header away')]);
  // The header is tried once; from then on the query is taken at once.
  expect(stand.sandbox.exchanges.filter(({ reply }) => reply.status === 401)).toHaveLength(1);
});

test('a host that lets the header through never sees the key in an address', async () => {
  const stand = await openStand();
  stand.shop.put();

  await stand.pull();

  const addresses = stand.sandbox.exchanges.map(({ request }) => request.query.toString());
  expect(addresses.filter((query) => query.includes('consumer'))).toEqual([]);
});

test('the index, which is open to everybody, is asked for without the key', async () => {
  const stand = await openStand();

  await stand.check();

  const index = stand.sandbox.exchanges.find(({ request }) => request.path === '/');
  expect(index?.request.headers.authorization).toBeUndefined();
});

test.each([
  'https://shop.example',
  'https://shop.example/',
  'https://shop.example/wp-json/',
  'https://SHOP.example/wp-json/wc/v3',
])('the address %s names the same shop', (url) => {
  expect(woocommerce.identity(Settings.parse({ url, ...KEYS }))).toBe('woocommerce:https://shop.example');
});

test('a shop in a folder keeps it in its address', () => {
  const settings = Settings.parse({ url: 'https://example.com/shop/', ...KEYS });

  expect(woocommerce.identity(settings)).toBe('woocommerce:https://example.com/shop');
});

test.each(['http://shop.example', 'http://10.0.0.1', 'ftp://shop.example', 'shop.example'])(
  'the address %s is refused',
  (url) => {
    expect(Settings.safeParse({ url, ...KEYS }).success).toBe(false);
  },
);

test('plain http is refused with the reason', () => {
  const { error } = Settings.safeParse({ url: 'http://shop.example', ...KEYS });

  expect(error?.issues).toMatchObject([{ message: expect.stringContaining('must begin with https://') }]);
});

test('a certificate that is not valid is told of, and nothing is sent', async () => {
  const [key, cert] = ['key', 'cert'].map((part) =>
    readFileSync(`test/connectors/fixtures/self-signed.${part}.pem`),
  );
  let requests = 0;
  const server = createServer({ key, cert }, (_, response) => {
    requests += 1;
    response.end('[]');
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const { port } = server.address() as AddressInfo;
  const stand = await openStand();
  const source = openWooCommerce({ ...stand.settings, url: `https://localhost:${port}` }, stand.context);

  expect(await problemOf(source.check())).toMatchObject({ code: 'SOURCE_CERTIFICATE', retry: 'never' });
  expect(requests).toBe(0);
});

test('an old shop is read whole at first, then by the last month, and whole again every week', async () => {
  const stand = await openStand({ host: { ignores_modified: true }, settings: { read: ['orders'] } });
  const date = (days: number) => new Date(stand.clock.now + days * DAY_MS).toISOString().slice(0, 19);
  stand.shop.put({ date_created_gmt: date(-90), date_modified_gmt: date(-90) });
  stand.shop.put({ date_created_gmt: date(-20), date_modified_gmt: date(-20) });
  stand.shop.put({ date_created_gmt: date(-80), date_modified_gmt: date(-80) });
  const first = await stand.pull();
  stand.shop.change(1, { status: 'cancelled' });
  stand.shop.change(2, { status: 'cancelled' });
  const second = await stand.pull();
  stand.marks.set('orders:whole', new Date(Date.now() - 8 * DAY_MS).toISOString());
  const third = await stand.pull();

  const read = [first, second, third].map(({ orders }) => orders.map(({ order_id }) => order_id));
  expect(read).toEqual([['1', '2', '3'], ['2'], ['1', '2', '3']]);
  expect(second.warnings).toEqual([
    expect.stringContaining('made in the last 30 days are read each time, all every 7 days'),
  ]);
  expect(third.warnings).toEqual([expect.stringContaining('all were read')]);
  expect(stand.kept.orders.get('1')).toMatchObject({ counts: false });
});
