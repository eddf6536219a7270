import { expect, test } from 'vitest';
import { hashed } from '../../connectors/facebook/hash.ts';
import { all, change, openStand, people, person } from './facebook-stand.ts';

const emailHash = (n: number) => hashed('EMAIL', `c${n}@example.com`);

test('one person’s bad address refuses that person alone, a bad phone number drops only itself', async () => {
  await using stand = await openStand();
  const { remote_id } = await stand.destination.create('Top');
  const add = [
    person(1, { phone: 'none' }),
    { key: 'email:nobody', customer: 'c2', email: 'nobody' },
    { key: 'phone:12', customer: 'c3', phone: '12', email: 'c3@example.com' },
    person(4, { key: 'phone:+40721000002', email: 'nobody', phone: '+40721000002' }),
  ];

  const result = await all(stand.destination.push(change(remote_id, { add })));

  expect(result.added).toEqual([
    { key: 'email:c1@example.com', result: 'done' },
    { key: 'email:nobody', result: 'refused', reason: 'invalid e-mail address', permanent: true },
    { key: 'phone:12', result: 'refused', reason: 'invalid phone number', permanent: true },
    { key: 'phone:+40721000002', result: 'done' },
  ]);
  const members = [emailHash(1), hashed('PHONE', '40721000002')];
  expect(stand.held().audiences.Top?.members).toEqual(members.toSorted());
  expect(stand.logs).toContainEqual({
    message: 'fields dropped that cannot be used',
    fields: { audience: 'Top', PHONE: 1, EMAIL: 1 },
  });
});

test('members that cannot be sent cost no request and do not hide the end of the session', async () => {
  await using stand = await openStand();
  const { remote_id } = await stand.destination.create('Top');
  const bad = Array.from({ length: 25_000 }, (_, i) => person(i, { key: `email:bad${i}`, email: `bad${i}` }));

  const result = await all(stand.destination.push(change(remote_id, { add: [...people(0, 10), ...bad] })));
  const onlyBad = await all(stand.destination.push(change(remote_id, { add: bad })));

  expect([result.requests, onlyBad.requests]).toEqual([1, 0]);
  expect([result.added.length, onlyBad.added.length]).toEqual([25_010, 25_000]);
  expect(stand.writes().map(({ session }) => session.last_batch_flag)).toEqual([true]);
});

test('members that cannot be sent take no place in a request', async () => {
  await using stand = await openStand();
  const { remote_id } = await stand.destination.create('Top');
  const bad = [1, 2, 3].map((n) => person(n, { key: `email:bad${n}`, email: `bad${n}` }));

  const result = await all(
    stand.destination.push(change(remote_id, { add: [...bad, ...people(0, 10_000)], remove: bad })),
  );

  expect(result.requests).toBe(1);
  expect(result.removed).toMatchObject(bad.map(({ key }) => ({ key, result: 'refused', permanent: true })));
  expect(stand.held().audiences.Top?.members).toHaveLength(10_000);
});

test('a removal that would leave too few people is offered again later, the other batches go on', async () => {
  await using stand = await openStand();
  const { remote_id } = await stand.destination.create('Top');
  await all(stand.destination.push(change(remote_id, { add: people(0, 10_001) })));
  stand.sandbox.fault({
    platform: 'facebook',
    path: '/users$',
    status: 400,
    body: { error: { code: 200, error_subcode: 1870047, message: '(#200) Audience Size too Low' } },
  });

  const result = await all(stand.destination.push(change(remote_id, { remove: people(0, 10_001) })));

  expect(result.requests).toBe(2);
  expect(result.removed[0]).toEqual({
    key: 'email:c0@example.com',
    result: 'refused',
    reason: 'The audience would become too small by this removal.',
    permanent: false,
  });
  expect(result.removed.at(-1)).toEqual({ key: 'email:c10000@example.com', result: 'done' });
});

const TOO_LOW = {
  platform: 'facebook' as const,
  path: '/users$',
  status: 400,
  body: { error: { code: 200, error_subcode: 1870047, message: '(#200) Audience Size too Low' } },
};

test('a removal that would leave too few people is sent again once others joined, and those after it follow', async () => {
  await using stand = await openStand();
  const { remote_id } = await stand.destination.create('Top');
  await all(stand.destination.push(change(remote_id, { add: people(0, 10_100) })));
  stand.sandbox.fault(TOO_LOW);
  const wanted = change(remote_id, { add: people(20_000, 20_200), remove: people(0, 10_100) });

  const result = await all(stand.destination.push(wanted));

  // Refused once, then the additions, the refused batch again, and the last one.
  expect(result.requests).toBe(4);
  expect(result.removed).toHaveLength(10_100);
  expect(result.removed.every((outcome) => outcome.result === 'done')).toBe(true);
  const members = people(20_000, 20_200).map(({ email }) => hashed('EMAIL', email));
  expect(stand.held().audiences.Top?.members).toEqual(members.toSorted());
  const [removing] = stand.writes().filter(({ method }) => method === 'DELETE');
  const session = { session_id: removing?.session.session_id, estimated_num_total: 10_100 };
  const removals = stand.writes().filter(({ method }) => method === 'DELETE');
  expect(removals.map(({ session }) => session)).toEqual([
    { ...session, batch_seq: 1, last_batch_flag: false },
    { ...session, batch_seq: 2, last_batch_flag: true },
  ]);
});

test('a removal refused before and after the additions stays inside and is offered again', async () => {
  await using stand = await openStand();
  const { remote_id } = await stand.destination.create('Top');
  await all(stand.destination.push(change(remote_id, { add: people(0, 3) })));
  stand.sandbox.fault(TOO_LOW);
  stand.sandbox.fault({ ...TOO_LOW, skip: 1 });

  const result = await all(
    stand.destination.push(change(remote_id, { add: people(5, 6), remove: people(0, 1) })),
  );

  expect(result.added).toMatchObject([{ result: 'done' }]);
  expect(result.removed).toMatchObject([{ result: 'refused', permanent: false }]);
  expect(result.requests).toBe(3);
});
