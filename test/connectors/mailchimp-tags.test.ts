import { describe, expect, test } from 'vitest';
import { mailchimp } from '../../connectors/mailchimp/schema.ts';
import { change, emails, openSandboxed, people, pushed, requests, someone } from './mailchimp-open.ts';

test('check names the account, the list and how many contacts it has', async () => {
  await using shop = await openSandboxed([{ email: 'ana@shop.test' }, { email: 'ion@shop.test' }]);

  expect(await shop.destination.check()).toEqual([
    'account "Sandbox": key accepted, role owner',
    'list "Sandbox" (sandbox): 2 contacts',
    "2 merge fields; Mailchimp has room for 30 or 80, by the account's plan",
  ]);
});

test('tags are found in one listing: by exact name, and by id when somebody renamed one', async () => {
  await using shop = await openSandboxed();
  const [lost, renamed] = [shop.tagElsewhere('Lost'), shop.tagElsewhere('Old name')];
  shop.tagElsewhere('Lost causes');
  shop.elsewhere('POST', '/lists/sandbox/segments', { name: 'Top', options: { match: 'any' } });

  const found = await shop.destination.find([
    { name: 'Lost' },
    { name: 'lost' },
    { name: 'New name', remote_id: renamed },
    { name: 'Gone', remote_id: '77' },
    { name: 'Top' },
  ]);

  expect(Object.fromEntries(found)).toEqual({
    Lost: { remote_id: lost },
    'New name': { remote_id: renamed },
  });
  expect(requests(shop.sandbox, 'GET', /segments$/)).toBe(1);
});

test('a tag beyond the first thousand is found', async () => {
  await using shop = await openSandboxed();
  for (let number = 1; number <= 1000; number += 1) shop.tagElsewhere(`tag ${number}`);
  const last = shop.tagElsewhere('last');

  const found = await shop.destination.find([{ name: 'last' }]);

  expect(found.get('last')).toEqual({ remote_id: last });
  expect(requests(shop.sandbox, 'GET', /segments$/)).toBe(2);
});

test('a tag whose name only begins like the one wanted, or differs in capitals, is another', async () => {
  await using shop = await openSandboxed();
  shop.tagElsewhere('Lost again');
  shop.tagElsewhere('LOST');

  expect(await shop.destination.find([{ name: 'Lost' }])).toEqual(new Map());
});

test('nothing to find asks nothing', async () => {
  await using shop = await openSandboxed();

  expect(await shop.destination.find([])).toEqual(new Map());
  expect(shop.sandbox.requests()).toEqual({});
});

test('a tag is created empty with one request', async () => {
  await using shop = await openSandboxed();

  const created = await shop.destination.create('Lost');

  expect(created.requests).toBe(mailchimp.floor({ create: true, add: 0, remove: 0 }));
  expect(await shop.destination.find([{ name: 'Lost' }])).toEqual(
    new Map([['Lost', { remote_id: created.remote_id }]]),
  );
  expect(shop.tags()).toEqual({ Lost: [] });
});

test('a tag that came into being meanwhile is taken', async () => {
  await using shop = await openSandboxed();
  const remote_id = shop.tagElsewhere('Lost');

  expect(await shop.destination.create('Lost')).toEqual({ remote_id, requests: 1 });
});

test('a name taken by a segment by rules is a question for a person', async () => {
  await using shop = await openSandboxed();
  shop.elsewhere('POST', '/lists/sandbox/segments', { name: 'Top', options: { match: 'any' } });

  await expect(shop.destination.create('Top')).rejects.toMatchObject({
    problem: { code: 'DESTINATION_REJECTED', where: 'mailchimp list sandbox, tag "Top"' },
    retry: 'never',
  });
});

