import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { breaches, change, emails, openSandboxed, people, pushed, someone } from './mailchimp-open.ts';

type Shop = Awaited<ReturnType<typeof openSandboxed>>;

/** A request over the wire, as any client would make it. */
async function send(shop: Shop, method: string, path: string, body?: object) {
  const response = await fetch(`${shop.sandbox.url}/3.0${path}`, {
    method,
    headers: { authorization: `Basic ${btoa('any:sandbox-us1')}`, 'content-type': 'application/json' },
    body: body && JSON.stringify(body),
  });
  const text = await response.text();
  return {
    status: response.status,
    type: response.headers.get('content-type'),
    body: (text ? JSON.parse(text) : undefined) as Record<string, unknown>,
  };
}

/** Requests that were wrong on purpose are no breach of the description. */
function forgetWrong(shop: Shop): void {
  shop.sandbox.exchanges.length = 0;
}

const hash = (email: string) => createHash('md5').update(email).digest('hex');

test('501 addresses in one call are refused with a problem document', async () => {
  await using shop = await openSandboxed();
  const id = shop.tagElsewhere('Lost');
  const members_to_add = emails(people(501));

  const reply = await send(shop, 'POST', `/lists/sandbox/segments/${id}`, { members_to_add });

  expect(reply).toMatchObject({
    status: 400,
    type: 'application/problem+json; charset=utf-8',
    body: { title: 'Invalid Resource', detail: expect.stringContaining('at most 500 items') },
  });
  expect(shop.tags()).toEqual({ Lost: [] });
});

test('a page has ten items when not asked, a thousand at most, and only the fields asked for', async () => {
  await using shop = await openSandboxed();
  const id = shop.tagElsewhere('Lost', emails(people(12)));
  const path = `/lists/sandbox/segments/${id}/members`;

  const first = await send(shop, 'GET', path);
  const rest = await send(shop, 'GET', `${path}?offset=10&fields=members.email_address`);
  const tooMany = await send(shop, 'GET', `${path}?count=1001`);

  expect(first.body.members).toHaveLength(10);
  expect(first.body.total_items).toBe(12);
  expect(rest.body).toEqual({
    members: [{ email_address: 'person11@shop.test' }, { email_address: 'person12@shop.test' }],
  });
  expect(tooMany.status).toBe(400);
  forgetWrong(shop);
});

test('contacts that left are listed in a tag only when asked for', async () => {
  const contacts = [{ email: 'ana@shop.test' }, { email: 'eve@shop.test', status: 'unsubscribed' }];
  await using shop = await openSandboxed(contacts);
  const id = shop.tagElsewhere('Lost', ['ana@shop.test', 'eve@shop.test']);
  const path = `/lists/sandbox/segments/${id}/members`;

  const usual = await send(shop, 'GET', path);
  const all = await send(shop, 'GET', `${path}?include_unsubscribed=true`);

  expect(usual.body.total_items).toBe(1);
  expect(all.body.total_items).toBe(2);
});

test('setting a contact leaves a status that is not given, and cannot bring back who left', async () => {
  await using shop = await openSandboxed([{ email: 'eve@shop.test', status: 'unsubscribed' }]);
  const path = `/lists/sandbox/members/${hash('eve@shop.test')}`;
  const email_address = 'eve@shop.test';

  const kept = await send(shop, 'PUT', path, { email_address, status_if_new: 'subscribed' });
  const forced = await send(shop, 'PUT', path, { email_address, status: 'subscribed' });
  const stranger = await send(shop, 'PUT', path, { email_address: 'new@shop.test' });

  expect(kept.body.status).toBe('unsubscribed');
  expect(forced).toMatchObject({ status: 400, body: { title: 'Member In Compliance State' } });
  expect(stranger.status).toBe(400);
  forgetWrong(shop);
});

