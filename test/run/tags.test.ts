import { expect, test } from 'vitest';
import type { Customer } from '../../connectors/index.ts';
import { aCustomer, anOrder, openStage } from './stage.ts';

const stage = openStage();

/** What the profile says of Ana after pulls of these descriptions, one after the other. */
async function described(...pulls: Partial<Customer>[][]) {
  const shop = stage.shop();
  const profiles = [];
  for (const descriptions of pulls) {
    shop.holds({ orders: [anOrder({ order_id: 'one' })], customers: descriptions.map(aCustomer) });
    profiles.push((await shop.profile('2026-03-31')).customers[0]);
  }
  return profiles.map((profile) => [profile?.tags, profile?.extra]);
}

const on = (day: number) => `2026-03-${String(day).padStart(2, '0')}T12:00:00.000Z`;

test('tags are those of the newest description that knows of tags, also when there are none any more', async () => {
  const profiles = await described(
    [
      { tags: ['vip', 'wholesale'], city: 'Cluj', updated_at: on(1) },
      { phone: '+40722000111', updated_at: on(2) },
    ],
    [{ tags: ['wholesale'], updated_at: on(3) }],
    [{ tags: [], city: 'Cluj', updated_at: on(4) }],
    [{ city: 'Arad', updated_at: on(5) }],
  );

  expect(profiles.map(([tags]) => tags)).toEqual([['vip', 'wholesale'], ['wholesale'], [], []]);
});

test('what else is said of somebody stands by each name until something newer is said', async () => {
  const profiles = await described(
    [{ extra: { age: '31', likes: 'shoes' }, updated_at: on(1) }],
    [{ extra: { age: '32' }, updated_at: on(2) }],
    [{ updated_at: on(3) }],
    [{ extra: { likes: 'packs' }, updated_at: on(4) }],
  );

  expect(profiles.map(([, extra]) => extra)).toEqual([
    { age: '31', likes: 'shoes' },
    { age: '32', likes: 'shoes' },
    { age: '32', likes: 'shoes' },
    { age: '32', likes: 'packs' },
  ]);
});

test('somebody of whom nothing is said has no tags and nothing else', async () => {
  expect(await described([])).toEqual([[[], {}]]);
});
