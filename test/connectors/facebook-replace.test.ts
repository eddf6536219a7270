import { expect, test } from 'vitest';
import { hashed } from '../../connectors/facebook/hash.ts';
import { all, change, openStand, people, person, type Stand } from './facebook-stand.ts';

const hashes = (from: number, to: number) =>
  people(from, to)
    .map(({ email }) => hashed('EMAIL', email))
    .toSorted();

/** An audience that holds the people 0 to 100, in a destination that may write it whole. */
async function openTop(replace = 'when_cheaper'): Promise<[Stand, string]> {
  const stand = await openStand({ replace });
  const { remote_id } = await stand.destination.create('Top');
  await all(stand.destination.push(change(remote_id, { add: people(0, 100) })));
  return [stand, remote_id];
}

/** The people 10 to 120, who are left when ten go and twenty come. */
const MOVE = { add: people(100, 120), remove: people(0, 10), wanted: people(10, 120) };

test('additions and removals share one request where the audience may be written whole', async () => {
  const [stand, remote_id] = await openTop();
  await using _ = stand;
  const before = stand.written().length;

  const result = await all(stand.destination.push(change(remote_id, MOVE)));

  expect(stand.written().slice(before)).toEqual([`POST /${remote_id}/usersreplace`]);
  expect(result.requests).toBe(1);
  expect([result.added.length, result.removed.length]).toEqual([20, 10]);
  expect([...result.added, ...result.removed].every((outcome) => outcome.result === 'done')).toBe(true);
  expect(stand.held().audiences.Top?.members).toEqual(hashes(10, 120));
  const { request } = stand.sandbox.exchanges.at(-1)!;
  expect(request.body).toMatchObject({ session: { batch_seq: 1, last_batch_flag: true } });
});

test('nobody else is ever taken out unless the settings say so', async () => {
  const [stand, remote_id] = await openTop('never');
  await using _ = stand;
  const guest = hashed('EMAIL', 'guest@example.com');
  await stand.call('POST', `/${remote_id}/users`, { payload: { schema: ['EMAIL'], data: [[guest]] } });

  const result = await all(stand.destination.push(change(remote_id, MOVE)));

  expect(result.requests).toBe(2);
  expect(stand.held().audiences.Top?.members).toEqual([...hashes(10, 120), guest].toSorted());
});

test('a change that takes one request anyway is sent as a change', async () => {
  const [stand, remote_id] = await openTop();
  await using _ = stand;
  const wanted = change(remote_id, { add: people(100, 120), wanted: people(0, 120) });
  wanted.wanted = () => {
    throw new Error('not asked for');
  };

  expect((await all(stand.destination.push(wanted))).requests).toBe(1);
  expect(stand.written().at(-1)).toBe(`POST /${remote_id}/users`);
});

test('an audience of more than one request is never written whole: cut short, it would lose people', async () => {
  const [stand, remote_id] = await openTop();
  await using _ = stand;
  let read = 0;
  const wanted = change(remote_id, { add: people(100, 101), remove: people(0, 1) });
  wanted.wanted = async function* () {
    for (const member of people(0, 30_000)) {
      read += 1;
      yield member;
    }
  };

  const result = await all(stand.destination.push(wanted));

  expect(read).toBe(10_001);
  expect(result.requests).toBe(2);
  expect(stand.written().some((route) => route.endsWith('usersreplace'))).toBe(false);
});

test('an audience is not emptied by writing it whole', async () => {
  const [stand, remote_id] = await openTop();
  await using _ = stand;
  const remove = [...people(0, 100), ...people(5_000, 15_000)];

  const result = await all(stand.destination.push(change(remote_id, { remove, wanted: [] })));

  expect(result.requests).toBe(2);
  expect(stand.written().some((route) => route.endsWith('usersreplace'))).toBe(false);
  expect(stand.held().audiences.Top?.members).toEqual([]);
});

test('many removals at once are answered for in pages', async () => {
  const [stand, remote_id] = await openTop();
  await using _ = stand;
  const remove = people(10, 25_000);
  const pages: number[] = [];

  for await (const page of stand.destination.push(change(remote_id, { remove, wanted: people(0, 10) })))
    pages.push(page.requests, page.removed.length);

  expect(pages).toEqual([1, 10_000, 0, 10_000, 0, 4_990]);
  expect(stand.held().audiences.Top?.members).toEqual(hashes(0, 10));
});

test('someone who cannot be sent is refused, and the rest is written', async () => {
  const [stand, remote_id] = await openTop();
  await using _ = stand;
  const bad = person(7, { key: 'email:nobody', email: 'nobody' });

  const result = await all(
    stand.destination.push(
      change(remote_id, { add: [bad, person(100)], remove: people(0, 1), wanted: [bad, ...people(1, 101)] }),
    ),
  );

  expect(result.added).toMatchObject([{ result: 'refused', permanent: true }, { result: 'done' }]);
  expect(stand.held().audiences.Top?.members).toEqual(hashes(1, 101));
});

