import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { mailchimp } from '../../connectors/mailchimp/schema.ts';
import { change, done, emails, openSandboxed, people, pushed, requests, someone } from './mailchimp-open.ts';

const NOT_A_CONTACT = { result: 'refused', reason: 'not a contact of the list', permanent: true };
const WRITES = /\/segments\/\d+$/;
const MEMBERS = /\/segments\/\d+\/members$/;

test('1,200 adds and 700 removes share three requests, the floor', async () => {
  await using shop = await openSandboxed();
  const [stay, add, remove] = [people(1, 'stay'), people(1200), people(700, 'leaver')];
  const remote_id = shop.tagElsewhere('Lost', emails([...stay, ...remove]));

  const result = await pushed(shop.destination, change({ name: 'Lost', remote_id }, { add, remove }));

  expect(result).toEqual({ added: done(add), removed: done(remove), requests: 3 });
  expect(mailchimp.floor({ create: false, add: 1200, remove: 700 })).toBe(3);
  expect(shop.sandbox.exchanges).toHaveLength(3);
  expect(shop.tags().Lost).toEqual(emails([...stay, ...add]).toSorted());
});

test('a change of nothing sends nothing', async () => {
  await using shop = await openSandboxed();

  const result = await pushed(shop.destination, change({ name: 'Lost', remote_id: '1001' }, {}));

  expect(result).toEqual({ added: [], removed: [], requests: 0 });
  expect(mailchimp.floor({ create: false, add: 0, remove: 0 })).toBe(0);
  expect(shop.sandbox.requests()).toEqual({});
});

test('who is no contact of the list is refused for good; who had the tag already is done', async () => {
  await using shop = await openSandboxed([{ email: 'ana@shop.test' }, { email: 'Ion@Shop.test' }]);
  const remote_id = shop.tagElsewhere('Lost', ['ion@shop.test']);
  const add = ['ana@shop.test', 'ion@shop.test', 'eve@shop.test'].map(someone);

  const result = await pushed(shop.destination, change({ name: 'Lost', remote_id }, { add }));

  expect(result).toEqual({
    added: [...done(add.slice(0, 2)), { key: 'email:eve@shop.test', ...NOT_A_CONTACT }],
    removed: [],
    requests: 1,
  });
  expect(requests(shop.sandbox, 'GET', MEMBERS)).toBe(1);
});

test('an address Mailchimp gives a reason for is refused with it, and the address kept out of it', async () => {
  await using shop = await openSandboxed([{ email: 'ana@shop.test' }, { email: 'eve@shop.test' }]);
  const remote_id = shop.tagElsewhere('Lost');
  const errors = [{ email_addresses: ['EVE@shop.test'], error: 'Eve <eve@shop.test> looks fake' }];
  const members_added = [{ email_address: 'Ana@shop.test' }];
  const body = { members_added, members_removed: [], errors };
  shop.sandbox.fault({ platform: 'mailchimp', method: 'POST', status: 200, body });

  const add = ['ana@shop.test', 'eve@shop.test'].map(someone);
  const result = await pushed(shop.destination, change({ name: 'Lost', remote_id }, { add }));

  expect(result.added).toEqual([
    { key: 'email:ana@shop.test', result: 'done' },
    {
      key: 'email:eve@shop.test',
      result: 'refused',
      reason: 'Eve <(address)> looks fake',
      permanent: true,
    },
  ]);
});

test('taking out somebody who is not in the tag, or not on the list, is done, which one read shows', async () => {
  await using shop = await openSandboxed([{ email: 'ana@shop.test' }]);
  const remote_id = shop.tagElsewhere('Lost');
  const remove = ['ana@shop.test', 'eve@shop.test'].map(someone);

  const result = await pushed(shop.destination, change({ name: 'Lost', remote_id }, { remove }));

  expect(result).toEqual({ added: [], removed: done(remove), requests: 1 });
  expect(requests(shop.sandbox, 'GET', MEMBERS)).toBe(1);
  expect(shop.sandbox.exchanges).toHaveLength(2);
});

test('somebody Mailchimp could not take out is offered again', async () => {
  await using shop = await openSandboxed([{ email: 'ana@shop.test' }]);
  const remote_id = shop.tagElsewhere('Lost', ['ana@shop.test']);
  const errors = [{ email_addresses: ['ana@shop.test', 'eve@shop.test'], error: 'Busy' }];
  const body = { members_added: [], members_removed: [], errors };
  shop.sandbox.fault({ platform: 'mailchimp', method: 'POST', status: 200, body });
  const remove = ['ana@shop.test', 'eve@shop.test'].map(someone);

  const result = await pushed(shop.destination, change({ name: 'Lost', remote_id }, { remove }));

  expect(result.removed).toEqual([
    { key: 'email:ana@shop.test', result: 'refused', reason: 'Busy', permanent: false },
    { key: 'email:eve@shop.test', result: 'done' },
  ]);
});

