import { expect, test } from 'vitest';
import { openActiveShop } from './active-shop.ts';
import type { Platform } from './platform.ts';
import { openStage } from './stage.ts';

const stage = openStage();
const AS_OF = '2026-03-31';

/** The ids that members were offered with, in order. */
function ids({ offered }: Platform, op: string): [string, string | undefined][] {
  return offered
    .filter((one) => one.op === op)
    .map(({ member }) => [member.email!.split('@')[0]!, member.remote_id]);
}

test('an id that the platform told of a member is handed back when they leave, and when they return', async () => {
  const { shop, platform, sells, leaves } = openActiveShop(stage);
  platform.idOf = (key) => (key.includes('b@') ? undefined : `id of ${key}`);
  sells(['a', 'b']);
  await shop.run(AS_OF);
  expect(ids(platform, 'add')).toEqual([
    ['a', undefined],
    ['b', undefined],
  ]);
  // What tells no id leaves the one that is known.
  platform.idOf = () => undefined;
  await leaves(['c']);
  await leaves(['a', 'b']);

  expect(ids(platform, 'remove').slice(0, 2)).toEqual([
    ['a', 'id of email:a@example.com'],
    ['b', undefined],
  ]);
  expect(ids(platform, 'add').slice(-2)).toEqual([
    ['a', 'id of email:a@example.com'],
    ['b', undefined],
  ]);
});

test('a destination that does not ask for ids is handed none, though it told some', async () => {
  const { shop, platform, sells, leaves } = openActiveShop(stage, {}, { remembers_ids: false });
  platform.idOf = (key) => `id of ${key}`;
  sells(['a']);
  await shop.run(AS_OF);
  await leaves(['b']);

  expect(ids(platform, 'remove')).toEqual([['a', undefined]]);
  expect(platform.offered.every(({ member }) => !('remote_id' in member))).toBe(true);
});

test('the newest id holds, in every audience of the account and in no other account', async () => {
  const account = (account: string, audiences: string[]) => ({
    type: 'platform',
    account,
    audiences: audiences.map((audience) => ({ segment: 'lifecycle.active', audience })),
  });
  const { shop, platform, sells } = openActiveShop(stage, {
    destinations: [account('main', ['First']), account('second', ['Other'])],
  });
  let told = 'old id';
  platform.idOf = () => told;
  sells(['a']);
  await shop.run(AS_OF);
  platform.audiences.delete('First');
  told = 'new id';
  await shop.run(AS_OF);

  platform.offered.length = 0;
  shop.change({ destinations: [account('main', ['First', 'Second']), account('third', ['Third'])] });
  await shop.run(AS_OF);

  expect(ids(platform, 'add').toSorted()).toEqual([
    ['a', undefined],
    ['a', 'new id'],
  ]);
});
