import { FacebookAdsApi } from 'facebook-nodejs-business-sdk';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { hashed } from '../../connectors/facebook/hash.ts';
import { facebook } from '../../connectors/facebook/schema.ts';
import { change, openStand, person } from './facebook-stand.ts';

/** Before any test: the SDK would add its own handler once for the process. */
const listeners = process.listenerCount('uncaughtException');

const audience = {
  name: 'Top',
  subtype: 'CUSTOM',
  customer_file_source: 'USER_PROVIDED_ONLY',
};

test('an ad account may be written with or without act_, and nothing unknown is taken', () => {
  const parse = (ad_account_id: string) => facebook.settings.parse({ access_token: 't', ad_account_id });

  expect(parse('123')).toMatchObject({ ad_account_id: 'act_123' });
  expect(parse('act_123')).toMatchObject({ ad_account_id: 'act_123' });
  expect(() => parse('shop')).toThrow('number of an ad account');
  expect(() => facebook.settings.parse({ access_token: 't', ad_account_id: '1', tag: 'x' })).toThrow('tag');
});

test('every setting is described, and the token is marked as a secret', () => {
  for (const setting of Object.values(facebook.settings.shape))
    expect(z.globalRegistry.get(setting)?.description).toBeTruthy();
  expect(z.globalRegistry.get(facebook.settings.shape.access_token as z.ZodType)).toMatchObject({
    secret: true,
  });
});

test('check tells what was proved', async () => {
  await using stand = await openStand();

  const facts = await stand.destination.check();

  expect(facts).toEqual([
    'ad account act_1 "Sandbox shop" can be read (Marketing API v26.0)',
    'its custom audiences can be listed',
    'the terms for custom audiences are accepted',
  ]);
});

test('check names the page where the terms are accepted', async () => {
  await using stand = await openStand();
  stand.sandbox.fault({
    platform: 'facebook',
    path: '^/act_1$',
    status: 200,
    body: { id: 'act_1', account_id: '1', name: 'Shop', tos_accepted: { web_custom_audience_tos: 1 } },
  });

  await expect(stand.destination.check()).rejects.toMatchObject({
    retry: 'never',
    problem: {
      code: 'DESTINATION_TERMS',
      fix: 'Accept them at https://business.facebook.com/ads/manage/customaudiences/tos/?act=1',
    },
  });
});

test('check says when the token may only look on', async () => {
  await using stand = await openStand();
  const node = { id: 'act_1', account_id: '1', name: 'Shop', user_tasks: ['ANALYZE'] };
  stand.sandbox.fault({ platform: 'facebook', path: '^/act_1$', status: 200, body: node });

  await expect(stand.destination.check()).rejects.toMatchObject({
    problem: { code: 'DESTINATION_PERMISSION' },
  });
});

test('check tells a refused token from an ad account out of reach', async () => {
  await using wrongToken = await openStand({ access_token: 'other' });
  await using wrongAccount = await openStand({ ad_account_id: '2' });

  await expect(wrongToken.destination.check()).rejects.toMatchObject({
    problem: { code: 'DESTINATION_KEY_REFUSED' },
  });
  await expect(wrongAccount.destination.check()).rejects.toMatchObject({
    problem: { code: 'DESTINATION_PERMISSION', where: 'facebook act_2' },
  });
});

test('an audience is created once, whoever asks again', async () => {
  await using stand = await openStand();

  const first = await stand.destination.create('Top');
  const again = await stand.destination.create('Top');

  expect(first.requests).toBe(1);
  expect(again).toEqual({ remote_id: first.remote_id, requests: 0 });
  expect(stand.held().audiences).toEqual({ Top: { id: first.remote_id, members: [] } });
  const created = stand.sandbox.exchanges.find(({ request }) => request.method === 'POST');
  expect(created?.request.body).toMatchObject({
    ...audience,
    description: 'Kept up to date by segment-sync',
  });
});

