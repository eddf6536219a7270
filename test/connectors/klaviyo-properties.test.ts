import { describe, expect, test } from 'vitest';
import type { Member } from '../../connectors/destination.ts';
import { klaviyo } from '../../connectors/klaviyo/schema.ts';
import { aMember, members, openAccount } from './klaviyo-account.ts';

type Account = Awaited<ReturnType<typeof openAccount>>;

const IMPORTS = /^\/profile-bulk-import-jobs$/;
const LOOK_UPS = /^\/profiles$/;

/** Has these people in Klaviyo, on a list. */
async function present(account: Account, people: Member[]): Promise<void> {
  await account.push(await account.list('Present'), { add: people });
}

async function profile(account: Account, email: string) {
  const { data } = await account.elsewhere('GET', `/profiles?filter=equals(email,"${email}")`);
  return data[0];
}

test('10,000 properties are one import that touches no list, and their ids are told', async () => {
  const account = await openAccount();
  const people = members(10_000, (index) => ({ properties: { clv_12m: index / 4, lifecycle: 'top' } }));
  await present(account, people);
  const writes = account.writes().length;

  const first = await account.setProperties(people);
  const ids = new Map(
    first.updated.map((outcome) => [outcome.key, 'remote_id' in outcome && outcome.remote_id]),
  );
  const lookUps = account.sent('GET', LOOK_UPS).length;
  const again = people.map((member) => ({ ...member, remote_id: ids.get(member.key) || undefined }));
  const second = await account.setProperties(again);

  expect([first.requests, second.requests]).toEqual([1, 1]);
  expect(account.writes().length - writes).toBe(klaviyo.properties?.floor(20_000));
  expect(lookUps).toBe(100);
  expect(account.sent('GET', LOOK_UPS)).toHaveLength(lookUps);
  expect(first.updated.every(({ result }) => result === 'done')).toBe(true);
  expect(JSON.stringify(account.sent('POST', IMPORTS).slice(1))).not.toContain('relationships');
  expect((await profile(account, 'p1000@shop.example'))?.attributes).toEqual({
    email: 'p1000@shop.example',
    properties: { clv_12m: 250, lifecycle: 'top' },
  });
});

test('names and values travel as they are: the SDK changes no letter of them', async () => {
  const account = await openAccount();
  const properties = {
    favourite_category: 'Café & Thé',
    'Last Order': '2026-11-01',
    isVip: true,
    p_alive: 0.25,
  };
  await present(account, [aMember('ana@shop.example')]);

  await account.setProperties([aMember('ana@shop.example', { properties })]);

  expect((await profile(account, 'ana@shop.example'))?.attributes.properties).toEqual(properties);
});

test('a property is cleared, which an import cannot, and the others stay', async () => {
  const account = await openAccount();
  const [ana, bo] = [aMember('ana@shop.example'), aMember('bo@shop.example')];
  await present(account, [ana, bo]);
  await account.setProperties([
    { ...ana, properties: { clv: 5, lifecycle: 'top' } },
    { ...bo, properties: { clv: 6 } },
  ]);

  const result = await account.setProperties([
    { ...ana, properties: { clv: null, tier: 'high' } },
    { ...bo, properties: { clv: 7 } },
  ]);

  expect(result).toMatchObject({ updated: [{ result: 'done' }, { result: 'done' }], requests: 2 });
  expect((await profile(account, 'ana@shop.example'))?.attributes.properties).toEqual({
    lifecycle: 'top',
    tier: 'high',
  });
  expect((await profile(account, 'bo@shop.example'))?.attributes.properties).toEqual({ clv: 7 });
  expect(JSON.stringify(account.sent('POST', IMPORTS).map(({ request }) => request.body))).not.toContain(
    'null',
  );
});

test('nobody is made: whom Klaviyo does not know is refused', async () => {
  const account = await openAccount();
  await present(account, [aMember('ana@shop.example')]);
  const people = ['ana', 'eve'].map((name) => aMember(`${name}@shop.example`, { properties: { clv: 1 } }));
  const nulls = people.map((member) => ({ ...member, properties: { clv: null } }));

  const set = await account.setProperties(people);
  const cleared = await account.setProperties(nulls);

  for (const { updated } of [set, cleared]) {
    expect(updated).toEqual([
      { key: 'email:ana@shop.example', result: 'done', remote_id: expect.any(String) },
      {
        key: 'email:eve@shop.example',
        result: 'refused',
        reason: 'not a profile in Klaviyo',
        permanent: true,
      },
    ]);
  }
  expect((await account.elsewhere('GET', '/profiles')).data).toHaveLength(1);
});