test('a batch of contacts answers 200 and tells who was refused', async () => {
  await using shop = await openSandboxed([{ email: 'ana@shop.test' }]);
  const members = [
    { email_address: 'ana@shop.test', status_if_new: 'transactional' },
    { email_address: 'ion@shop.test', status_if_new: 'transactional', tags: ['Lost'] },
  ];

  const once = await send(shop, 'POST', '/lists/sandbox', { members });
  const again = await send(shop, 'POST', '/lists/sandbox', { members, update_existing: true });

  expect(once).toMatchObject({
    status: 200,
    body: { total_created: 1, error_count: 1, errors: [{ error_code: 'ERROR_CONTACT_EXISTS' }] },
  });
  expect(again.body).toMatchObject({ total_updated: 2, error_count: 0 });
  expect(shop.tags()).toEqual({ Lost: ['ion@shop.test'] });
});

test('tags of one contact can be read and set; an unknown tag is made', async () => {
  await using shop = await openSandboxed([{ email: 'ana@shop.test' }]);
  shop.tagElsewhere('Lost', ['ana@shop.test']);
  const path = `/lists/sandbox/members/${hash('ana@shop.test')}/tags`;

  const set = await send(shop, 'POST', path, {
    tags: [
      { name: 'Lost', status: 'inactive' },
      { name: 'Top', status: 'active' },
    ],
  });
  const read = await send(shop, 'GET', path);

  expect(set.status).toBe(204);
  expect(read.body).toMatchObject({ tags: [{ name: 'Top' }], total_items: 1 });
  expect(shop.tags()).toEqual({ Lost: [], Top: ['ana@shop.test'] });
});

describe('as Mailchimp describes it', () => {
  test('requests and answers of a whole sync', async () => {
    const contacts = [{ email: 'ana@shop.test' }, { email: 'ion@shop.test', status: 'cleaned' }];
    await using shop = await openSandboxed([
      ...contacts,
      ...emails(people(1100)).map((email) => ({ email })),
    ]);
    await shop.destination.check();
    const { remote_id } = await shop.destination.create('Lost');
    await shop.destination.create('Lost');
    await shop.destination.find([{ name: 'Lost' }]);
    const add = [someone('eve@shop.test'), someone('not an address'), ...people(1100)];
    await pushed(shop.destination, change({ name: 'Lost', remote_id }, { add, remove: people(2) }));
    const stranger = { add: [someone('eve@shop.test')] };
    await pushed(shop.destination, change({ name: 'Lost', remote_id }, stranger));
    await pushed(shop.destination, change({ name: 'Gone', remote_id: '9' }, { add })).catch(() => {});

    expect(breaches(shop.sandbox)).toEqual([]);
    expect(shop.sandbox.exchanges.length).toBeGreaterThan(10);
  });

  test('requests and answers about contacts', async () => {
    await using shop = await openSandboxed([{ email: 'ana@shop.test' }]);
    const path = `/lists/sandbox/members/${hash('ana@shop.test')}`;
    await send(shop, 'GET', path);
    await send(shop, 'GET', `/lists/sandbox/members/${hash('eve@shop.test')}`);
    await send(shop, 'PUT', path, { email_address: 'ana@shop.test', status_if_new: 'transactional' });
    await send(shop, 'POST', `${path}/tags`, { tags: [{ name: 'Lost', status: 'active' }] });
    await send(shop, 'GET', `${path}/tags`);
    const members = [{ email_address: 'ion@shop.test', status: 'transactional' }];
    await send(shop, 'POST', '/lists/sandbox', { members });
    await send(shop, 'POST', '/lists/sandbox', { members });
    await send(shop, 'GET', '/lists/sandbox/segments/1001');
    await send(shop, 'PATCH', '/lists/sandbox/segments/1001', { name: 'Found', static_segment: [] });
    await send(shop, 'DELETE', '/lists/sandbox/segments/1001');
    await send(shop, 'PATCH', path, { merge_fields: { FNAME: 'Ana' } });
    await send(shop, 'GET', '/lists/sandbox/members?status=archived');
    await send(shop, 'POST', '/lists/sandbox/merge-fields', { tag: 'CLV', name: 'CLV', type: 'number' });
    await send(shop, 'GET', '/lists/sandbox/merge-fields');
    await send(shop, 'DELETE', path);
    await send(shop, 'POST', `${path}/actions/delete-permanent`);

    expect(breaches(shop.sandbox)).toEqual([]);
    expect(shop.sandbox.exchanges).toHaveLength(16);
  });
});
