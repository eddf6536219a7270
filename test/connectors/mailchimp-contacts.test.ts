import { describe, expect, test } from 'vitest';
import type { Outcome } from '../../connectors/destination.ts';
import { contactHash } from '../../connectors/mailchimp/sandbox-list.ts';
import { change, done, emails, openSandboxed, people, pushed, requests, someone } from './mailchimp-open.ts';

type Shop = Awaited<ReturnType<typeof openSandboxed>>;

const CREATIONS = /^\/lists\/sandbox$/;
const TAGGINGS = /\/segments\/\d+$/;

function statusOf(shop: Shop, email: string): unknown {
  const contact = shop.elsewhere('GET', `/lists/sandbox/members/${contactHash(email)}`);
  return (contact as { status: unknown }).status;
}

function ended(outcomes: readonly Outcome[], result: Outcome['result']): string[] {
  return outcomes.filter((outcome) => outcome.result === result).map(({ key }) => key);
}

test('unless it is asked for nobody is made', async () => {
  await using shop = await openSandboxed([{ email: 'ana@shop.test' }]);
  const remote_id = shop.tagElsewhere('Lost');

  const result = await pushed(shop.destination, change({ name: 'Lost', remote_id }, { add: people(3) }));

  expect(ended(result.added, 'refused')).toHaveLength(3);
  expect(requests(shop.sandbox, 'POST', CREATIONS)).toBe(0);
});

test.each(['subscribed', 'pending', 'transactional'] as const)(
  'strangers are made %s and get the tag',
  async (status) => {
    await using shop = await openSandboxed([{ email: 'ana@shop.test', status: 'unsubscribed' }], {
      new_contacts: status,
    });
    const remote_id = shop.tagElsewhere('Lost');
    const add = [someone('ana@shop.test'), ...people(3)];

    const result = await pushed(shop.destination, change({ name: 'Lost', remote_id }, { add }));

    expect(ended(result.added, 'done')).toHaveLength(4);
    expect(shop.tags()).toEqual({ Lost: emails(add).toSorted() });
    expect(emails(people(3)).map((email) => statusOf(shop, email))).toEqual([status, status, status]);
    expect(statusOf(shop, 'ana@shop.test')).toBe('unsubscribed');
    expect(result.requests).toBe(3);
    const [creation] = shop.sandbox.exchanges.filter(({ request }) => CREATIONS.test(request.path));
    expect(creation?.request.body).toMatchObject({ update_existing: false });
  },
);

test('a merge field that Mailchimp requires of contacts keeps nobody out', async () => {
  await using shop = await openSandboxed([{ email: 'ana@shop.test' }], { new_contacts: 'transactional' });
  shop.elsewhere('POST', '/lists/sandbox/merge-fields', {
    tag: 'SIZE',
    name: 'Size',
    type: 'text',
    required: true,
  });
  const remote_id = shop.tagElsewhere('Lost');
  const eve = someone('eve@shop.test');
  const ana = { ...someone('ana@shop.test'), properties: { CLV: 1 } };
  async function* each() {
    yield ana;
  }

  const result = await pushed(shop.destination, change({ name: 'Lost', remote_id }, { add: [eve, ana] }));
  const [stored] = await Array.fromAsync(shop.destination.setProperties!(each));

  expect(result.added.toSorted((a, b) => (a.key < b.key ? -1 : 1))).toEqual(done([ana, eve]));
  expect(stored).toMatchObject({ updated: done([ana]), dropped: [] });
});

test('whoever exists keeps their status: unsubscribed, cleaned and archived contacts too', async () => {
  const statuses = ['subscribed', 'unsubscribed', 'cleaned', 'transactional', 'pending', 'archived'];
  const contacts = statuses.map((status) => ({ email: `${status}@shop.test`, status }));
  await using shop = await openSandboxed(contacts, { new_contacts: 'subscribed' });
  const remote_id = shop.tagElsewhere('Lost');
  const add = [...contacts.map(({ email }) => someone(email)), someone('eve@shop.test')];

  const result = await pushed(shop.destination, change({ name: 'Lost', remote_id }, { add }));

  expect(contacts.map(({ email }) => statusOf(shop, email))).toEqual(statuses);
  expect(result.added.filter(({ result: end }) => end === 'refused')).toEqual([
    { key: 'email:archived@shop.test', result: 'refused', reason: 'archived in the list', permanent: true },
  ]);
  const bodies = shop.sandbox.exchanges.map(({ request }) => request.body);
  expect(bodies.filter((body) => JSON.stringify(body)?.includes('"status"'))).toEqual([]);
  expect(JSON.stringify(bodies)).not.toMatch(/sync_tags|"tags"/);
});

