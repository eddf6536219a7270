import { expect, test } from 'vitest';
import { change, openSandboxed, people, pushed, someone } from './mailchimp-open.ts';

test('no operation sends a status for who exists, or any tag but ours; whoever adds one meets this test', async () => {
  const statuses = ['subscribed', 'unsubscribed', 'cleaned', 'transactional', 'pending', 'archived'];
  const contacts = statuses.map((status) => ({ email: `${status}@shop.test`, status }));
  await using shop = await openSandboxed(contacts, { new_contacts: 'transactional' });
  const { destination } = shop;
  const members = contacts.map(({ email }) => ({ ...someone(email), properties: { CLV: 1, OLD: null } }));
  const tag = { name: 'Lost', remote_id: shop.tagElsewhere('Lost', ['pending@shop.test']) };
  shop.tagElsewhere('By hand', ['unsubscribed@shop.test']);
  async function* each() {
    yield* members;
  }
  const operations: Record<keyof typeof destination, () => Promise<unknown>> = {
    check: () => destination.check(),
    expiresAt: async () => expect(destination.expiresAt).toBeUndefined(),
    find: () => destination.find([{ name: 'Lost' }]),
    create: () => destination.create('Other'),
    rename: () => destination.rename!(tag, 'Gone'),
    count: () => destination.count!(tag),
    members: () => Array.fromAsync(destination.members!(tag)),
    setProperties: () => Array.fromAsync(destination.setProperties!(each)),
    derive: async () => expect(destination.derive).toBeUndefined(),
    push: () =>
      pushed(
        destination,
        change(tag, { add: [...members, ...people(2)], remove: [someone('pending@shop.test')] }),
      ),
    erase: () => destination.erase!(someone('person1@shop.test'), [tag]),
  };

  expect(Object.keys(operations)).toEqual(expect.arrayContaining(Object.keys(destination)));
  for (const run of Object.values(operations)) await run();

  const after = contacts.map(({ email }) => {
    const { members: all } = shop.elsewhere('GET', '/lists/sandbox/members') as { members: Contact[] };
    return all.find(({ email_address }) => email_address === email)?.status ?? 'archived';
  });
  expect(after).toEqual(statuses);
  expect(shop.tags()['By hand']).toEqual(['unsubscribed@shop.test']);
  const bodies = JSON.stringify(shop.sandbox.exchanges.map(({ request }) => request.body));
  expect(bodies).not.toMatch(/"status":|sync_tags|"tags"|"static_segment":\["/);
  const routes = Object.keys(shop.sandbox.requests().mailchimp ?? {});
  expect(routes.filter((route) => !ALLOWED.some((allowed) => allowed.test(route)))).toEqual([]);
});

type Contact = { email_address: string; status: string };

/** All this connector may ever call. */
const ALLOWED = [
  /^GET \/$/,
  /^(GET|POST) \/lists\/[^/]+$/,
  /^GET \/lists\/[^/]+\/members(\/[0-9a-f]{32}(\/tags)?)?$/,
  /^PATCH \/lists\/[^/]+\/members\/[0-9a-f]{32}$/,
  /^POST \/lists\/[^/]+\/members\/[0-9a-f]{32}\/actions\/delete-permanent$/,
  /^(GET|POST) \/lists\/[^/]+\/segments$/,
  /^(POST|PATCH) \/lists\/[^/]+\/segments\/\d+$/,
  /^GET \/lists\/[^/]+\/segments\/\d+\/members$/,
  /^(GET|POST) \/lists\/[^/]+\/merge-fields$/,
];
