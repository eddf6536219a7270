import { expect, test } from 'vitest';
import { hashed } from '../../connectors/facebook/hash.ts';
import { all, change, openStand, people, person } from './facebook-stand.ts';

const ANN = person(1, { customer: 'ann', phone: '+40721000001' });
const KEYS = ['EMAIL', 'PHONE', 'EXTERN_ID'];

test('a person leaves every audience of the ad account, found by any of their identifiers', async () => {
  await using stand = await openStand();
  const { remote_id } = await stand.destination.create('Top');
  await all(stand.destination.push(change(remote_id, { add: [ANN, person(2)] })));
  const { id } = await stand.call('POST', '/act_1/customaudiences', {
    name: 'By hand',
    subtype: 'CUSTOM',
    customer_file_source: 'USER_PROVIDED_ONLY',
  });
  const schema = ['PHONE'];
  const data = ['40721000001', '40721000002'].map((phone) => [hashed('PHONE', phone)]);
  await stand.call('POST', `/${String(id)}/users`, { payload: { schema, data } });
  const before = stand.written().length;

  const receipt = await stand.destination.erase!(ANN, [{ remote_id }]);

  expect(receipt).toEqual({
    done: [
      'Facebook: removed from every customer-list audience of act_1.',
      `Facebook: removed from audience ${remote_id}; its ads follow within 24 hours.`,
    ],
    requests: 2,
  });
  expect(stand.written().slice(before)).toEqual([
    'DELETE /act_1/usersofanyaudience',
    `POST /${remote_id}/users`,
  ]);
  expect(stand.held().audiences.Top?.members).toEqual([hashed('EMAIL', 'c2@example.com')]);
  expect(stand.held().audiences['By hand']?.members).toEqual([hashed('PHONE', '40721000002')]);
  expect(stand.writes().at(-1)).toMatchObject({
    method: 'DELETE',
    payload: {
      schema: KEYS,
      data: [
        [hashed('EMAIL', ANN.email), '', ''],
        ['', hashed('PHONE', ANN.phone), ''],
        ['', '', hashed('EXTERN_ID', 'ann')],
      ],
    },
  });
});

test('the identifier in the key is enough, and nothing at all is said so', async () => {
  await using stand = await openStand();
  const { remote_id } = await stand.destination.create('Top');
  const bob = { key: 'phone:+15559876543', customer: '', phone: '+15559876543' };
  await all(stand.destination.push(change(remote_id, { add: [bob] })));

  const nothing = await stand.destination.erase!({ key: 'email:nobody', customer: '' }, [{ remote_id }]);
  await stand.destination.erase!({ key: bob.key, customer: '' }, []);

  expect(nothing).toEqual({ done: ['Facebook: nothing that names the person could be sent.'], requests: 0 });
  expect(stand.held().audiences.Top?.members).toEqual([]);
});

test('an audience that is gone, or would become too small, is told of; the rest is done', async () => {
  await using stand = await openStand();
  const { remote_id } = await stand.destination.create('Top');
  const error = { code: 200, error_subcode: 1870047, message: 'Audience Size too Low' };
  stand.sandbox.fault({ platform: 'facebook', path: `${remote_id}/users$`, status: 400, body: { error } });

  const { done, requests } = await stand.destination.erase!(ANN, [{ remote_id }, { remote_id: '99' }]);

  expect(done.slice(1)).toEqual([
    `Facebook: audience ${remote_id} would become too small by the removal, so Meta took only the one from all audiences.`,
    'Facebook: audience 99 does not exist any more.',
  ]);
  expect(requests).toBe(3);
});

test('erasure that Meta does not take is an error, to be repeated', async () => {
  await using stand = await openStand({ access_token: 'sandbox-reader' });

  await expect(stand.destination.erase!(ANN, [])).rejects.toMatchObject({
    problem: { code: 'DESTINATION_PERMISSION' },
  });
});

test('an audience takes another name and keeps its members', async () => {
  await using stand = await openStand();
  const { remote_id } = await stand.destination.create('Top');
  await all(stand.destination.push(change(remote_id, { add: people(0, 3) })));

  expect(await stand.destination.rename!({ remote_id }, 'Best')).toEqual({ requests: 1 });

  expect(stand.held().audiences.Best?.members).toHaveLength(3);
  expect((await stand.reopen().find([{ name: 'Best' }])).get('Best')).toEqual({ remote_id });
});

test('a flagged audience can be given a neutral name, and no other flagged one', async () => {
  await using stand = await openStand();
  const { remote_id } = await stand.destination.create('High income');
  const add = { add: people(0, 1) };
  await expect(all(stand.destination.push(change(remote_id, add)))).rejects.toMatchObject({
    retry: 'never',
    problem: { code: 'DESTINATION_FLAGGED' },
  });

  await expect(stand.destination.rename!({ remote_id }, 'Diabetes')).rejects.toMatchObject({
    problem: { code: 'DESTINATION_FLAGGED' },
  });
  await stand.destination.rename!({ remote_id }, 'Regulars');
  const result = await all(stand.destination.push(change(remote_id, add)));

  expect(result.added).toMatchObject([{ result: 'done' }]);
});

test('Meta tells a size only roughly, and sometimes not', async () => {
  await using stand = await openStand();
  const { remote_id } = await stand.destination.create('Top');
  await all(stand.destination.push(change(remote_id, { add: people(0, 1_234) })));
  const said = (body: object) =>
    stand.sandbox.fault({
      platform: 'facebook',
      path: `^/${remote_id}$`,
      status: 200,
      body: { id: remote_id, name: 'Top', subtype: 'CUSTOM', ...body },
    });

  expect(await stand.destination.count!({ remote_id })).toEqual({ members: 1_250, exact: false });
  said({ approximate_count_lower_bound: -1, approximate_count_upper_bound: -1 });
  expect(await stand.destination.count!({ remote_id })).toEqual({ members: 0, exact: false });
  await expect(stand.destination.count!({ remote_id: '99' })).rejects.toMatchObject({
    problem: { code: 'AUDIENCE_GONE' },
  });
});