test('a few strangers in a list with many archived contacts are looked at one by one', async () => {
  const archived = emails(people(2100, 'old')).map((email) => ({ email, status: 'archived' }));
  await using shop = await openSandboxed(archived, { new_contacts: 'transactional' });
  const remote_id = shop.tagElsewhere('Lost');
  const add = [someone('eve@shop.test'), ...people(1, 'old')];

  const result = await pushed(shop.destination, change({ name: 'Lost', remote_id }, { add }));

  expect(ended(result.added, 'done')).toEqual(['email:eve@shop.test']);
  expect(requests(shop.sandbox, 'GET', /^\/lists\/sandbox\/members$/)).toBe(1);
  expect(requests(shop.sandbox, 'GET', /^\/lists\/sandbox\/members\/[0-9a-f]{32}$/)).toBe(2);
});

test('strangers scattered over batches are made together', async () => {
  const contacts = people(2700);
  await using shop = await openSandboxed(
    emails(contacts).map((email) => ({ email })),
    {
      new_contacts: 'transactional',
    },
  );
  const remote_id = shop.tagElsewhere('Lost');
  const strangers = people(300, 'new');
  const add = contacts.flatMap((member, index) => {
    const stranger = index % 9 === 0 ? strangers[index / 9] : undefined;
    return stranger ? [stranger, member] : [member];
  });

  const result = await pushed(shop.destination, change({ name: 'Lost', remote_id }, { add }));

  expect(ended(result.added, 'done')).toHaveLength(3000);
  expect(requests(shop.sandbox, 'POST', CREATIONS)).toBe(1);
  expect(result.requests).toBe(6 + 2);
});

test('a tag somebody renamed is not made again under its old name', async () => {
  await using shop = await openSandboxed([], { new_contacts: 'transactional' });
  const remote_id = shop.tagElsewhere('Renamed by hand');

  await pushed(shop.destination, change({ name: 'Lost', remote_id }, { add: people(2) }));

  expect(shop.tags()).toEqual({ 'Renamed by hand': emails(people(2)) });
});

test('one bad address refuses itself only, be it in the answer or instead of it', async () => {
  await using shop = await openSandboxed([], { new_contacts: 'transactional' });
  const remote_id = shop.tagElsewhere('Lost');
  const errors = [{ field: 'members.item:1.email_address', message: 'person2@shop.test is odd' }];
  const body = { title: 'Invalid Resource', status: 400, detail: 'See errors.', errors };
  shop.sandbox.fault({ platform: 'mailchimp', method: 'POST', path: CREATIONS.source, status: 400, body });
  const add = [...people(3), someone('nowhere@localhost')];

  const result = await pushed(shop.destination, change({ name: 'Lost', remote_id }, { add }));

  expect(result.added.filter(({ result: end }) => end === 'refused')).toEqual([
    { key: 'email:person2@shop.test', result: 'refused', reason: '(address) is odd', permanent: true },
    {
      key: 'email:nowhere@localhost',
      result: 'refused',
      reason: '(address) looks fake or invalid.',
      permanent: true,
    },
  ]);
  expect(shop.tags().Lost).toEqual(['person1@shop.test', 'person3@shop.test']);
});

test('a creation whose answer was lost makes nobody twice, and they get the tag', async () => {
  await using shop = await openSandboxed([], { new_contacts: 'subscribed' });
  const remote_id = shop.tagElsewhere('Lost');
  shop.sandbox.fault({ platform: 'mailchimp', method: 'POST', path: CREATIONS.source, drop: 'after' });

  const result = await pushed(shop.destination, change({ name: 'Lost', remote_id }, { add: people(3) }));

  expect(result.added).toEqual(done(people(3)));
  expect(shop.tags().Lost).toEqual(emails(people(3)));
  expect(result.requests).toBe(4);
});

describe('what was acknowledged before Mailchimp went down stands', () => {
  test.each([
    ['making contacts', CREATIONS.source, 0],
    ['tagging those made', TAGGINGS.source, 1],
  ])('%s', async (_, path, skip) => {
    await using shop = await openSandboxed([{ email: 'ana@shop.test' }], { new_contacts: 'transactional' });
    const remote_id = shop.tagElsewhere('Lost');
    shop.sandbox.fault({ platform: 'mailchimp', method: 'POST', path, skip, times: 9, status: 503 });
    const add = [someone('ana@shop.test'), ...people(2)];

    const lost = change({ name: 'Lost', remote_id }, { add });
    const answers = shop.destination.push(lost)[Symbol.asyncIterator]();
    const outcomes: Outcome[] = [];
    const reading = (async () => {
      for (;;) {
        const next = await answers.next();
        if (next.done) return;
        outcomes.push(...next.value.added);
      }
    })();

    await expect(reading).rejects.toMatchObject({ problem: { code: 'DESTINATION_DOWN' } });
    expect(outcomes).toEqual(done([someone('ana@shop.test')]));
  });
});
