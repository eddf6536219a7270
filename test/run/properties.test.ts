import { describe, expect, test } from 'vitest';
import { keys, openActiveShop } from './active-shop.ts';
import { openLivingShop } from './living-platform.ts';
import { aBuyer, aCustomer, openStage, type Shop } from './stage.ts';

const stage = openStage();
const AS_OF = '2026-03-31';

const TAKES = {
  properties: {
    word: 'property',
    nameProblem: () => undefined,
    floor: (members: number) => Math.ceil(members / 2),
  },
};

function openTelling(properties: string[] | Record<string, string>, more: object = {}) {
  return openActiveShop(
    stage,
    {
      destinations: [{ type: 'platform', properties, audiences: [{ segment: 'lifecycle.active' }] }],
      ...more,
    },
    TAKES,
  );
}

/** Everyone of the shop bought once in March, for so much. */
function spend(shop: Shop, goods: Record<string, string>): void {
  shop.holds(Object.entries(goods).map(([name, paid]) => aBuyer(name, { order_id: name, goods: paid })));
}

const ana = 'email:ana@example.com';

test('every kind of value has its type, and what is unknown is not sent', async () => {
  const { shop, platform } = openTelling(
    {
      Stage: 'lifecycle',
      'city.name': 'city',
      first: 'first_name',
      spent: 'revenue',
      orders: 'orders',
      since: 'first_order',
      visited: 'last_visit',
      tags: 'tags',
      consent: 'email_consent',
      big: 'custom.big_spenders',
      small: 'custom.small_spenders',
      size: 'extra.shoe_size',
    },
    {
      sources: [{ type: 'memory', name: 'told', extra: ['shoe_size'] }],
      segments: {
        lifecycle: { top_share: 0, labels: { active: 'Still buys' } },
        custom: [
          { name: 'big_spenders', where: { field: 'revenue', at_least: 10 } },
          { name: 'small_spenders', where: { field: 'revenue', below: 10 } },
        ],
      },
    },
  );
  shop.holds({
    ...aBuyer('ana', { goods: '12.345' }),
    customers: [
      aCustomer({
        first_name: 'Ana "the \\ best"',
        tags: ['vip', 'wholesale'],
        email_consent: 'yes',
        extra: { shoe_size: '38' },
      }),
    ],
  });

  await shop.run(AS_OF);

  expect(Object.fromEntries(platform.properties)).toEqual({
    [ana]: {
      Stage: 'Still buys',
      first: 'Ana "the \\ best"',
      spent: 12.35,
      orders: 1,
      since: '2026-03-01',
      tags: 'vip, wholesale',
      consent: 'yes',
      big: true,
      small: false,
      size: '38',
    },
  });
});

test('only people of whom something changed travel, with what changed; nothing changed is no request', async () => {
  const { shop, platform } = openTelling(['revenue', 'orders', 'city']);
  spend(shop, { ana: '10.00', bo: '20.00', cy: '30.00' });
  const first = await shop.run(AS_OF);
  const second = await shop.run(AS_OF);
  spend(shop, { ana: '10.00', bo: '21.00', cy: '30.00' });
  const planned = await shop.run(AS_OF, { send: false });
  const sent = platform.requests.length;
  platform.offered.length = 0;
  const third = await shop.run(AS_OF);

  expect(first.properties).toEqual([
    {
      destination: 'platform',
      people: 3,
      updated: 3,
      refused: 0,
      requests: 2,
      reasons: [],
      dropped: [],
      error: null,
    },
  ]);
  expect(second.properties).toMatchObject([{ people: 0, updated: 0, requests: 0 }]);
  expect(planned.properties).toMatchObject([{ people: 1, updated: 0, requests: 1 }]);
  expect(third.properties).toMatchObject([{ people: 1, updated: 1, requests: 1 }]);
  expect(platform.requests.slice(sent)).toEqual(['properties: email:bo@example.com']);
  expect(platform.offered.map(({ member }) => member.properties)).toEqual([{ revenue: 21 }]);
});

test('a plan of a first run foretells the people who will join', async () => {
  const { shop, platform } = openTelling(['revenue']);
  spend(shop, { ana: '10.00', bo: '20.00', cy: '30.00' });

  const planned = await shop.run(AS_OF, { send: false });
  const run = await shop.run(AS_OF);

  expect(planned.properties).toMatchObject([{ people: 3, requests: 2 }]);
  expect(run.properties).toMatchObject([{ people: 3, requests: 2 }]);
  expect(platform.requests).toHaveLength(1 + 2 + 2);
});

