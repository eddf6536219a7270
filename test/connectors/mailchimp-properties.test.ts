import { describe, expect, test } from 'vitest';
import type { Member, PropertiesAcknowledgement } from '../../connectors/destination.ts';
import { mailchimp } from '../../connectors/mailchimp/schema.ts';
import { contactHash } from '../../connectors/mailchimp/sandbox-list.ts';
import { done, emails, openSandboxed, people, requests, someone } from './mailchimp-open.ts';

type Shop = Awaited<ReturnType<typeof openSandboxed>>;

const BATCHES = /^\/lists\/sandbox$/;
const FIELDS = /merge-fields$/;
const ONE = /members\/[0-9a-f]{32}$/;

async function set(
  shop: Shop,
  members: readonly Member[],
  stop?: AbortSignal,
): Promise<PropertiesAcknowledgement> {
  const all: PropertiesAcknowledgement = { updated: [], dropped: [], requests: 0 };
  const acknowledgements = shop.destination.setProperties!(async function* () {
    yield* members;
  }, stop);
  for await (const { updated, dropped, requests: sent } of acknowledgements) {
    all.updated.push(...updated);
    all.dropped.push(...dropped);
    all.requests += sent;
  }
  return all;
}

function having(members: readonly Member[], properties: Member['properties']): Member[] {
  return members.map((member) => ({ ...member, properties }));
}

function contact(shop: Shop, email: string) {
  return shop.elsewhere('GET', `/lists/sandbox/members/${contactHash(email)}`) as {
    status: unknown;
    merge_fields?: unknown;
  };
}

function contacts(members: readonly Member[], status = 'subscribed') {
  return emails(members).map((email) => ({ email, status }));
}

function fields(shop: Shop) {
  const { merge_fields } = shop.elsewhere('GET', '/lists/sandbox/merge-fields') as {
    merge_fields: { tag: string; type: string }[];
  };
  return Object.fromEntries(merge_fields.map(({ tag, type }) => [tag, type]));
}

test('10,000 contacts are 20 requests, and as many to make merge fields as were missing', async () => {
  const members = people(10_000);
  await using shop = await openSandboxed(contacts(members));

  const first = await set(
    shop,
    having(members, { CLV: 12.5, LIFECYCLE: 'top' }),
    new AbortController().signal,
  );
  const second = await set(shop, having(members, { CLV: 13 }));

  expect([first.requests, second.requests]).toEqual([22, 20]);
  expect(mailchimp.properties?.floor(10_000)).toBe(20);
  expect(first.updated).toHaveLength(10_000);
  expect(second.updated).toEqual(done(members));
  expect(requests(shop.sandbox, 'GET', FIELDS)).toBe(2);
  expect(contact(shop, 'person7@shop.test').merge_fields).toEqual({ CLV: 13, LIFECYCLE: 'top' });
});

test('merge fields that are missing are made with the type of what goes in, out of sight', async () => {
  await using shop = await openSandboxed(contacts(people(2)));
  const [one, two] = people(2);

  await set(shop, [
    {
      ...one!,
      properties: { CLV: null, LAST: '2026-11-01', VIP: true, NOTE: '2026-11-01', NONE: null, LNAME: 'X' },
    },
    { ...two!, properties: { CLV: 4, LAST: null, NOTE: 'soon' } },
  ]);

  expect(fields(shop)).toEqual({
    FNAME: 'text',
    LNAME: 'text',
    CLV: 'number',
    LAST: 'date',
    VIP: 'text',
    NOTE: 'text',
  });
  const made = shop.sandbox.exchanges.filter(
    ({ request }) => request.method === 'POST' && FIELDS.test(request.path),
  );
  expect(made.map(({ request }) => request.body)).toMatchObject(
    made.map(() => ({ public: false, required: false })),
  );
  expect(contact(shop, 'person1@shop.test').merge_fields).toEqual({
    LAST: '2026-11-01',
    VIP: 'true',
    NOTE: '2026-11-01',
    CLV: '',
    LNAME: 'X',
  });
});

test('null clears a field', async () => {
  await using shop = await openSandboxed(contacts(people(1)));
  await set(shop, having(people(1), { CLV: 4, NOTE: 'x' }));

  await set(shop, having(people(1), { CLV: null }));

  expect(contact(shop, 'person1@shop.test').merge_fields).toEqual({ CLV: '', NOTE: 'x' });
});