test('people known by phone number alone have properties too', async () => {
  const account = await openAccount();
  const member = { key: 'phone:+40712345678', customer: 'c_1', phone: '+40712345678' };
  await present(account, [member]);

  const result = await account.setProperties([{ ...member, properties: { clv: 1 } }]);

  expect(result.updated).toMatchObject([{ key: member.key, result: 'done' }]);
});

test('heavy properties are spread over several imports, none of them above 5 MB', async () => {
  const account = await openAccount();
  const people = members(120, () => ({ properties: { note: 'ș'.repeat(40_000) } }));
  await present(account, people);

  const result = await account.setProperties(people);

  const sizes = account
    .sent('POST', IMPORTS)
    .map(({ request }) => Buffer.byteLength(JSON.stringify(request.body)));
  expect(result.requests).toBe(2);
  expect(Math.max(...sizes)).toBeLessThanOrEqual(5_000_000);
});

test('who has more than 100 KB of properties is refused alone', async () => {
  const account = await openAccount();
  const people = members(2);
  await account.push(await account.list('Top'), { add: people });
  const notes = [100_000, 99_000].map((length) => ({ note: 'x'.repeat(length) }));

  const result = await account.setProperties(
    people.map((member, index) => ({ ...member, properties: notes[index]! })),
  );

  expect(result.updated).toMatchObject([
    { key: people[0]!.key, result: 'refused', reason: 'larger than the 100 KB Klaviyo takes' },
    { key: people[1]!.key, result: 'done' },
  ]);
});

describe('a property Klaviyo refuses is dropped and counted, the member is not', () => {
  const properties = { $source: 'us', clv: 1 };

  test('in an import', async () => {
    const account = await openAccount();
    const people = members(100, (index) => ({ properties: index === 7 ? properties : { clv: 1 } }));
    await present(account, people);

    const result = await account.setProperties(people);

    expect(result.updated.map(({ result: end }) => end)).toEqual(people.map(() => 'done'));
    expect(result.dropped).toEqual([
      { property: '$source', reason: '$source is not a valid property name.', members: 1 },
    ]);
    expect(result.requests).toBe(2);
    expect((await profile(account, 'p7@shop.example'))?.attributes.properties).toEqual({ clv: 1 });
  });

  test('in an update of one', async () => {
    const account = await openAccount();
    await present(account, members(1));

    const result = await account.setProperties(
      members(1, () => ({ properties: { ...properties, old: null } })),
    );

    expect(result).toMatchObject({
      updated: [{ result: 'done' }],
      dropped: [{ property: '$source', members: 1 }],
      requests: 2,
    });
  });

  test('and the same for many is one line', async () => {
    const account = await openAccount();
    const people = members(3, () => ({ properties: { $source: 'us' } }));
    await present(account, people);

    const result = await account.setProperties(people);

    expect(result.updated.map(({ result: end }) => end)).toEqual(['done', 'done', 'done']);
    expect(result.dropped).toMatchObject([{ property: '$source', members: 3 }]);
    expect(result.requests).toBe(1);
  });
});

test.each([{ clv: 2 }, { clv: null }])('an id out of date costs one look, with %j', async (properties) => {
  const account = await openAccount();
  const people = members(3, () => ({ properties: { clv: 1 } }));
  await present(account, people);
  await account.setProperties(people);
  const remembered = people.map((member, index) => ({
    ...member,
    properties,
    remote_id: index === 0 ? '01STALE0000000000000000000' : undefined,
  }));
  const stranger = aMember('eve@shop.example', { properties, remote_id: '01GONE00000000000000000000' });

  const result = await account.setProperties([...remembered, stranger]);

  expect(result.updated.toSorted((a, b) => a.key.localeCompare(b.key))).toMatchObject([
    { key: stranger.key, result: 'refused', reason: 'not a profile in Klaviyo' },
    ...people.map(({ key }) => ({ key, result: 'done' })),
  ]);
  const stored = (await profile(account, 'p0@shop.example'))?.attributes.properties;
  expect(stored).toEqual(properties.clv === null ? {} : properties);
});

test('what was acknowledged before Klaviyo went down is told first', async () => {
  const account = await openAccount();
  const people = members(10_050, () => ({ properties: { clv: 1 } }));
  await present(account, people);
  account.fault({ method: 'POST', path: 'import-jobs', skip: 1, times: 9, status: 503 });

  const updates = account.destination.setProperties!(async function* () {
    yield* people;
  })[Symbol.asyncIterator]();

  expect((await updates.next()).value.updated).toHaveLength(10_000);
  await expect(updates.next()).rejects.toMatchObject({ problem: { code: 'DESTINATION_DOWN' } });
});

test.each([
  ['clv_12m', true],
  ['Last Order', true],
  ['', false],
  [' clv', false],
  ['$source', false],
])('the name %j is taken: %j', (name, taken) => {
  expect(klaviyo.properties?.nameProblem(name) === undefined).toBe(taken);
});