test('a plan that no longer fits what is wanted is left to the next run', async () => {
  const [stand, remote_id] = await openTop();
  await using _ = stand;
  const wanted = { add: people(100, 102), remove: people(0, 2), wanted: people(1, 101) };

  const result = await all(stand.destination.push(change(remote_id, wanted)));

  expect(result.added).toMatchObject([
    { result: 'done' },
    { key: 'email:c101@example.com', result: 'retry' },
  ]);
  expect(result.removed).toMatchObject([
    { result: 'done' },
    { key: 'email:c1@example.com', result: 'retry' },
  ]);
});

const refusal = (code: number, error_subcode?: number) => ({
  platform: 'facebook' as const,
  path: 'usersreplace$',
  status: 400,
  body: { error: { message: 'No', code, error_subcode } },
});

test.each([1870145, 1870159])(
  'an answer lost on the way, and then subcode %i, means that it was written',
  async (subcode) => {
    const [stand, remote_id] = await openTop();
    await using _ = stand;
    stand.sandbox.fault({ platform: 'facebook', path: 'usersreplace$', drop: 'after' });
    stand.sandbox.fault(refusal(2650, subcode));

    const result = await all(stand.destination.push(change(remote_id, MOVE)));

    expect(result.requests).toBe(2);
    expect(result.added.every((outcome) => outcome.result === 'done')).toBe(true);
    expect(stand.held().audiences.Top?.members).toEqual(hashes(10, 120));
  },
);

test('an audience that somebody else writes whole just now is left to the next run', async () => {
  const [stand, remote_id] = await openTop();
  await using _ = stand;
  await stand.call('POST', `/${remote_id}/usersreplace`, {
    payload: { schema: ['EMAIL'], data: hashes(0, 1).map((hash) => [hash]) },
    session: { session_id: 5, batch_seq: 1, last_batch_flag: false },
  });

  await expect(all(stand.destination.push(change(remote_id, MOVE)))).rejects.toMatchObject({
    retry: 'next_run',
    problem: { code: 'DESTINATION_AUDIENCE_REPLACING' },
  });
  await expect(
    all(stand.destination.push(change(remote_id, { add: people(100, 101) }))),
  ).rejects.toMatchObject({ problem: { code: 'DESTINATION_AUDIENCE_REPLACING' } });
});

test('where Meta will not have it written whole, the change is sent instead', async () => {
  const [stand, remote_id] = await openTop();
  await using _ = stand;
  stand.sandbox.fault(refusal(100));

  const result = await all(stand.destination.push(change(remote_id, MOVE)));

  expect(result.requests).toBe(2);
  expect(stand.held().audiences.Top?.members).toEqual(hashes(10, 120));
  expect(stand.logs).toContainEqual({
    message: 'the audience cannot be written whole',
    fields: { audience: 'Top', reason: 'Meta says: "No" (code 100)' },
  });
});

test('a replacement that Meta cuts short is not taken for a refusal, and left to the next run', async () => {
  const [stand, remote_id] = await openTop();
  await using _ = stand;
  stand.sandbox.fault(refusal(2650, 1870158));

  await expect(all(stand.destination.push(change(remote_id, MOVE)))).rejects.toMatchObject({
    retry: 'next_run',
    problem: { code: 'DESTINATION_REJECTED' },
  });

  expect(stand.held().audiences.Top?.members).toEqual(hashes(0, 100));
});

test('an audience with values is written whole with its values', async () => {
  await using stand = await openStand({ replace: 'when_cheaper' });
  const { remote_id } = await stand.destination.create('Top', { value: 'clv_12m' });
  const worth = (from: number, to: number) =>
    people(from, to).map((member, n) => ({ ...member, value: String(n + 1) }));
  await all(stand.destination.push(change(remote_id, { add: worth(0, 3) })));

  const wanted = worth(1, 4);
  const result = await all(
    stand.destination.push(change(remote_id, { add: wanted.slice(2), remove: people(0, 1), wanted })),
  );

  expect(result.requests).toBe(1);
  expect(stand.written().at(-1)).toBe(`POST /${remote_id}/usersreplace`);
  const values = wanted.map(({ email, value }) => [hashed('EMAIL', email), Number(value)]);
  expect(stand.held().audiences.Top?.values).toEqual(Object.fromEntries(values));
});

test('rows that Meta names as invalid are refused, and none is sent again while it writes', async () => {
  const [stand, remote_id] = await openTop();
  await using _ = stand;
  const invalid_entry_samples = hashes(100, 200);
  const body = { audience_id: '1', session_id: '1', num_received: 290, num_invalid_entries: 150 };
  stand.sandbox.fault({
    platform: 'facebook',
    path: 'usersreplace$',
    status: 200,
    body: { ...body, invalid_entry_samples },
  });
  const wanted = { add: people(100, 300), remove: people(0, 10), wanted: people(10, 300) };

  const result = await all(stand.destination.push(change(remote_id, wanted)));

  expect(result.requests).toBe(1);
  const refused = result.added.flatMap(({ key, result: end }) => (end === 'refused' ? [key] : []));
  expect(refused).toEqual(people(100, 200).map(({ key }) => key));
});