test('a value that is no more known is cleared, once; a new property is sent to everybody', async () => {
  const { shop, platform } = openTelling(['city']);
  const lives = (city: string, day: number) =>
    shop.holds(
      aBuyer(
        'ana',
        { order_id: 'o' },
        { city, tags: [`day ${day}`], updated_at: `2026-03-0${day}T00:00:00.000Z` },
      ),
    );
  lives('Cluj', 1);
  await shop.run(AS_OF);
  // Descriptions never forget a city, so the property is made of something that they do forget.
  shop.change({
    destinations: [{ type: 'platform', properties: { city: 'tags' }, audiences: [{ segment: '*' }] }],
  });
  await shop.run(AS_OF);
  shop.holds(aBuyer('ana', { order_id: 'o' }, { tags: [''], updated_at: '2026-03-02T00:00:00.000Z' }));
  platform.offered.length = 0;
  const cleared = await shop.run(AS_OF);
  const again = await shop.run(AS_OF);

  expect(platform.offered.map(({ member }) => member.properties)).toEqual([{ city: null }]);
  expect([cleared, again].map(({ properties }) => properties[0]!.updated)).toEqual([1, 0]);
  expect(platform.properties.get(ana)).toEqual({ city: null });
});

test('only people whom an audience of the destination wants and holds are told of', async () => {
  const { shop, platform, sells, leaves } = openTelling(['orders']);
  sells(['a', 'b', 'c']);
  platform.outcome = (key, op) => (op === 'add' && key.includes('b@') ? 'retry' : 'done');
  const first = await shop.run(AS_OF);
  platform.outcome = () => 'done';
  const second = await shop.run(AS_OF);
  sells(['a', 'b', 'c'], '04');
  platform.offered.length = 0;
  // Those who left the audience are not told of their second order.
  const left = await leaves(['a']);

  expect(first.properties).toMatchObject([{ people: 2, updated: 2, error: null }]);
  expect(second.properties).toMatchObject([{ people: 1, updated: 1 }]);
  expect(left.properties).toMatchObject([{ people: 1, updated: 1 }]);
  const told = platform.offered.filter(({ op }) => op === 'properties');
  expect(told.map(({ member }) => member.key)).toEqual(keys(['a']));
});

describe('what a platform does not take', () => {
  test('of one property is counted, and the person counts as told', async () => {
    const { shop, platform } = openTelling(['revenue', 'orders']);
    platform.drops = { property: 'revenue', reason: 'too rich' };
    spend(shop, { ana: '10.00', bo: '20.00', cy: '30.00' });

    const first = await shop.run(AS_OF);
    const second = await shop.run(AS_OF);

    const dropped = [{ property: 'revenue', reason: 'too rich', members: 3 }];
    expect(first).toMatchObject({ status: 'done', properties: [{ updated: 3, refused: 0, dropped }] });
    expect(second.properties).toMatchObject([{ people: 0, dropped: [], requests: 0 }]);
  });

  test('for good is parked with the reason, for now is sent at the next run', async () => {
    const { shop, platform } = openTelling(['revenue']);
    const ends: Record<string, 'refused for good' | 'refused' | 'retry'> = {
      ana: 'refused for good',
      bo: 'refused',
      cy: 'retry',
    };
    platform.outcome = (key, op) =>
      (op === 'properties' && ends[key.slice('email:'.length, key.indexOf('@'))]) || 'done';
    spend(shop, { ana: '10.00', bo: '20.00', cy: '30.00', di: '40.00' });
    const first = await shop.run(AS_OF);
    platform.outcome = () => 'done';

    const second = await shop.run(AS_OF);

    expect(first).toMatchObject({
      status: 'partial',
      properties: [
        {
          people: 4,
          updated: 1,
          refused: 2,
          reasons: [{ reason: 'not wanted here', members: 2 }],
          error: { code: 'PUSH_INCOMPLETE' },
        },
      ],
    });
    expect(second.properties).toMatchObject([{ people: 2, updated: 2, refused: 1, error: null }]);
    expect([...platform.properties.keys()].toSorted()).toEqual(keys(['bo', 'cy', 'di']));
  });
});

test('a platform that fails is told nothing of people, and another account all of them', async () => {
  const account = (account: string) => ({
    type: 'platform',
    account,
    properties: ['revenue'],
    audiences: [{ segment: 'lifecycle.active', audience: account }],
  });
  const { shop, platform } = openTelling([], { destinations: [account('one')] });
  spend(shop, { ana: '10.00' });
  platform.breaks = { after: 0, batch: 'taken' };
  const failed = await shop.run(AS_OF);
  platform.breaks = undefined;
  const first = await shop.run(AS_OF);
  shop.change({ destinations: [account('two')] });
  const second = await shop.run(AS_OF);

  expect(failed.properties).toMatchObject([{ people: 0, updated: 0, error: { code: 'DESTINATION_DOWN' } }]);
  expect([first, second].map(({ properties }) => properties[0]!.updated)).toEqual([1, 1]);
});

