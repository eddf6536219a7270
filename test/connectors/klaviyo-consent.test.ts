import { expect, test } from 'vitest';
import { endpointOf } from '../../connectors/klaviyo/pace.ts';
import { aMember, changeOf, members, openAccount } from './klaviyo-account.ts';

const FORBIDDEN = [
  'profile-subscription-bulk-create-jobs',
  'profile-subscription-bulk-delete-jobs',
  'profile-suppression-bulk-create-jobs',
  'profile-suppression-bulk-delete-jobs',
  'profile-merge',
  'events',
];

test('no operation goes near consent; whoever adds one meets this test', async () => {
  const account = await openAccount();
  const { destination } = account;
  const ana = aMember('ana@shop.example', { properties: { clv: 1, old: null } });
  const operations: Record<keyof typeof destination, () => Promise<unknown>> = {
    check: () => destination.check(),
    expiresAt: async () => expect(destination.expiresAt).toBeUndefined(),
    find: () => destination.find([{ name: 'Top' }]),
    create: () => destination.create('Other'),
    rename: () => destination.rename!(list, 'Top'),
    count: () => destination.count!(list),
    members: () => Array.fromAsync(destination.members!(list)),
    setProperties: () => account.setProperties([ana]),
    derive: async () => expect(destination.derive).toBeUndefined(),
    erase: () => destination.erase!(ana, [list]),
    push: () => Array.fromAsync(destination.push(changeOf(list, members(3), members(1)))),
  };
  const list = await account.list('Top');
  await account.push(list, { add: [ana] });

  expect(Object.keys(operations)).toEqual(expect.arrayContaining(Object.keys(destination)));
  for (const run of Object.values(operations)) await run();

  const routes = Object.keys(account.sandbox.requests().klaviyo ?? {});
  expect(routes.length).toBeGreaterThan(10);
  expect(routes.filter((route) => FORBIDDEN.some((path) => route.includes(path)))).toEqual([]);
  const bodies = JSON.stringify(account.sandbox.exchanges.map(({ request }) => request.body));
  expect(bodies).not.toMatch(/subscription|consent|opt_in|suppress/);
});

test.each(FORBIDDEN)('a call of %s would not even be sent', (path) => {
  const url = `https://a.klaviyo.com/api/${path}`;

  expect(() => endpointOf({ method: 'POST', url })).toThrow('has no quota here');
});
