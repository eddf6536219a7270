import { expect, test } from 'vitest';
import type { Member } from '../../connectors/destination.ts';
import { hashed } from '../../connectors/facebook/hash.ts';
import { all, change, openStand, people, person } from './facebook-stand.ts';

const VALUE = { value: 'clv_12m' };
const worth = (n: number, value?: string): Member => person(n, { value });
const emailHash = (n: number) => hashed('EMAIL', `c${n}@example.com`);

test('an audience with values says so when it is made, and each row ends with a number', async () => {
  await using stand = await openStand();
  const { remote_id } = await stand.destination.create('Top', VALUE);

  await all(
    stand.destination.push(
      change(remote_id, { add: [worth(1, '44.5'), worth(2, '0'), worth(3, '1234.5678')] }),
    ),
  );

  const created = stand.sandbox.exchanges.find(({ request }) => request.method === 'POST');
  expect(created?.request.body).toMatchObject({ subtype: 'CUSTOM', is_value_based: true });
  const [write] = stand.writes();
  expect(write?.payload.schema.slice(-2)).toEqual(['EXTERN_ID', 'LOOKALIKE_VALUE']);
  expect(write?.payload.data.map((row) => row.at(-1))).toEqual([44.5, 0, 1234.5678]);
  expect(write?.payload.data.every((row) => row.length === write.payload.schema.length)).toBe(true);
  expect(stand.held().audiences.Top?.values).toEqual({
    [emailHash(1)]: 44.5,
    [emailHash(2)]: 0,
    [emailHash(3)]: 1234.5678,
  });
});

test('a loss is worth nothing, and so is what nobody knows; both stay members', async () => {
  await using stand = await openStand();
  const { remote_id } = await stand.destination.create('Top', VALUE);
  const add = [worth(1, '-12.30'), worth(2), worth(3, 'much'), worth(4, ''), worth(5, 'Infinity')];

  const result = await all(stand.destination.push(change(remote_id, { add })));

  expect(result.added.every((outcome) => outcome.result === 'done')).toBe(true);
  expect(Object.values(stand.held().audiences.Top?.values ?? {})).toEqual([0, 0, 0, 0, 0]);
  expect(stand.logs).toEqual([
    { message: 'fields dropped that cannot be used', fields: { audience: 'Top', LOOKALIKE_VALUE: 4 } },
  ]);
});

test('adding someone again brings the new value, and one schema holds for all batches of a session', async () => {
  await using stand = await openStand();
  const { remote_id } = await stand.destination.create('Top', VALUE);
  await all(stand.destination.push(change(remote_id, { add: [worth(1, '1')] })));
  const more = people(2, 10_002).map((member, n) => ({ ...member, ...(n % 2 ? { value: '5' } : {}) }));

  await all(stand.destination.push(change(remote_id, { add: [worth(1, '2'), ...more] })));

  expect(stand.held().audiences.Top?.values?.[emailHash(1)]).toBe(2);
  expect(stand.held().audiences.Top?.members).toHaveLength(10_001);
  const [, first, second] = stand.writes();
  expect(second?.payload.schema).toEqual(first?.payload.schema);
  expect(second?.session.session_id).toBe(first?.session.session_id);
});

test('the next run knows from the listing that an audience holds values', async () => {
  await using stand = await openStand();
  const { remote_id } = await stand.destination.create('Top', VALUE);
  const next = stand.reopen();
  await next.find([{ name: 'Top', remote_id }]);

  await all(next.push(change(remote_id, { add: [worth(1, '7')] })));

  expect(stand.held().audiences.Top?.values).toEqual({ [emailHash(1)]: 7 });
});

test('removals hold no value', async () => {
  await using stand = await openStand();
  const { remote_id } = await stand.destination.create('Top', VALUE);
  await all(stand.destination.push(change(remote_id, { add: [worth(1, '7'), worth(2, '8')] })));

  await all(stand.destination.push(change(remote_id, { remove: [worth(1, '7')] })));

  expect(stand.writes().at(-1)?.payload.schema).toEqual(['EMAIL', 'PHONE']);
  expect(stand.held().audiences.Top?.values).toEqual({ [emailHash(2)]: 8 });
});

test('an audience made without values takes members without them, and says so', async () => {
  await using stand = await openStand();
  const { remote_id } = await stand.destination.create('Top');

  const result = await all(stand.destination.push(change(remote_id, { add: [worth(1, '7')] })));

  expect(result.added).toMatchObject([{ result: 'done' }]);
  expect(stand.writes()[0]?.payload.schema).not.toContain('LOOKALIKE_VALUE');
  expect(stand.logs).toEqual([
    { message: 'fields dropped that cannot be used', fields: { audience: 'Top', LOOKALIKE_VALUE: 1 } },
  ]);
});

test('an audience of the same name without values is not taken for the one with', async () => {
  await using stand = await openStand();
  const plain = await stand.destination.create('Top');

  const valued = await stand.destination.create('Top', VALUE);

  expect(valued.remote_id).not.toBe(plain.remote_id);
  expect(await stand.destination.create('Top', VALUE)).toEqual({ remote_id: valued.remote_id, requests: 0 });
});
