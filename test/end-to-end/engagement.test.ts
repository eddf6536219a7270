import { describe, expect, onTestFinished, test } from 'vitest';
import { contactHash } from '../../connectors/mailchimp/sandbox-list.ts';
import { klaviyoSandbox } from '../../connectors/klaviyo/sandbox.ts';
import { mailchimpSandbox } from '../../connectors/mailchimp/sandbox.ts';
import { serveSandbox } from '../../connectors/sandbox-server.ts';
import { aBuyer, openStage, type Shop, type Stage } from '../run/stage.ts';

const AS_OF = '2026-03-31';
const NAMES = ['ana', 'bo', 'cy'];

/** A shop of three buyers in a store of its own, whose e-mails go out through Mailchimp and whose visits Klaviyo sees. */
async function openShop(stage: Stage) {
  const now = () => Date.parse('2026-03-31T12:00:00Z');
  const mailchimp = mailchimpSandbox({
    people: NAMES.map((name) => ({ email: `${name}@example.com` })),
    now,
  });
  const klaviyo = klaviyoSandbox({ now, rates: false });
  const sandbox = await serveSandbox([mailchimp, klaviyo], { keep_exchanges: true });
  onTestFinished(() => sandbox.close());
  const base_url = sandbox.url;
  const shop = stage.shop({
    sources: [
      { type: 'memory', name: 'orders' },
      { type: 'mailchimp', api_key: 'sandbox-us1', list_id: 'sandbox', start: '2026-01-01', base_url },
      { type: 'klaviyo', api_key: 'sandbox', start: '2026-03-01', metrics: { Reviewed: 'review' }, base_url },
    ],
    segments: {
      engagement: { weights: { recency: 0, purchases: 0 }, cuts: 'absolute', at: [30, 60] },
    },
  });
  shop.holds(
    NAMES.map((name) => aBuyer(name, { customer_id: `shop-${name}` }, { customer_id: `shop-${name}` })),
    'orders',
  );
  mailchimp.send({
    id: 'spring',
    sent_at: '2026-03-20T08:00:00Z',
    recipients: NAMES.map((name) => `${name}@example.com`),
  });
  return { shop, mailchimp, klaviyo, sandbox };
}

async function stored({ engine }: Stage, { job }: Shop): Promise<number> {
  const [row] = await engine.query<{ events: number }>(
    'SELECT toUInt32(count()) AS events FROM events FINAL WHERE source IN {sources:Array(String)}',
    { sources: job.sources.map(({ key }) => key) },
  );
  return row!.events;
}

describe('what people did', () => {
  const stage = openStage();

  test('opens, clicks, visits, reviews and consent from both platforms are the customer’s', async () => {
    const { shop, mailchimp, klaviyo } = await openShop(stage);
    const open = (at: string) => ({ action: 'open', at }) as const;
    mailchimp.act('spring', 'bo@example.com', open('2026-03-20T09:00:00Z'), open('2026-03-21T09:00:00Z'));
    mailchimp.act('spring', 'cy@example.com', { action: 'click', at: '2026-03-20T10:00:00Z' });
    klaviyo.track('Opened Email', { email: 'cy@example.com' }, '2026-03-22T09:00:00Z', {
      properties: { machine_open: true },
    });
    klaviyo.track('Opened Email', { email: 'cy@example.com' }, '2026-03-23T09:00:00Z', {
      properties: { machine_open: false },
    });
    klaviyo.track(
      'Active on Site',
      { email: 'CY@example.com', external_id: 'cy-of-klaviyo' },
      '2026-03-25T09:00:00Z',
    );
    // Known by the external id alone, which another event joined to the address.
    klaviyo.track('Reviewed', { external_id: 'cy-of-klaviyo' }, '2026-03-26T09:00:00Z');

    const { customers } = await shop.profile(AS_OF);

    expect(
      customers.map(
        ({ email, opens_12m, clicks_12m, visits_12m, reviews_12m, last_visit, email_consent }) => [
          email,
          [opens_12m, clicks_12m, visits_12m, reviews_12m],
          last_visit,
          email_consent,
        ],
      ),
    ).toEqual([
      ['ana@example.com', [0, 0, 0, 0], null, 'yes'],
      ['bo@example.com', [2, 0, 0, 0], null, 'yes'],
      ['cy@example.com', [1, 1, 1, 1], '2026-03-25', 'yes'],
    ]);
  });
});

describe('engagement', () => {
  const stage = openStage();

  test('opens and clicks decide about engagement, and a second run adds nothing', async () => {
    const { shop, mailchimp } = await openShop(stage);
    for (const day of ['21', '22', '23']) {
      mailchimp.act('spring', 'cy@example.com', { action: 'click', at: `2026-03-${day}T10:00:00Z` });
      mailchimp.act('spring', 'cy@example.com', { action: 'open', at: `2026-03-${day}T09:00:00Z` });
    }
    mailchimp.act('spring', 'bo@example.com', { action: 'open', at: '2026-03-21T10:00:00Z' });

    const first = await shop.run(AS_OF);
    const events = await stored(stage, shop);
    const second = await shop.run(AS_OF);

    const sizes = Object.fromEntries(first.segments.map(({ segment, customers }) => [segment, customers]));
    expect(first.status).toBe('done');
    expect(sizes).toEqual({ 'engagement.high': 1, 'engagement.medium': 1, 'engagement.low': 1 });
    expect(first.limits.engagement).toMatchObject({ weights: { opens: 1, clicks: 2 } });
    expect(events).toBe(7);
    expect(await stored(stage, shop)).toBe(7);
    expect(second.segments).toEqual(first.segments);
  });
});

describe('consent', () => {
  const stage = openStage();

  test('who unsubscribes in Mailchimp is not sent to where consent is asked for', async () => {
    const { shop, sandbox } = await openShop(stage);
    const member = contactHash('bo@example.com');
    await fetch(`${sandbox.url}/3.0/lists/sandbox/members/${member}`, {
      method: 'PATCH',
      headers: {
        authorization: `Basic ${Buffer.from('them:sandbox-us1').toString('base64')}`,
        'content-type': 'application/json',
      },
      body: JSON.stringify({ status: 'unsubscribed' }),
    });

    const { customers } = await shop.profile(AS_OF);

    expect(customers.map(({ email, email_consent }) => `${email} ${email_consent}`)).toEqual([
      'ana@example.com yes',
      'bo@example.com no',
      'cy@example.com yes',
    ]);
  });
});
