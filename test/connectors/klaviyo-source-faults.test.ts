import { inspect } from 'node:util';
import { describe, expect, test } from 'vitest';
import { SyncError } from '../../connectors/error.ts';
import { createLimiter } from '../../connectors/limiter.ts';
import { openKlaviyo } from '../../connectors/klaviyo/destination.ts';
import { openKlaviyoSource } from '../../connectors/klaviyo/pull.ts';
import { klaviyoSandbox } from '../../connectors/klaviyo/sandbox.ts';
import { serveSandbox } from '../../connectors/sandbox-server.ts';
import { changeOf, members } from './klaviyo-account.ts';
import { openEvents } from './klaviyo-events.ts';
import { virtualClock } from './limiter-clock.ts';

const refusal = (status: number, code: string, detail = 'detail') => ({
  status,
  body: { errors: [{ id: 'x', status, code, title: code, detail, source: {} }] },
});

async function busyShop() {
  const shop = await openEvents();
  for (const days_ago of [1, 12, 25]) shop.track('Active on Site', 'ana@shop.example', days_ago);
  return shop;
}

describe('a fault that passes', () => {
  test.each([
    ['429', { ...refusal(429, 'throttled'), headers: { 'retry-after': '0' } }],
    ['503', refusal(503, 'unavailable')],
    ['a page of a proxy', { status: 502, text: '<html>bad gateway</html>', content_type: 'text/html' }],
    ['a page with status 200', { status: 200, text: '<html>sign in</html>', content_type: 'text/html' }],
    ['an answer cut off', { status: 200, text: '{"data":[{"type":"event","id":"E1","attr' }],
    ['an answer of another shape', { status: 200, body: { data: 'none' } }],
    ['a connection that breaks', { drop: 'before' as const }],
    ['a connection that breaks with the answer', { drop: 'after' as const }],
  ])('%s, is tried again, and nothing is lost', async (_, fault) => {
    const shop = await busyShop();
    shop.fault({ path: '^/events$', skip: 3, times: 2, ...fault });

    await shop.pull();

    expect(shop.events.size).toBe(3);
    expect([...shop.marks.values()]).toEqual(['2026-11-01T12:00:00.000Z']);
  });
});

describe('a fault that stays', () => {
  test.each([
    ['SOURCE_KEY_REFUSED', refusal(401, 'authentication_failed', 'ana@shop.example')],
    ['SOURCE_PERMISSION', refusal(403, 'permission_denied', 'ana@shop.example')],
    ['SOURCE_REJECTED', refusal(400, 'invalid', 'ana@shop.example is wrong')],
    ['SOURCE_THROTTLED', { ...refusal(429, 'throttled'), headers: { 'retry-after': '0' } }],
    ['SOURCE_DOWN', refusal(503, 'unavailable', 'ana@shop.example')],
    ['SOURCE_ANSWER', { status: 403, text: '<html>ana@shop.example</html>', content_type: 'text/html' }],
    ['SOURCE_ANSWER', { status: 200, text: '{"data":[{"email":"ana@shop.example"' }],
    ['SOURCE_DOWN', { drop: 'after' as const }],
  ])(
    'ends the pull with %s, which names neither key nor address, and keeps what was read',
    async (code, fault) => {
      const shop = await busyShop();
      shop.fault({ path: '^/events$', skip: 20, times: 1_000, ...fault });

      const error: unknown = await shop.pull().catch((thrown: unknown) => thrown);

      expect(error).toBeInstanceOf(SyncError);
      const { problem, message } = error as SyncError;
      expect(problem).toMatchObject({ code, where: 'klaviyo' });
      expect(inspect([problem, message])).not.toMatch(/@shop\.example|Klaviyo-API-Key|"sandbox"/);
      expect(shop.events.size).toBe(2);
      expect(Date.parse([...shop.marks.values()][0]!)).toBeLessThan(Date.parse('2026-10-31T00:00:00Z'));
    },
  );

  test('a missing scope is named', async () => {
    const shop = await busyShop();
    shop.fault({ path: '^/metrics$', ...refusal(403, 'permission_denied') });

    await expect(shop.pull()).rejects.toMatchObject({
      problem: {
        code: 'SOURCE_PERMISSION',
        what: 'Klaviyo could not read metrics.',
        fix: expect.stringContaining('metrics:read'),
      },
    });
  });

  test('a page that leads to itself does not go on for ever', async () => {
    const shop = await busyShop();
    const next = 'https://a.klaviyo.com/api/events?page%5Bcursor%5D=same';
    const links = { self: 'https://a.klaviyo.com/api/events', next };
    shop.fault({ path: '^/events$', times: 1_000, status: 200, body: { data: [], links } });

    await expect(shop.pull()).rejects.toMatchObject({ problem: { code: 'SOURCE_ANSWER' } });
  });
});

test('pages are asked of base_url, whatever host their links name', async () => {
  const shop = await openEvents();
  for (let number = 0; number < 1_001; number += 1) shop.track('Active on Site', 'ana@shop.example', 1);

  await shop.pull();

  expect(shop.events.size).toBe(1_001);
  expect(shop.looks().filter((query) => query.has('page[cursor]'))).toHaveLength(1);
});

test('a source and a destination of one account keep to its quotas together, and none is refused', async () => {
  const never = new AbortController().signal;
  const { clock, start } = virtualClock(() => limiter.running() === 0);
  const limiter = createLimiter({ clock });
  const epoch = Date.parse('2026-11-01T12:00:00Z');
  const platform = klaviyoSandbox({ now: () => epoch + clock.now() });
  for (let number = 0; number < 700; number += 1) {
    platform.track('Active on Site', { email: `v${number}@shop.example` }, '2026-10-20T12:00:00Z');
  }
  const sandbox = await serveSandbox([platform], { keep_exchanges: true });
  const stop = start();
  const settings = { api_key: 'sandbox', metrics: {}, profiles: true, base_url: sandbox.url };
  const context = { folder: '.', signal: never, backoff_ms: 1, log: () => {} };
  const destination = openKlaviyo(settings, context, limiter);
  const source = openKlaviyoSource(settings, context, limiter, () => epoch + 1_000);
  const { remote_id } = await destination.create('Top');
  // Each integration has a metric of its own: 12 of them, 45 days, so many streams of one page.
  for (let number = 1; number < 12; number += 1) platform.metric('Active on Site', `Shop ${number}`);
  const since = new Map([
    ['events', '2026-09-17T12:00:00.000Z'],
    ['profiles', '2026-10-30T12:00:00.000Z'],
  ]);

  const [pages, acknowledgements] = await Promise.all([
    Array.fromAsync(source.pull({ marks: new Map(), since })),
    Array.fromAsync(
      destination.push({
        ...changeOf({ name: 'Top', remote_id }, members(500), members(700).slice(500)),
        stop: never,
      }),
    ),
  ]);
  await stop();
  await sandbox.close();

  expect(pages.flatMap(({ events = [] }) => events)).toHaveLength(700);
  expect(sandbox.exchanges.filter(({ request }) => request.path === '/profiles').length).toBeGreaterThan(7);
  expect(acknowledgements.flatMap(({ added }) => added)).toHaveLength(500);
  expect(sandbox.exchanges.filter(({ reply }) => reply.status === 429)).toEqual([]);
  // More than the 350 of a second.
  const asked = sandbox.exchanges.filter(({ request }) => request.path === '/events').length;
  expect(asked).toBe(12 * 46);
});
