import { expect, test } from 'vitest';
import { openActiveShop } from '../run/active-shop.ts';
import { openStage } from '../run/stage.ts';
import { openSite } from './site.ts';

const stage = openStage();
const token = 'a-token-of-some-length';
const elsewhere = { host: 'shop.example' };

function open(access = {}) {
  const { shop } = openActiveShop(stage);
  return openSite(stage, () => [shop.job], { access });
}

test('metrics are told on this machine or for the token, and to nobody else', async () => {
  const { get } = await open({ token });

  const told = [
    await get('/metrics', { host: 'localhost' }),
    await get('/metrics', { ...elsewhere, authorization: `Bearer ${token}` }),
  ];
  const refused = [
    await get('/metrics', elsewhere),
    await get('/metrics', { ...elsewhere, authorization: 'Bearer another-token-here' }),
    await get('/metrics', { ...elsewhere, authorization: `Basic ${token}` }),
  ];

  for (const { status, headers, body } of told) {
    expect({ status, body }).toEqual({ status: 200, body: 'figures 1\n' });
    expect(headers).toMatchObject({
      'content-type': 'text/plain; version=0.0.4',
      'cache-control': 'no-store',
    });
  }
  for (const { status, headers, body } of refused) {
    expect(status).toBe(401);
    expect(headers['www-authenticate']).toBe('Bearer');
    expect(body).not.toContain('figures');
  }
});

test.each(['/', '/jobs/x', '/files/shop.yaml', '/jobs/x/held.csv'])(
  'without a token nobody from elsewhere sees %s',
  async (path) => {
    const { get, post } = await open();

    expect(await get(path, elsewhere)).toMatchObject({ status: 401 });
    expect(
      await post('/login', { token: '' }, { ...elsewhere, origin: 'http://shop.example' }),
    ).toMatchObject({
      status: 401,
    });
    expect((await get('/healthz', elsewhere)).status).toBe(200);
  },
);

test('a browser elsewhere is asked for the token once, and is known by a cookie that no script and no other site can use', async () => {
  const { get, post } = await open({ token });
  const from = { ...elsewhere, origin: 'http://shop.example' };

  const asked = await get('/', elsewhere);
  const wrong = await post('/login', { token: 'another-token-here' }, from);
  const right = await post('/login', { token }, from);
  const [cookie = ''] = right.headers['set-cookie'] ?? [];
  const value = cookie.split(';')[0]!;

  expect([asked.status, asked.headers.location]).toEqual([303, '/login']);
  expect([wrong.status, wrong.headers['set-cookie']]).toEqual([401, undefined]);
  expect(right.status).toBe(303);
  expect(cookie).toMatch(/HttpOnly/);
  expect(cookie).toMatch(/SameSite=Strict/);
  expect(cookie).not.toContain(token);
  expect((await get('/', { ...elsewhere, cookie: value })).status).toBe(200);
  expect((await get('/', { ...elsewhere, cookie: `${value}x` })).status).toBe(303);
  const { get: renewed } = await open({ token: 'a-token-that-came-later' });
  expect((await renewed('/', { ...elsewhere, cookie: value })).status).toBe(303);
});

test('a reverse proxy speaks for those it names; from its address nobody else is let in, and its header counts from nowhere else', async () => {
  const { get } = await open({ proxy: { address: '127.0.0.1', header: 'X-Forwarded-User' } });
  const { get: other } = await open({ proxy: { address: '192.0.2.7', header: 'X-Forwarded-User' } });

  expect((await get('/', { ...elsewhere, 'x-forwarded-user': 'anna' })).status).toBe(200);
  expect((await get('/', elsewhere)).status).toBe(401);
  expect((await get('/', { host: 'localhost' })).status).toBe(401);
  expect((await other('/', { ...elsewhere, 'x-forwarded-user': 'anna' })).status).toBe(401);
});

test('what a proxy on this machine hands on is not taken for this machine', async () => {
  const { get } = await open();

  expect((await get('/', { host: 'localhost' })).status).toBe(200);
  for (const header of ['x-forwarded-for', 'forwarded', 'x-real-ip', 'via'])
    expect((await get('/', { host: 'localhost', [header]: '203.0.113.9' })).status).toBe(401);
});

test('another site sets nothing going in the name of who looks at it', async () => {
  const { shop, platform, sells } = openActiveShop(stage);
  sells(['ada']);
  const { post, ended } = await openSite(stage, () => [shop.job]);
  const path = `/jobs/${shop.job.name}/run`;

  const answers = [
    await post(path, {}, { origin: 'http://evil.example', 'sec-fetch-site': 'cross-site' }),
    await post(path, {}, { origin: 'null' }),
    await post(path, {}, { origin: 'http://127.0.0.1:1' }),
  ];

  expect(answers.map(({ status }) => status)).toEqual([403, 403, 403]);
  expect([ended, platform.requests]).toEqual([[], []]);
});

test('every page forbids scripts and styles of others, and frames', async () => {
  const { get } = await open();

  for (const path of ['/', '/nothing', '/login']) {
    const { headers } = await get(path);
    const policy = headers['content-security-policy'];
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("script-src 'self'");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).not.toContain('unsafe');
    expect(headers).toMatchObject({ 'x-content-type-options': 'nosniff', 'referrer-policy': 'no-referrer' });
  }
});