describe('renaming a tag', () => {
  test('keeps everybody in it', async () => {
    await using shop = await openSandboxed();
    const remote_id = shop.tagElsewhere('Lost', ['ana@shop.test']);

    expect(await shop.destination.rename!({ remote_id }, 'Gone')).toEqual({ requests: 1 });
    expect(shop.tags()).toEqual({ Gone: ['ana@shop.test'] });
    expect(shop.sandbox.exchanges.at(-1)?.request.body).toEqual({ name: 'Gone' });
  });

  test('to a name that is taken is a question for a person', async () => {
    await using shop = await openSandboxed();
    const remote_id = shop.tagElsewhere('Lost');
    shop.tagElsewhere('Gone');

    await expect(shop.destination.rename!({ remote_id }, 'Gone')).rejects.toMatchObject({
      problem: { code: 'DESTINATION_REJECTED', where: 'mailchimp list sandbox, tag "Gone"' },
    });
    expect(Object.keys(shop.tags())).toEqual(['Lost', 'Gone']);
  });
});

test('who has a tag is counted and read, whatever their status', async () => {
  const contacts = ['subscribed', 'unsubscribed', 'cleaned', 'transactional', 'pending'].map((status) => ({
    email: `${status}@Shop.test`,
    status,
  }));
  await using shop = await openSandboxed([...contacts, ...emails(people(1200)).map((email) => ({ email }))]);
  const remote_id = shop.tagElsewhere('Lost', [
    ...contacts.map(({ email }) => email),
    ...emails(people(1200)),
  ]);

  const count = await shop.destination.count!({ remote_id });
  const pages = await Array.fromAsync(shop.destination.members!({ remote_id }));

  expect(count).toEqual({ members: 1205, exact: true });
  expect(pages.map(({ length }) => length)).toEqual([1000, 205]);
  expect(new Set(pages.flat())).toEqual(
    new Set([
      ...contacts.map(({ status }) => `email:${status}@shop.test`),
      ...people(1200).map(({ key }) => key),
    ]),
  );
});

test.each(['rename', 'count', 'members'] as const)('%s of a tag that vanished says so', async (operation) => {
  await using shop = await openSandboxed();
  const { destination } = shop;
  const tag = { remote_id: '77' };
  const ask = {
    rename: () => destination.rename!(tag, 'New'),
    count: () => destination.count!(tag),
    members: () => Array.fromAsync(destination.members!(tag)),
  };

  await expect(ask[operation]()).rejects.toMatchObject({ problem: { code: 'AUDIENCE_GONE' } });
});

describe('erasing a person', () => {
  test('deletes the contact for good: the address cannot be brought back', async () => {
    await using shop = await openSandboxed([{ email: 'ana@shop.test' }, { email: 'ion@shop.test' }], {
      new_contacts: 'subscribed',
    });
    const remote_id = shop.tagElsewhere('Lost', ['ana@shop.test', 'ion@shop.test']);

    const receipt = await shop.destination.erase!(someone('ana@shop.test'), [{ remote_id }]);
    const back = await pushed(
      shop.destination,
      change({ name: 'Lost', remote_id }, { add: [someone('ana@shop.test')] }),
    );

    expect(receipt).toMatchObject({ done: [expect.stringContaining('deleted for good')], requests: 1 });
    expect(JSON.stringify(receipt)).not.toContain('ana');
    expect(shop.tags()).toEqual({ Lost: ['ion@shop.test'] });
    expect(back.added).toMatchObject([
      { result: 'refused', reason: '(address) was permanently deleted and cannot be re-imported.' },
    ]);
  });

  test('of whom the list does not know says so; a lost answer does not', async () => {
    await using shop = await openSandboxed([{ email: 'ana@shop.test' }]);
    const stranger = await shop.destination.erase!(someone('eve@shop.test'), []);
    shop.sandbox.fault({ platform: 'mailchimp', method: 'POST', path: 'delete-permanent', drop: 'after' });

    const lost = await shop.destination.erase!(someone('ana@shop.test'), []);

    expect(stranger).toEqual({ done: ['Mailchimp: no contact of list sandbox.'], requests: 1 });
    expect(lost).toMatchObject({ done: [expect.stringContaining('deleted for good')], requests: 2 });
  });
});