test('nobody is made and nobody changes status or tags', async () => {
  const statuses = ['subscribed', 'unsubscribed', 'cleaned', 'transactional', 'pending'];
  const known = statuses.map((status) => ({ email: `${status}@shop.test`, status }));
  await using shop = await openSandboxed([...known, { email: 'old@shop.test', status: 'archived' }], {
    new_contacts: 'subscribed',
  });
  shop.tagElsewhere('By hand', ['unsubscribed@shop.test']);
  const members = [...known.map(({ email }) => email), 'old@shop.test', 'eve@shop.test'].map(someone);

  const result = await set(shop, having(members, { CLV: 1 }));

  expect(result.updated.filter(({ result: end }) => end === 'done')).toEqual(
    done(known.map(({ email }) => someone(email))),
  );
  expect(result.updated.filter(({ result: end }) => end === 'refused')).toEqual(
    ['old', 'eve'].map((name) => ({
      key: `email:${name}@shop.test`,
      result: 'refused',
      reason: '(address) is not on this list.',
      permanent: true,
    })),
  );
  expect(known.map(({ email }) => contact(shop, email).status)).toEqual(statuses);
  expect(contact(shop, 'old@shop.test').status).toBe('archived');
  expect(contact(shop, 'eve@shop.test').status).toBe(404);
  expect(shop.tags()).toEqual({ 'By hand': ['unsubscribed@shop.test'] });
  const bodies = JSON.stringify(shop.sandbox.exchanges.map(({ request }) => request.body));
  expect(bodies).not.toMatch(/"status|sync_tags|"tags"/);
});

describe('one bad field drops that field, not the contact', () => {
  test('which Mailchimp finds: the rest is sent again, with those that follow', async () => {
    const members = people(1000);
    await using shop = await openSandboxed(contacts(members));
    const bad = (index: number) => index % 100 === 0;
    const long = 'x'.repeat(256);

    const result = await set(
      shop,
      members.map((member, index) => ({
        ...member,
        properties: { CLV: index, NOTE: bad(index) ? long : 'ok' },
      })),
    );

    expect(result.updated.map(({ result: end }) => end)).toEqual(members.map(() => 'done'));
    expect(result.dropped.reduce((sum, { members: count }) => sum + count, 0)).toBe(10);
    expect(result.dropped[0]).toMatchObject({
      property: 'NOTE',
      reason: 'Please enter at most 255 characters',
    });
    expect(requests(shop.sandbox, 'POST', BATCHES)).toBe(3);
    expect(contact(shop, 'person101@shop.test').merge_fields).toEqual({ CLV: 100 });
  });

  test('which does not fit the merge field that is there', async () => {
    await using shop = await openSandboxed(contacts(people(2)));
    shop.elsewhere('POST', '/lists/sandbox/merge-fields', { tag: 'CLV', name: 'x', type: 'number' });
    shop.elsewhere('POST', '/lists/sandbox/merge-fields', { tag: 'LAST', name: 'x', type: 'date' });
    const [one, two] = people(2);

    const result = await set(shop, [
      { ...one!, properties: { CLV: 'many', LAST: 'soon', FNAME: 'Ana' } },
      { ...two!, properties: { CLV: '12.5' } },
    ]);

    expect(result).toEqual({
      updated: done(people(2)),
      dropped: [
        { property: 'CLV', reason: 'not a number, as the merge field wants', members: 1 },
        { property: 'LAST', reason: 'not a date, as the merge field wants', members: 1 },
      ],
      requests: 1,
    });
    expect(contact(shop, 'person2@shop.test').merge_fields).toEqual({ CLV: 12.5 });
  });

  test('which Mailchimp refuses the whole request for', async () => {
    await using shop = await openSandboxed(contacts(people(3)));
    await set(shop, having(people(1), { CLV: 1 }));
    const errors = [
      { field: 'members.item:1.merge_fields.CLV', message: 'Data did not match any of the schemas.' },
      { field: 'members.item:2.email_address', message: 'Please provide a valid email address.' },
    ];
    const body = { title: 'Invalid Resource', status: 400, detail: 'See errors.', errors };
    shop.sandbox.fault({ platform: 'mailchimp', method: 'POST', path: BATCHES.source, status: 400, body });

    const result = await set(shop, having(people(3), { CLV: 2 }));

    expect(result.updated.toSorted((a, b) => a.key.localeCompare(b.key))).toEqual([
      ...done(people(2)),
      { key: 'email:person3@shop.test', result: 'refused', reason: errors[1]?.message, permanent: true },
    ]);
    expect(result.dropped).toEqual([{ property: 'CLV', reason: errors[0]?.message, members: 1 }]);
  });
});

test('a list without room for another merge field says so, and the other fields are stored', async () => {
  await using shop = await openSandboxed(contacts(people(600)));
  for (let number = 3; number <= 29; number += 1) {
    shop.elsewhere('POST', '/lists/sandbox/merge-fields', { tag: `F${number}`, name: 'x', type: 'text' });
  }

  const result = await set(shop, having(people(600), { CLV: 1, TIER: 'high' }));

  expect(result.updated).toEqual(done(people(600)));
  expect(result.dropped).toEqual([
    {
      property: 'TIER',
      reason: 'no merge field could be made: This list has the maximum number of merge fields, 30.',
      members: 500,
    },
    { property: 'TIER', reason: expect.stringContaining('maximum number'), members: 100 },
  ]);
  expect(requests(shop.sandbox, 'POST', FIELDS)).toBe(2);
  expect(contact(shop, 'person600@shop.test').merge_fields).toEqual({ CLV: 1 });
});

test('a merge field that came into being meanwhile, or whose answer was lost, is taken', async () => {
  await using shop = await openSandboxed(contacts(people(1)));
  shop.sandbox.fault({ platform: 'mailchimp', method: 'POST', path: FIELDS.source, drop: 'after' });

  const result = await set(shop, having(people(1), { CLV: 1 }));

  expect(result.updated).toEqual(done(people(1)));
  expect(contact(shop, 'person1@shop.test').merge_fields).toEqual({ CLV: 1 });
});

describe('should Mailchimp want a status with every contact of a batch, contacts are updated one by one', () => {
  const whole = {
    status: 400,
    body: {
      title: 'Invalid Resource',
      status: 400,
      detail: 'See errors.',
      errors: [
        { field: 'members.item:0.status', message: 'Data presented is not one of the accepted values' },
      ],
    },
  };
  const each = (members: readonly Member[]) => ({
    status: 200,
    body: {
      new_members: [],
      updated_members: [],
      errors: emails(members).map((email_address) => ({
        email_address,
        error: 'Please provide a status.',
        error_code: 'ERROR_GENERIC',
        field: '',
        field_message: '',
      })),
    },
  });

  test.each([
    ['a refusal of the request', whole],
    ['refusals of contacts', each([...people(6), someone('eve@shop.test')])],
  ])('which it says by %s', async (_, fault) => {
    await using shop = await openSandboxed(contacts(people(6), 'unsubscribed'));
    shop.sandbox.fault({ platform: 'mailchimp', method: 'POST', path: BATCHES.source, times: 99, ...fault });
    const members = [...having(people(6), { CLV: 1 }), ...having([someone('eve@shop.test')], { CLV: 1 })];
    members[1] = { ...members[1]!, properties: { CLV: 1, FNAME: 'x'.repeat(256) } };

    const result = await set(shop, members);
    const next = await set(shop, having(people(1), { CLV: 2 }));

    expect(result.updated.toSorted((a, b) => a.key.localeCompare(b.key))).toEqual([
      { key: 'email:eve@shop.test', result: 'refused', reason: 'not a contact of the list', permanent: true },
      ...done(people(6)),
    ]);
    expect(result.dropped).toEqual([
      { property: 'FNAME', reason: 'Please enter at most 255 characters', members: 1 },
    ]);
    expect(next.updated).toEqual(done(people(1)));
    expect(requests(shop.sandbox, 'PATCH', ONE)).toBe(9);
    expect(contact(shop, 'person1@shop.test')).toMatchObject({
      status: 'unsubscribed',
      merge_fields: { CLV: 2 },
    });
    expect(contact(shop, 'eve@shop.test').status).toBe(404);
  });

  test('and a batch of strangers is not taken for that', async () => {
    await using shop = await openSandboxed([]);

    const result = await set(shop, having(people(400), { CLV: 1 }));

    expect(result.updated.every(({ result: end }) => end === 'refused')).toBe(true);
    expect(requests(shop.sandbox, 'PATCH', ONE)).toBe(3);
  });
});

test.each([
  ['CLV_12M', true],
  ['A', true],
  ['clv', false],
  ['FAVOURITE_CATEGORY', false],
  ['1ST', false],
  ['', false],
  ['EMAIL', false],
])('the name %j is taken: %j', (name, taken) => {
  expect(mailchimp.properties?.nameProblem(name) === undefined).toBe(taken);
});