test('an answer lost on the way does not make a second audience', async () => {
  await using stand = await openStand();
  stand.sandbox.fault({ platform: 'facebook', method: 'POST', path: 'customaudiences$', drop: 'after' });

  const { requests } = await stand.destination.create('Top');

  expect(requests).toBe(1);
  expect(await stand.call('GET', '/act_1/customaudiences')).toMatchObject({ data: [{}] });
});

test('find goes by remembered id, then by exact name among the custom audiences of this account', async () => {
  await using stand = await openStand();
  const older = (await stand.destination.create('Top')).remote_id;
  const newer = (await stand.call('POST', '/act_1/customaudiences', audience)).id as string;
  await stand.call('POST', '/act_1/customaudiences', { ...audience, name: 'top' });

  const found = await stand.destination.find([{ name: 'Top' }, { name: 'TOP' }]);
  const remembered = await stand.destination.find([{ name: 'Top', remote_id: newer }]);
  await stand.call('DELETE', `/${newer}`);
  const afterDeletion = await stand.destination.find([{ name: 'Top', remote_id: newer }]);

  expect([...found]).toEqual([['Top', { remote_id: older }]]);
  expect(remembered.get('Top')).toEqual({ remote_id: newer });
  expect(afterDeletion.get('Top')).toEqual({ remote_id: older });
});

test('lookalikes, audiences shared by others and flagged twins of the same name are passed over', async () => {
  await using stand = await openStand();
  const node = { name: 'Top', subtype: 'CUSTOM', account_id: '1', time_created: 1 };
  const data = [
    { ...node, id: '10', subtype: 'LOOKALIKE' },
    { ...node, id: '11', account_id: '2' },
    { ...node, id: '12', operation_status: { code: 471, description: 'Flagged' } },
    { ...node, id: '13', time_created: 2 },
  ];
  stand.sandbox.fault({ platform: 'facebook', path: 'customaudiences$', status: 200, body: { data } });

  const found = await stand.destination.find([{ name: 'Top' }]);

  expect(found.get('Top')).toEqual({ remote_id: '13' });
});

test('find reads every page', async () => {
  await using stand = await openStand();
  for (let i = 0; i < 101; i += 1) {
    await stand.call('POST', '/act_1/customaudiences', { ...audience, name: i < 100 ? 'Top seller' : 'Top' });
  }
  // A platform that ignores the filter still gives the right answer.
  const pages = await stand.call('GET', '/act_1/customaudiences?limit=100&fields=id,name,subtype');
  stand.sandbox.fault({ platform: 'facebook', path: 'customaudiences$', status: 200, body: pages });

  const found = await stand.destination.find([{ name: 'Top' }]);

  expect(found.get('Top')).toEqual({ remote_id: stand.held().audiences.Top?.id });
});

test('the next page is asked for at base_url, whatever host its link names', async () => {
  await using stand = await openStand();
  const { remote_id } = await stand.destination.create('Top');
  const next = 'https://graph.facebook.com/v26.0/act_1/customaudiences?fields=id,name,subtype';
  const page = { data: [], paging: { cursors: {}, next } };
  stand.sandbox.fault({ platform: 'facebook', status: 200, body: page });

  const found = await stand.destination.find([{ name: 'Top' }]);

  expect(found.get('Top')).toEqual({ remote_id });
  // The link was followed, filter or no filter, and not the first page asked for again.
  expect(stand.sandbox.exchanges.at(-1)?.request.query.has('filtering')).toBe(false);
});

test('the process keeps its own handlers, and other users of the SDK their host and version', async () => {
  await using stand = await openStand();
  const { remote_id } = await stand.destination.create('Top');
  for await (const _ of stand.destination.push(change(remote_id, { add: [person(1)] })));

  expect(process.listenerCount('uncaughtException')).toBe(listeners);
  expect(FacebookAdsApi.getDefaultApi()).toBeUndefined();
  expect(FacebookAdsApi.GRAPH).toBe('https://graph.facebook.com');
  expect(FacebookAdsApi.VERSION).toBe('v24.0');
  expect(stand.held().audiences.Top?.members).toEqual([hashed('EMAIL', 'c1@example.com')]);
});
