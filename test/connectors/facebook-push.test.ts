import { expect, test } from 'vitest';
import { hashed } from '../../connectors/facebook/hash.ts';
import { facebook } from '../../connectors/facebook/schema.ts';
import { all, change, each, openStand, people, person } from './facebook-stand.ts';

const emailHash = (n: number) => hashed('EMAIL', `c${n}@example.com`);

test('25,000 additions and 12,000 removals travel in five requests, and the audience is equal afterwards', async () => {
  await using stand = await openStand();
  const { remote_id } = await stand.destination.create('Top');
  await all(stand.destination.push(change(remote_id, { add: people(0, 12_000) })));
  const before = stand.writes().length;
  const wanted = change(remote_id, { add: people(12_000, 37_000), remove: people(0, 12_000) });

  const result = await all(stand.destination.push(wanted));

  const writes = stand.writes().slice(before);
  expect(writes.map(({ payload }) => payload.data.length)).toEqual([10_000, 2_000, 10_000, 10_000, 5_000]);
  expect(result.requests).toBe(facebook.floor({ create: false, add: 25_000, remove: 12_000 }));
  expect(result.requests).toBe(5);
  expect([...result.added, ...result.removed].every((outcome) => outcome.result === 'done')).toBe(true);
  expect([result.added.length, result.removed.length]).toEqual([25_000, 12_000]);
  const members = people(12_000, 37_000).map(({ email }) => hashed('EMAIL', email));
  expect(stand.held().audiences.Top?.members).toEqual(members.toSorted());
});

test('10,000 additions and 1,000 removals take two requests', async () => {
  await using stand = await openStand();
  const { remote_id } = await stand.destination.create('Top');
  await all(stand.destination.push(change(remote_id, { add: people(0, 1_000) })));
  const before = stand.sandbox.exchanges.length;
  const wanted = change(remote_id, { add: people(1_000, 11_000), remove: people(0, 1_000) });

  const result = await all(stand.destination.push(wanted));

  expect(stand.sandbox.exchanges.length - before).toBe(2);
  expect(result.requests).toBe(facebook.floor({ create: false, add: 10_000, remove: 1_000 }));
  expect(stand.held().audiences.Top?.members).toHaveLength(10_000);
});

test('additions and removals are one session each, with the last batch marked', async () => {
  await using stand = await openStand();
  const { remote_id } = await stand.destination.create('Top');
  const wanted = change(remote_id, { add: people(0, 20_000), remove: people(0, 10_001) });
  // The count may be out of date; the mark must not be.
  wanted.counts = { add: 7, remove: 30_000 };

  await all(stand.destination.push(wanted));

  const sessions = stand.writes().map(({ session, method }) => ({ method, ...session }));
  const [removing, , adding] = sessions.map(({ session_id }) => session_id);
  expect(sessions).toEqual([
    {
      method: 'DELETE',
      session_id: removing,
      batch_seq: 1,
      last_batch_flag: false,
      estimated_num_total: 30_000,
    },
    {
      method: 'DELETE',
      session_id: removing,
      batch_seq: 2,
      last_batch_flag: true,
      estimated_num_total: 30_000,
    },
    { session_id: adding, batch_seq: 1, last_batch_flag: false, estimated_num_total: 7 },
    { session_id: adding, batch_seq: 2, last_batch_flag: true, estimated_num_total: 7 },
  ]);
  expect(adding).not.toBe(removing);
  expect(sessions.every(({ session_id }) => Number.isSafeInteger(session_id) && session_id > 0)).toBe(true);
});

test('every key of the customer file is normalised and hashed, an unknown one is an empty cell', async () => {
  await using stand = await openStand();
  const { remote_id } = await stand.destination.create('Top');
  const ann = person(1, {
    phone: '+40 721 000 001',
    first_name: 'Ann-Marie',
    city: 'Cluj Napoca',
    zip: '400001',
    country: 'RO',
  });
  const bob = { key: 'phone:+15559876543', customer: 'bob', phone: '+15559876543' };

  await all(stand.destination.push(change(remote_id, { add: [ann, bob] })));
  await all(stand.destination.push(change(remote_id, { remove: [bob] })));

  const [added, removed] = stand.writes();
  expect(added?.payload).toEqual({
    schema: ['EMAIL', 'PHONE', 'FN', 'LN', 'CT', 'ST', 'ZIP', 'COUNTRY', 'EXTERN_ID'],
    data: [
      [
        emailHash(1),
        hashed('PHONE', '40721000001'),
        hashed('FN', 'annmarie'),
        '',
        hashed('CT', 'clujnapoca'),
        '',
        hashed('ZIP', '400001'),
        hashed('COUNTRY', 'ro'),
        hashed('EXTERN_ID', 'c1'),
      ],
      ['', hashed('PHONE', '15559876543'), '', '', '', '', '', '', hashed('EXTERN_ID', 'bob')],
    ],
  });
  expect(removed?.payload).toEqual({
    schema: ['EMAIL', 'PHONE'],
    data: [['', hashed('PHONE', '15559876543')]],
  });
  expect(stand.held().audiences.Top?.members).toEqual([emailHash(1)]);
});

