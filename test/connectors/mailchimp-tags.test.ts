import { expect, test } from 'vitest';
import { mailchimp } from '../../connectors/mailchimp/schema.ts';
import { openSandboxed, requests } from './mailchimp-open.ts';

test('check names the account, the list and how many contacts it has', async () => {
  await using shop = await openSandboxed([{ email: 'ana@shop.test' }, { email: 'ion@shop.test' }]);

  expect(await shop.destination.check()).toEqual([
    'account "Sandbox": key accepted, role owner',
    'list "Sandbox" (sandbox): 2 contacts',
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
