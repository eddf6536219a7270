import { expect, test } from 'vitest';
import { openCampaigns } from './mailchimp-campaigns.ts';
import { contactHash } from '../../connectors/mailchimp/sandbox-list.ts';

const settings = { contacts: true };
const BEGAN = '2026-11-01T12:00:00.000Z';

/** Somebody changes a contact in Mailchimp's own pages. */
function change(shop: Awaited<ReturnType<typeof openCampaigns>>, email: string, body: object) {
  const authorization = `Basic ${Buffer.from('them:sandbox-us1').toString('base64')}`;
  const path = `/lists/sandbox/members/${contactHash(email)}`;
  const query = new URLSearchParams();
  return shop.platform.handle({ method: 'PATCH', path, query, headers: { authorization }, body });
}

test('a subscribed contact agreed, an unsubscribed or cleaned one did not, of others nothing is known', async () => {
  const statuses = ['subscribed', 'unsubscribed', 'cleaned', 'transactional', 'pending', 'archived'];
  const people = statuses.map((status) => ({ email: `${status}@shop.example`, status }));
  const shop = await openCampaigns({ people, settings });

  const { customers } = await shop.pull();

  expect(
    customers.map(({ email, email_consent, updated_at }) => ({ email, email_consent, updated_at })),
  ).toEqual([
    { email: 'subscribed@shop.example', email_consent: 'yes', updated_at: BEGAN },
    { email: 'unsubscribed@shop.example', email_consent: 'no', updated_at: BEGAN },
    { email: 'cleaned@shop.example', email_consent: 'no', updated_at: BEGAN },
  ]);
});

test('a list of many pages comes whole, and the next pull reads only who changed', async () => {
  const people = Array.from({ length: 2_345 }, (_, index) => ({ email: `p${index}@shop.example` }));
  const shop = await openCampaigns({ people, settings });
  const first = await shop.pull();
  shop.clock.now += 5 * 86_400_000;
  change(shop, 'p7@shop.example', { status: 'unsubscribed' });
  const second = await shop.pull();
  shop.clock.now += 5 * 86_400_000;
  const third = await shop.pull();

  expect(new Set(first.customers.map(({ email }) => email))).toEqual(
    new Set(people.map(({ email }) => email)),
  );
  // Within the two days before the mark everybody was new.
  expect(second.customers).toHaveLength(2_345);
  expect(third.customers).toEqual([
    {
      email: 'p7@shop.example',
      email_consent: 'no',
      sms_consent: 'unknown',
      ads_consent: 'unknown',
      updated_at: '2026-11-06T12:00:00.000Z',
    },
  ]);
});

test('a field that somebody changes does not make an old yes a new one', async () => {
  const shop = await openCampaigns({ people: [{ email: 'ana@shop.example' }], settings });
  await shop.pull();
  shop.clock.now += 86_400_000;
  change(shop, 'ana@shop.example', { merge_fields: { FNAME: 'Ana' } });

  const { customers } = await shop.pull();

  expect(customers).toMatchObject([{ email_consent: 'yes', updated_at: BEGAN }]);
});

test('a yes whose time Mailchimp does not know gives way to every other source', async () => {
  const shop = await openCampaigns({ settings });
  const times = { timestamp_signup: '', timestamp_opt: '', last_changed: '2026-10-30T00:00:00+00:00' };
  shop.fault({
    path: '/members$',
    status: 200,
    body: {
      members: [{ email_address: 'ana@shop.example', status: 'subscribed', ...times }],
      total_items: 1,
    },
  });

  const { customers } = await shop.pull();

  expect(customers).toMatchObject([{ email_consent: 'yes', updated_at: '1970-01-01T00:00:00.000Z' }]);
  expect(shop.marks.get('contacts')).toBe('2026-10-30T00:00:00.000Z');
});

test('who changes while the list is read leaves nobody out', async () => {
  const people = Array.from({ length: 2_500 }, (_, index) => ({ email: `p${index}@shop.example` }));
  const shop = await openCampaigns({ people, settings });
  const seen = new Set<string>();
  for await (const { customers = [] } of shop.source().pull({ marks: new Map(), since: new Map() })) {
    for (const { email } of customers) seen.add(email!);
    shop.clock.now += 60_000;
    // The next page is not asked for before this one was taken.
    for (const late of [2_200, 1_700])
      change(shop, `p${late}@shop.example`, { merge_fields: { FNAME: 'x' } });
  }
  const { customers } = await shop.pull();

  const missed = people.map(({ email }) => email).filter((email) => !seen.has(email));
  expect(missed.length).toBeLessThanOrEqual(2);
  const later = new Set(customers.map(({ email }) => email!));
  expect(missed.filter((email) => !later.has(email))).toEqual([]);
});