test('somebody Mailchimp left in the tag without a word is offered again', async () => {
  await using shop = await openSandboxed([{ email: 'ana@shop.test' }, { email: 'ion@shop.test' }]);
  const remote_id = shop.tagElsewhere('Lost', ['ana@shop.test', 'ion@shop.test']);
  const body = { members_added: [], members_removed: [{ email_address: 'Ion@shop.test' }], errors: [] };
  shop.sandbox.fault({ platform: 'mailchimp', method: 'POST', status: 200, body });
  const remove = ['ana@shop.test', 'ion@shop.test'].map(someone);

  const result = await pushed(shop.destination, change({ name: 'Lost', remote_id }, { remove }));

  expect(result.removed).toEqual([
    { key: 'email:ana@shop.test', result: 'refused', reason: 'still in the tag', permanent: false },
    { key: 'email:ion@shop.test', result: 'done' },
  ]);
});

test('a member known by key alone is taken out', async () => {
  await using shop = await openSandboxed();
  const remote_id = shop.tagElsewhere('Lost', ['ana@shop.test']);
  const remove = [{ key: 'email:ana@shop.test', customer: 'c1' }];

  await pushed(shop.destination, change({ name: 'Lost', remote_id }, { remove }));

  expect(shop.tags()).toEqual({ Lost: [] });
});

test('many strangers in a first fill cost one read in all', async () => {
  const [contacts, strangers] = [people(1200), people(1200, 'stranger')];
  await using shop = await openSandboxed(emails(contacts).map((email) => ({ email })));
  const remote_id = shop.tagElsewhere('Lost');
  const add = contacts.flatMap((contact, index) => [contact, strangers[index] ?? contact]);

  const result = await pushed(shop.destination, change({ name: 'Lost', remote_id }, { add }));

  expect(result.requests).toBe(mailchimp.floor({ create: false, add: 2400, remove: 0 }));
  expect(result.added.filter(({ result: ended }) => ended === 'done')).toEqual(done(contacts));
  expect(result.added.filter(({ result: ended }) => ended === 'refused')).toHaveLength(1200);
  expect(requests(shop.sandbox, 'GET', /./)).toBe(1);
});

test('a few strangers do not make a large tag be read whole', async () => {
  const crowd = emails(people(1500, 'crowd'));
  await using shop = await openSandboxed(crowd.map((email) => ({ email })));
  const remote_id = shop.tagElsewhere('Lost', crowd);
  const add = [someone('eve@shop.test')];

  const stranger = await pushed(shop.destination, change({ name: 'Lost', remote_id }, { add }));
  const member = await pushed(
    shop.destination,
    change({ name: 'Lost', remote_id }, { add: people(1, 'crowd') }),
  );

  expect(stranger.added).toEqual([{ key: 'email:eve@shop.test', ...NOT_A_CONTACT }]);
  expect(member.added).toEqual(done(people(1, 'crowd')));
  expect(requests(shop.sandbox, 'GET', MEMBERS)).toBe(2);
  expect(requests(shop.sandbox, 'GET', /members\/[0-9a-f]{32}\/tags$/)).toBe(2);
});

test('who stops asking has sent one batch, and the rest is not fetched', async () => {
  await using shop = await openSandboxed();
  const remote_id = shop.tagElsewhere('Lost');
  const all = people(1200);
  let fetched = 0;
  let closed = false;
  async function* counted() {
    try {
      for (const member of all) {
        fetched += 1;
        yield member;
      }
    } finally {
      closed = true;
    }
  }

  for await (const first of shop.destination.push({
    ...change({ name: 'Lost', remote_id }, { add: all }),
    add: counted,
  })) {
    expect(first.added).toHaveLength(500);
    break;
  }

  expect(requests(shop.sandbox, 'POST', WRITES)).toBe(1);
  expect(fetched).toBeLessThanOrEqual(501);
  expect(closed).toBe(true);
  expect(shop.tags().Lost).toHaveLength(500);
});

test('who unsubscribed or bounced gets the tag and keeps their status; other tags are left alone', async () => {
  const statuses = ['subscribed', 'unsubscribed', 'cleaned', 'transactional', 'pending'];
  const contacts = statuses.map((status) => ({ email: `${status}@shop.test`, status }));
  await using shop = await openSandboxed(contacts);
  shop.tagElsewhere('By hand', ['unsubscribed@shop.test']);
  const remote_id = shop.tagElsewhere(
    'Lost',
    ['unsubscribed', 'cleaned', 'transactional'].map((status) => `${status}@shop.test`),
  );
  const before = shop.elsewhere('GET', '/lists/sandbox/segments/1001');
  const add = contacts.map(({ email }) => someone(email));

  const result = await pushed(shop.destination, change({ name: 'Lost', remote_id }, { add }));
  await pushed(
    shop.destination,
    change({ name: 'Lost', remote_id }, { remove: [someone('pending@shop.test')] }),
  );

  expect(result.added).toEqual(done(add));
  expect(shop.tags()).toEqual({
    'By hand': ['unsubscribed@shop.test'],
    Lost: contacts
      .map(({ email }) => email)
      .filter((email) => !email.startsWith('pending'))
      .toSorted(),
  });
  expect(shop.elsewhere('GET', '/lists/sandbox/segments/1001')).toEqual(before);
  const after = contacts.map(({ email }) => statusOf(shop, email));
  expect(after).toEqual(statuses);
  expect(JSON.stringify(shop.sandbox.exchanges.map(({ request }) => request.body))).not.toContain('status');
});

function statusOf(shop: Awaited<ReturnType<typeof openSandboxed>>, email: string): string {
  const hash = createHash('md5').update(email).digest('hex');
  return (shop.elsewhere('GET', `/lists/sandbox/members/${hash}`) as { status: string }).status;
}
