import { expect, test } from 'vitest';
import { aMember, members, openAccount } from './klaviyo-account.ts';

const done = (key: string) => ({ key, result: 'done' });

test('odd addresses and phone numbers are found again when they are to be removed', async () => {
  const account = await openAccount();
  const odd = [
    aMember('plus+tag@shop.example'),
    aMember("o'neil@shop.example"),
    aMember('"quo,ted\\"@shop.example'),
    aMember('a&b=c?d%20#e@shop.example'),
    aMember('țuțu@mañana.example'),
    { key: 'phone:+40712345678', customer: 'c_9', phone: '+40712345678' },
  ];
  const list = await account.list('Top');
  await account.push(list, { add: [...odd, aMember('stays@shop.example')] });

  const result = await account.push(list, { remove: odd });

  expect(result).toMatchObject({ removed: odd.map(({ key }) => done(key)), requests: 1 });
  expect(account.people('Top')).toEqual(['stays@shop.example']);
});

test('removing people Klaviyo does not know is done without a write', async () => {
  const account = await openAccount();

  const result = await account.push(await account.list('Top'), { remove: members(150) });

  expect(result.requests).toBe(0);
  expect(result.removed).toHaveLength(150);
});

test('a profile that vanishes between look-up and removal does not keep the others on the list', async () => {
  const account = await openAccount();
  const people = members(3);
  const list = await account.list('Top');
  await account.push(list, { add: people });
  const error = { id: 'e', code: 'not_found', title: 'Not found.', detail: 'No such profile' };
  account.fault({
    method: 'DELETE',
    status: 404,
    body: { errors: [{ ...error, source: { pointer: '/data/0/id' } }] },
  });

  const result = await account.push(list, { remove: people });

  expect(result).toMatchObject({ removed: people.map(({ key }) => done(key)), requests: 2 });
  expect(account.people('Top')).toEqual(['p0@shop.example']);
});

test('nobody is removed when Klaviyo answers with more people than were asked for', async () => {
  const account = await openAccount();
  const list = await account.list('Top');
  const data = ['A', 'B'].map((id) => ({ type: 'profile', id, attributes: {} }));
  account.fault({ path: '/profiles', status: 200, body: { data } });

  await expect(account.push(list, { remove: [aMember('a@shop.example')] })).rejects.toMatchObject({
    problem: { code: 'DESTINATION_ANSWER' },
  });
  expect(account.sent('DELETE', /./)).toEqual([]);
});