test('the platform’s id of a person is learnt from their properties and handed to an audience', async () => {
  const { shop, platform, sells, leaves } = openTelling(['revenue']);
  platform.idOf = () => undefined;
  sells(['a']);
  await shop.run(AS_OF);
  platform.idOf = (key) => `id of ${key}`;
  shop.change({
    destinations: [
      { type: 'platform', properties: ['revenue', 'orders'], audiences: [{ segment: 'lifecycle.active' }] },
    ],
  });
  await shop.run(AS_OF);
  platform.offered.length = 0;
  await leaves(['b']);

  const removed = platform.offered.find(({ op }) => op === 'remove')!;
  expect(removed.member.remote_id).toBe('id of email:a@example.com');
});

test('a value whose answer was lost is told again, also where it is what it was before', async () => {
  const { shop, platform } = openTelling(['revenue', 'city']);
  const told = () => platform.properties.get(ana);
  spend(shop, { ana: '10.00', eva: '20.00' });
  await shop.run(AS_OF);
  spend(shop, { ana: '30.00', eva: '20.00' });
  platform.took = () => {
    throw new Error('the answer was lost');
  };
  const lost = await shop.run(AS_OF);
  const there = told();
  platform.took = undefined;
  spend(shop, { ana: '10.00', eva: '20.00' });

  const next = await shop.run(AS_OF);
  const quiet = await shop.run(AS_OF);

  expect(lost.properties).toMatchObject([{ people: 1, updated: 0 }]);
  expect(there).toMatchObject({ revenue: 30 });
  expect(next.properties).toMatchObject([{ people: 1, updated: 1, error: null }]);
  expect(told()).toMatchObject({ revenue: 10 });
  expect(quiet.properties).toMatchObject([{ people: 0, requests: 0 }]);
});

test('a run that is asked to stop notes what was acknowledged; the next one sends the rest', async () => {
  const { shop, platform } = openTelling(['revenue']);
  spend(shop, { ana: '10.00', bo: '20.00', cy: '30.00' });
  const stop = new AbortController();
  platform.took = () => {
    if (platform.properties.size > 0) stop.abort();
  };

  const stopped = await shop.run(AS_OF, { signal: stop.signal });
  platform.took = undefined;
  const next = await shop.run(AS_OF);

  expect(stopped.properties).toMatchObject([{ updated: 2, error: { code: 'RUN_INTERRUPTED' } }]);
  expect(next.properties).toMatchObject([{ people: 1, updated: 1, requests: 1, error: null }]);
});

test('who was lost from an audience may have been deleted whole, and is told everything again', async () => {
  const { shop, platform } = openLivingShop(stage);
  platform.definition.properties = TAKES.properties;
  const audiences = [{ segment: 'lifecycle.active' }];
  shop.change({ destinations: [{ type: 'platform', properties: ['revenue', 'orders'], audiences }] });
  spend(shop, { ana: '10.00', bo: '20.00' });
  await shop.run(AS_OF);
  platform.audiences.get('Active')!.members.delete(ana);
  platform.properties.delete(ana);

  const reconciled = await shop.run(AS_OF, { reconcile: true });
  const again = await shop.run(AS_OF, { reconcile: true });

  expect(reconciled).toMatchObject({ audiences: [{ added: 1 }], properties: [{ people: 1, updated: 1 }] });
  expect(platform.properties.get(ana)).toEqual({ revenue: 10, orders: 1 });
  expect(again.properties).toMatchObject([{ people: 0 }]);
});

test('two destinations of one account keep properties of their own there', async () => {
  const destination = (audience: string, properties: string[]) => ({
    type: 'platform',
    properties,
    audiences: [{ segment: 'lifecycle.active', audience }],
  });
  const destinations = [destination('One', ['revenue']), destination('Two', ['orders'])];
  const { shop, platform } = openTelling([], { destinations });
  spend(shop, { ana: '10.00' });
  await shop.run(AS_OF);
  await shop.run(AS_OF);

  const third = await shop.run(AS_OF);

  expect(platform.properties.get(ana)).toEqual({ revenue: 10, orders: 1 });
  expect(third.properties).toMatchObject([{ requests: 0 }, { requests: 0 }]);
});
