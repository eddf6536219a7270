import nock from 'nock';
import { afterEach, expect, test } from 'vitest';
import { mailchimp } from '../../connectors/mailchimp/schema.ts';
import { change, done, open, openSandboxed, people, pushed } from './mailchimp-open.ts';

afterEach(() => nock.cleanAll());

test('without base_url the data centre at the end of the key is called, with the key as password', async () => {
  const api = nock('https://us19.api.mailchimp.com')
    .get('/3.0/lists/4ca5becb8d/segments')
    .query(true)
    .basicAuth({ user: 'user', pass: 'part-two-us19' })
    .reply(200, { segments: [{ id: 7, name: 'Lost' }], total_items: 1 });
  const destination = await open({ api_key: 'part-two-us19', list_id: '4ca5becb8d' });

  expect(await destination.find([{ name: 'Lost' }])).toEqual(new Map([['Lost', { remote_id: '7' }]]));
  api.done();
});

test('a call that ran out of time is repeated', async () => {
  const timeout = Object.assign(new Error('Timeout of 120000ms exceeded'), {
    timeout: 400_000,
    code: 'ECONNABORTED',
    errno: 'ETIME',
  });
  const members_added = people(1).map(({ email }) => ({ email_address: email }));
  nock('https://us19.api.mailchimp.com')
    .post('/3.0/lists/sandbox/segments/7')
    .replyWithError(timeout)
    .post('/3.0/lists/sandbox/segments/7', { members_to_add: ['person1@shop.test'], members_to_remove: [] })
    .reply(200, { members_added, members_removed: [], errors: [] });
  const destination = await open({ api_key: 'key-us19' });

  const result = await pushed(destination, change({ name: 'Lost', remote_id: '7' }, { add: people(1) }));

  expect(result).toEqual({ added: done(people(1)), removed: [], requests: 2 });
});

test('two accounts in one process do not mix', async () => {
  await using one = await openSandboxed([{ email: 'ana@shop.test' }]);
  await using two = await openSandboxed([{ email: 'ion@shop.test' }], { api_key: 'wrong-us2' });

  const [first, second] = await Promise.allSettled([one.destination.check(), two.destination.check()]);

  expect(first).toMatchObject({ status: 'fulfilled' });
  expect(second).toMatchObject({ reason: { problem: { code: 'DESTINATION_KEY_REFUSED' } } });
});

test.each([
  [{ api_key: 'abc-us19', list_id: 'l' }, true],
  [{ api_key: 'sandbox-us1', list_id: 'l', base_url: 'http://127.0.0.1:8080' }, true],
  [{ api_key: 'no data centre', list_id: 'l' }, false],
  [{ api_key: 'abc', list_id: 'l', base_url: 'http://127.0.0.1:8080' }, false],
  [{ api_key: 'abc-us19', list_id: '' }, false],
  [{ api_key: 'abc-us19', list_id: 'l', base_url: 'ftp://127.0.0.1' }, false],
  [{ api_key: 'abc-us19', list_id: 'l', listId: 'l' }, false],
])('settings %j are accepted: %j', (settings, accepted) => {
  expect(mailchimp.settings.safeParse(settings).success).toBe(accepted);
});
