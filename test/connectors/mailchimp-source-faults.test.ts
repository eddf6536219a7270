import { inspect } from 'node:util';
import { describe, expect, test } from 'vitest';
import { pause } from '../../connectors/clock.ts';
import { SyncError } from '../../connectors/error.ts';
import { createLimiter } from '../../connectors/limiter.ts';
import { openMailchimp } from '../../connectors/mailchimp/destination.ts';
import { CONNECTIONS } from '../../connectors/mailchimp/api.ts';
import { openMailchimpSource } from '../../connectors/mailchimp/pull.ts';
import { mailchimpSandbox } from '../../connectors/mailchimp/sandbox.ts';
import { serveSandbox } from '../../connectors/sandbox-server.ts';
import { FROM_THE_BEGINNING } from '../../connectors/source.ts';
import { virtualClock } from './limiter-clock.ts';
import { openCampaigns, recipients } from './mailchimp-campaigns.ts';
import { change, people, pushed } from './mailchimp-open.ts';

const ACTIVITY = '/email-activity$';
const problem = (status: number, title: string, detail = 'detail') => ({
  status,
  content_type: 'application/problem+json',
  body: { type: 'about:blank', title, status, detail, instance: 'x' },
});

async function busyShop() {
  const shop = await openCampaigns();
  shop.send('a', 5, recipients(2_500));
  for (const index of [3, 1_003, 2_003]) shop.act('a', `r${index}@shop.example`, 'open', 2);
  return shop;
}

describe('a fault that passes', () => {
  test.each([
    ['429', problem(429, 'Too Many Requests')],
    ['429 with a time to wait', { ...problem(429, 'Too Many Requests'), headers: { 'retry-after': '0' } }],
    ['500', problem(500, 'Internal Server Error')],
    ['a page of a proxy', { status: 502, text: '<html>bad gateway</html>', content_type: 'text/html' }],
    ['a page with status 200', { status: 200, text: '<html>sign in</html>', content_type: 'text/html' }],
    ['403 without a problem document', { status: 403, text: '', content_type: 'text/html' }],
    ['an answer cut off', { status: 200, text: '{"emails":[{"email_id":"x","em' }],
    ['an answer of another shape', { status: 200, body: { emails: 'none' } }],
    ['a connection that breaks', { drop: 'before' as const }],
    ['a connection that breaks with the answer', { drop: 'after' as const }],
  ])('%s, is tried again, and nothing is lost', async (_, fault) => {
    const shop = await busyShop();
    shop.fault({ path: ACTIVITY, skip: 1, times: 2, ...fault });

    const { rejected } = await shop.pull();

    expect(shop.events.size).toBe(3);
    expect(rejected).toEqual([]);
    expect([...shop.marks.keys()]).toEqual(['campaign a']);
  });
});

describe('a fault that stays', () => {
  test.each([
    ['SOURCE_KEY_REFUSED', problem(401, 'API Key Invalid', 'ana@shop.example')],
    ['SOURCE_KEY_REFUSED', problem(403, 'API Key Disabled', 'ana@shop.example')],
    ['SOURCE_PERMISSION', problem(403, 'Forbidden', 'ana@shop.example may not')],
    ['SOURCE_THROTTLED', problem(429, 'Too Many Requests')],
    ['SOURCE_DOWN', problem(503, 'Unavailable', 'ana@shop.example')],
    ['SOURCE_REJECTED', problem(400, 'Invalid Resource', 'ana@shop.example is wrong')],
    ['SOURCE_ANSWER', { status: 200, text: '{"emails":[{"email_address":"ana@shop.example"' }],
    ['SOURCE_DOWN', { drop: 'after' as const }],
  ])(
    'ends the pull with %s, which names neither key nor address, and keeps what was read',
    async (code, fault) => {
      const shop = await busyShop();
      shop.fault({ path: ACTIVITY, skip: 1, times: 100, ...fault });

      const error: unknown = await shop.pull().catch((thrown: unknown) => thrown);

      expect(error).toBeInstanceOf(SyncError);
      const { problem: told, message } = error as SyncError;
      expect(told).toMatchObject({ code, where: 'mailchimp list sandbox' });
      expect(inspect([told, message])).not.toMatch(/@shop\.example|sandbox-us1|Basic/);
      expect(shop.marks.size).toBe(0);
      expect(shop.events.size).toBe(1);
    },
  );
});

test('a source and a destination of one account never have more than ten requests under way together', async () => {
  const held = { answers: 0 };
  const never = new AbortController().signal;
  const { clock, start } = virtualClock(() => limiter.running() === held.answers);
  const limiter = createLimiter({ clock, connections: CONNECTIONS });
  const platform = mailchimpSandbox({});
  const delay = async () => {
    held.answers += 1;
    await pause(clock, 1_000, never);
    held.answers -= 1;
  };
  const sandbox = await serveSandbox([platform], { keep_exchanges: true, delay });
  const stop = start();
  const now = Date.parse('2026-11-01T12:00:00Z');
  platform.send({ id: 'a', sent_at: '2026-10-28T12:00:00Z', recipients: recipients(90_000) });
  const settings = {
    api_key: 'sandbox-us1',
    list_id: 'sandbox',
    new_contacts: 'skip' as const,
    contacts: false,
    base_url: sandbox.url,
  };
  const context = { folder: '.', signal: never, backoff_ms: 1, log: () => {} };
  const destination = openMailchimp(settings, context, limiter);
  const source = openMailchimpSource(settings, context, limiter, () => now);
  const audience = { name: 'Lost', remote_id: (await destination.create('Lost')).remote_id };
  const began = clock.now();

  const [pages, result] = await Promise.all([
    Array.fromAsync(source.pull(FROM_THE_BEGINNING)),
    pushed(destination, { ...change(audience, { add: people(30_000) }), stop: never }),
  ]);
  const seconds = (clock.now() - began) / 1_000;
  await stop();
  await sandbox.close();

  expect(pages).toHaveLength(91);
  expect(result.added).toHaveLength(30_000);
  expect(sandbox.exchanges.filter(({ reply }) => reply.status === 429)).toEqual([]);
  expect(Math.max(...sandbox.exchanges.map(({ request }) => request.open ?? 0))).toBe(CONNECTIONS);
  // One listing, 90 pages and 60 batches, ten at a time.
  expect(seconds).toBeLessThan(1.15 * Math.ceil(151 / CONNECTIONS));
});
