import { z } from 'zod';
import { expect, test } from 'vitest';
import { keys, openActiveShop } from './active-shop.ts';
import { aBuyer, aCustomer, anOrder, openStage, type Shop } from './stage.ts';

const stage = openStage();

const Ranked = z.strictObject({ worth: z.string().optional() });

/** A shop whose audience Active ranks its members by a field. */
function openRanked(worth: string | undefined = 'revenue') {
  return openActiveShop(
    stage,
    {
      destinations: [
        { type: 'platform', audiences: [{ segment: 'lifecycle.active', ...(worth ? { worth } : {}) }] },
      ],
    },
    { audience_settings: Ranked, value_field: (settings) => (settings as z.output<typeof Ranked>).worth },
  );
}

/** Everyone of the shop buys once in March, for so much. */
function spend(shop: Shop, goods: Record<string, string>): void {
  shop.holds(Object.entries(goods).map(([name, paid]) => aBuyer(name, { order_id: name, goods: paid })));
}

const AS_OF = '2026-03-31';

test('a member is sent with what they are worth, as a decimal of the job’s currency', async () => {
  const { shop, platform } = openRanked();
  spend(shop, { ana: '10.50', bo: '0.00' });

  await shop.run(AS_OF);

  const held = platform.audiences.get('Active')!;
  expect([...held.members].map(([key, { value }]) => [key, value])).toEqual([
    ['email:ana@example.com', '10.5'],
    ['email:bo@example.com', '0'],
  ]);
  expect(held.settings).toEqual({ worth: 'revenue' });
});

test('who is worth more than a twentieth more or less, or nothing before or now, is told anew; others are not', async () => {
  const { shop, platform } = openRanked();
  const before = { at: '100.00', over: '100.00', under: '100.00', below: '100.00', from: '0.00', to: '1.00' };
  spend(shop, before);
  await shop.run(AS_OF);
  const sent = platform.requests.length;
  spend(shop, { at: '105.00', over: '105.01', under: '95.00', below: '94.99', from: '0.01', to: '0.00' });

  const planned = await shop.run(AS_OF, { send: false });
  const updated = await shop.run(AS_OF);
  const again = await shop.run(AS_OF);

  expect(planned.audiences).toMatchObject([{ to_add: 0, to_update: 4, to_remove: 0, requests: 2 }]);
  expect(updated.audiences).toMatchObject([{ added: 0, updated: 4, removed: 0, requests: 2 }]);
  expect(again.audiences).toMatchObject([{ updated: 0, requests: 0 }]);
  const told = platform.requests.slice(sent).flatMap((request) => request.split(': ')[1]!.split(' '));
  expect(told).toEqual(keys(['below', 'from', 'over', 'to']));
  expect(platform.audiences.get('Active')!.members.get('email:below@example.com')?.value).toBe('94.99');
});

test('a phone that several customers share is worth what the best of them is', async () => {
  const { shop, platform } = openRanked();
  const phone = '+40722000111';
  const by = (customer_id: string, goods: string) => {
    const known = { customer_id, email: undefined, phone };
    return { orders: [anOrder({ ...known, order_id: customer_id, goods })], customers: [aCustomer(known)] };
  };
  shop.holds([by('1', '10.00'), by('2', '30.00')]);
  const first = await shop.run(AS_OF);
  const second = await shop.run(AS_OF);

  expect(first.audiences).toMatchObject([{ added: 1 }]);
  expect(platform.audiences.get('Active')!.members.get(`phone:${phone}`)?.value).toBe('30');
  expect(second.audiences).toMatchObject([{ updated: 0, requests: 0 }]);
});

test('small steps add up: what counts is the distance from what was acknowledged', async () => {
  const { shop } = openRanked();
  const run = async (paid: string) => {
    spend(shop, { ana: paid });
    const { audiences } = await shop.run(AS_OF);
    return audiences[0]!.updated;
  };

  const updated = [];
  for (const paid of ['100.00', '104.00', '106.00', '109.00']) updated.push(await run(paid));

  expect(updated).toEqual([0, 0, 1, 0]);
});

test('a value that is not acknowledged is offered again, and one refused for good is parked', async () => {
  const { shop, platform } = openRanked();
  spend(shop, { ana: '10.00', bo: '10.00' });
  await shop.run(AS_OF);
  spend(shop, { ana: '20.00', bo: '20.00' });
  platform.outcome = (key) => (key.includes('ana') ? 'retry' : 'refused for good');

  const refused = await shop.run(AS_OF);
  platform.outcome = () => 'done';
  const next = await shop.run(AS_OF);

  expect(refused.audiences).toMatchObject([{ added: 0, updated: 0, refused: 1 }]);
  expect(next.audiences).toMatchObject([{ added: 0, updated: 1, removed: 0, refused: 1 }]);
  expect(platform.members('Active')).toEqual(keys(['ana', 'bo']));
});

test('what is unknown now leaves the value there, and an audience that ranks nobody has none', async () => {
  const { shop, platform } = openRanked('clv_12m');
  spend(shop, { ana: '10.00' });
  const { audiences } = await shop.run(AS_OF);
  const plain = openRanked('');
  spend(plain.shop, { ana: '10.00' });
  await plain.shop.run(AS_OF);
  spend(plain.shop, { ana: '100.00' });
  const second = await plain.shop.run(AS_OF);

  // Without a model nobody has a CLV.
  expect(audiences).toMatchObject([{ added: 1, updated: 0 }]);
  expect(platform.offered[0]!.member).not.toHaveProperty('value');
  expect(second.audiences).toMatchObject([{ updated: 0, requests: 0 }]);
});

test('one who leaves and comes back is added with the value of then', async () => {
  const { shop, platform, leaves } = openRanked();
  spend(shop, { ana: '10.00' });
  await shop.run(AS_OF);
  await leaves(['bo']);
  shop.holds([
    { orders: [anOrder({ order_id: 'again', ordered_at: '2026-09-20T12:00:00.000Z', goods: '5.00' })] },
  ]);

  const { audiences } = await shop.run('2026-09-30');

  expect(audiences).toMatchObject([{ added: 1, updated: 0 }]);
  expect(platform.audiences.get('Active')!.members.get('email:ana@example.com')?.value).toBe('15');
});