test('who is named is found by address or number, and nobody else by what is the same of both', async () => {
  await using stand = await openStand();
  const { remote_id } = await stand.destination.create('Top');
  const name = { first_name: 'Ann', country: 'RO' };
  const numbered = { key: 'phone:+40721000001', customer: 'n', phone: '+40721000001', ...name };
  const row = [emailHash(1), '', hashed('FN', 'Ann'), '', '', '', '', hashed('COUNTRY', 'RO')];
  const body = {
    audience_id: remote_id,
    session_id: '1',
    num_received: 3,
    num_invalid_entries: 2,
    invalid_entry_samples: { 0: row.join(','), 1: hashed('PHONE', '40721000001') },
  };
  stand.sandbox.fault({ platform: 'facebook', path: '/users$', status: 200, body });

  const add = [person(1, name), person(2, name), numbered];
  const result = await all(stand.destination.push(change(remote_id, { add })));

  expect(result.added.map(({ result: end }) => end)).toEqual(['refused', 'done', 'refused']);
});

test('someone whose address changed leaves under the old one before joining under the new', async () => {
  await using stand = await openStand();
  const { remote_id } = await stand.destination.create('Top');
  const before = person(1, { customer: 'ann' });
  const after = person(2, { customer: 'ann' });
  await all(stand.destination.push(change(remote_id, { add: [before] })));

  await all(stand.destination.push(change(remote_id, { add: [after], remove: [before] })));

  expect(stand.writes().map(({ method }) => method)).toEqual([undefined, 'DELETE', undefined]);
  expect(stand.held().audiences.Top?.members).toEqual([emailHash(2)]);
});

test('a request tried again is the same request, and neither holds the token in its body', async () => {
  await using stand = await openStand();
  const { remote_id } = await stand.destination.create('Top');
  stand.sandbox.fault({ platform: 'facebook', path: '/users$', drop: 'after' });

  const result = await all(stand.destination.push(change(remote_id, { add: people(0, 2) })));

  expect(result.requests).toBe(2);
  const [first, second] = stand.writes();
  expect(second).toEqual(first);
  expect(Object.keys(first ?? {}).toSorted()).toEqual(['id', 'payload', 'session']);
});

test('nothing more is sent once the caller stops after an acknowledgement', async () => {
  await using stand = await openStand();
  const { remote_id } = await stand.destination.create('Top');

  const wanted = change(remote_id, {});
  let closed = false;
  wanted.add = async function* () {
    try {
      yield* people(0, 30_000);
    } finally {
      closed = true;
    }
  };

  for await (const { added } of stand.destination.push(wanted)) {
    expect(added).toHaveLength(10_000);
    break;
  }

  expect(stand.writes()).toHaveLength(1);
  expect(closed).toBe(true);
});

test('nothing to change sends nothing', async () => {
  await using stand = await openStand();
  const { remote_id } = await stand.destination.create('Top');

  const result = await all(stand.destination.push(change(remote_id, {})));

  expect(result).toEqual({ added: [], removed: [], requests: 0 });
  expect(stand.writes()).toEqual([]);
});

test('members are read a batch ahead and no further', async () => {
  await using stand = await openStand();
  const { remote_id } = await stand.destination.create('Top');
  const wanted = change(remote_id, {});
  let read = 0;
  wanted.add = async function* () {
    for await (const member of each(people(0, 40_000))) {
      read += 1;
      yield member;
    }
  };

  for await (const _ of stand.destination.push(wanted)) break;

  expect(read).toBeLessThanOrEqual(20_001);
});
