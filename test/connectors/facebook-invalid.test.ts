import { expect, test } from 'vitest';
import type { Member } from '../../connectors/destination.ts';
import { hashed } from '../../connectors/facebook/hash.ts';
import { all, change, openStand, people, person } from './facebook-stand.ts';

const emailHash = (n: number) => hashed('EMAIL', `c${n}@example.com`);

test('a row Meta names as invalid refuses its member, the rest is done', async () => {
  await using stand = await openStand();
  const { remote_id } = await stand.destination.create('Top');
  const body = {
    audience_id: remote_id,
    session_id: '1',
    num_received: 3,
    num_invalid_entries: 2,
    invalid_entry_samples: { 0: `${emailHash(2)},,` },
  };
  stand.sandbox.fault({ platform: 'facebook', path: '/users$', status: 200, body });

  const result = await all(stand.destination.push(change(remote_id, { add: people(1, 4) })));

  expect(result.added).toEqual([
    { key: 'email:c1@example.com', result: 'done' },
    { key: 'email:c2@example.com', result: 'refused', reason: 'invalid entry', permanent: true },
    { key: 'email:c3@example.com', result: 'done' },
  ]);
  expect(stand.logs).toEqual([
    { message: 'rows that Meta counted as invalid', fields: { audience: 'Top', named: 1, unnamed: 1 } },
  ]);
});

test('one row in a hundred that is bad costs that row or that field, never a batch', async () => {
  await using stand = await openStand();
  const { remote_id } = await stand.destination.create('Top');
  const spoil = (n: number): Partial<Member> => {
    if (n % 100 === 0) return { key: `email:bad${n}`, email: `bad${n}` };
    return n % 100 === 1 ? { phone: '12', region: '東京', country: 'Japan', zip: '-' } : {};
  };
  const add = Array.from({ length: 10_000 }, (_, n) => person(n, spoil(n)));

  const result = await all(stand.destination.push(change(remote_id, { add })));

  expect(result.requests).toBe(1);
  const refused = result.added.filter((outcome) => outcome.result === 'refused');
  expect(refused).toHaveLength(100);
  expect(refused[0]).toEqual({
    key: 'email:bad0',
    result: 'refused',
    reason: 'invalid e-mail address',
    permanent: true,
  });
  expect(stand.held().audiences.Top?.members).toHaveLength(9_900);
  expect(stand.logs).toEqual([
    {
      message: 'fields dropped that cannot be used',
      fields: { audience: 'Top', PHONE: 100, ST: 100, ZIP: 100, COUNTRY: 100 },
    },
  ]);
});

/** What Meta would answer to an upload in which it counted `invalid` rows and named the members `from` to `to`. */
function counted(invalid: number, from: number, to: number) {
  const samples = Array.from({ length: to - from }, (_, i) => [i, `${emailHash(from + i)},,`] as const);
  return {
    platform: 'facebook' as const,
    path: '/users$',
    status: 200,
    body: {
      audience_id: '1',
      session_id: '1',
      num_received: 1_000,
      num_invalid_entries: invalid,
      invalid_entry_samples: Object.fromEntries(samples),
    },
  };
}

test('more invalid rows than Meta names are named by sending the rest again', async () => {
  await using stand = await openStand();
  const { remote_id } = await stand.destination.create('Top');
  stand.sandbox.fault(counted(130, 0, 100));
  stand.sandbox.fault(counted(30, 100, 130));

  const result = await all(stand.destination.push(change(remote_id, { add: people(0, 1_000) })));

  const refused = result.added.flatMap((outcome) => (outcome.result === 'refused' ? [outcome.key] : []));
  expect(refused).toEqual(people(0, 130).map(({ key }) => key));
  expect(result.requests).toBe(2);
  expect(stand.logs).toContainEqual({
    message: 'rows that Meta counted as invalid',
    fields: { audience: 'Top', named: 130, unnamed: 0 },
  });
});

test('only those not named are sent again', async () => {
  await using stand = await openStand();
  const { remote_id } = await stand.destination.create('Top');
  stand.sandbox.fault(counted(130, 0, 100));

  await all(stand.destination.push(change(remote_id, { add: people(0, 1_000) })));

  const [again] = stand.writes();
  expect(again?.payload.data.map(([email]) => email)).toEqual(
    people(100, 1_000).map(({ email }) => hashed('EMAIL', email)),
  );
});

test('naming them costs ten more requests at most; the others count as done, and are told of', async () => {
  await using stand = await openStand();
  const { remote_id } = await stand.destination.create('Top');
  for (let i = 0; i < 20; i += 1) {
    stand.sandbox.fault(counted(2_500 - 100 * i, 100 * i, 100 * (i + 1)));
  }

  const result = await all(stand.destination.push(change(remote_id, { add: people(0, 3_000) })));

  expect(result.requests).toBe(11);
  expect(result.added.filter((outcome) => outcome.result === 'refused')).toHaveLength(1_100);
  expect(stand.logs).toContainEqual({
    message: 'rows that Meta counted as invalid',
    fields: { audience: 'Top', named: 1_100, unnamed: 1_400 },
  });
});

test('a request in which every row was counted as invalid took nobody', async () => {
  await using stand = await openStand();
  const { remote_id } = await stand.destination.create('Top');
  stand.sandbox.fault(counted(3, 1, 2));

  const result = await all(stand.destination.push(change(remote_id, { add: people(0, 3) })));

  const all_invalid = 'every row of the request was counted as invalid';
  expect(result.added).toEqual([
    { key: 'email:c0@example.com', result: 'refused', reason: all_invalid, permanent: false },
    { key: 'email:c1@example.com', result: 'refused', reason: 'invalid entry', permanent: true },
    { key: 'email:c2@example.com', result: 'refused', reason: all_invalid, permanent: false },
  ]);
  expect(result.requests).toBe(1);
});

test('where every row is invalid, none is sent again for its name', async () => {
  await using stand = await openStand();
  const { remote_id } = await stand.destination.create('Top');
  stand.sandbox.fault(counted(150, 0, 100));

  const result = await all(stand.destination.push(change(remote_id, { add: people(0, 150) })));

  expect(result.requests).toBe(1);
  expect(result.added.every((outcome) => outcome.result === 'refused')).toBe(true);
});
