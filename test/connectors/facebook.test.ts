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
  const settings = [facebook.settings, facebook.audience_settings ?? z.object()];
  for (const setting of settings.flatMap(({ shape }) => Object.values(shape)))
    expect(z.globalRegistry.get(setting as z.ZodType)?.description).toBeTruthy();
  expect(z.globalRegistry.get(facebook.settings.shape.access_token as z.ZodType)).toMatchObject({
    secret: true,
  });
});

test('an audience may ask for values and lookalikes, in shares that Meta knows', () => {
  const parse = (its: unknown) => facebook.audience_settings?.safeParse(its).error?.issues[0]?.message;
  const lookalike = (ratio: unknown, countries: unknown = ['RO']) =>
    parse({ lookalikes: [{ countries, ratio }] });

  for (let hundredths = 1; hundredths <= 20; hundredths += 1) {
    expect(lookalike(hundredths / 100), String(hundredths)).toBeUndefined();
  }
  expect(lookalike({ from: 0.01, to: 0.02 })).toBeUndefined();
  expect(parse({ value: 'clv_12m' })).toBeUndefined();
  for (const wrong of [0, 0.21, 0.015, '1%', { from: 0.02, to: 0.02 }, { from: 0.03, to: 0.02 }]) {
    expect(lookalike(wrong), JSON.stringify(wrong)).toBeTruthy();
  }
  expect(lookalike(0.01, ['ro'])).toContain('country code');
  expect(lookalike(0.01, [])).toBeTruthy();
  expect(parse({ lookalikes: [{ ratio: 0.01 }] })).toBeTruthy();
});

test('the run learns which field is the value, and how many people a seed needs', () => {
  const seed = {
    segment: 'lifecycle.top',
    value: 'clv_12m',
    lookalikes: [{ countries: ['RO'], ratio: 0.01 }],
  };

  expect(facebook.value_field?.(seed)).toBe('clv_12m');
  expect(facebook.least_members?.(seed)).toBe(100);
  for (const plain of [undefined, {}, { lookalikes: [] }]) {
    expect(facebook.value_field?.(plain)).toBeUndefined();
    expect(facebook.least_members?.(plain)).toBeUndefined();
  }
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

test('the definition opens it, SDK and all, only when asked to', async () => {
  await using stand = await openStand();
  const settings = { access_token: 'sandbox', ad_account_id: 'act_1', base_url: stand.sandbox.url };
  const parsed = facebook.settings.parse(settings) as Parameters<typeof facebook.open>[0];
  const context = { folder: '.', signal: new AbortController().signal, backoff_ms: 1, log: () => {} };

  const destination = await facebook.open(parsed, context);

  expect(await destination.check()).toHaveLength(5);
  expect(parsed).toMatchObject({ replace: 'never', orphans: 'keep' });
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

test('a remembered id that is now a lookalike, or another account’s, is not written to', async () => {
  await using stand = await openStand();
  const node = { name: 'Top', account_id: '1', time_created: 1 };
  const data = [
    { ...node, id: '10', subtype: 'LOOKALIKE' },
    { ...node, id: '11', subtype: 'CUSTOM', account_id: '2' },
    { ...node, id: '12', subtype: 'CUSTOM' },
  ];
  stand.sandbox.fault({
    platform: 'facebook',
    path: 'customaudiences$',
    times: 2,
    status: 200,
    body: { data },
  });

  for (const remote_id of ['10', '11']) {
    const found = await stand.destination.find([{ name: 'Top', remote_id }]);
    expect(found.get('Top')).toEqual({ remote_id: '12' });
  }
});

test('an audience just made is the one of its name, also while Meta does not list it yet', async () => {
  await using stand = await openStand({}, { visible_ms: 60_000, now: () => Date.UTC(2026, 10, 22) });
  const { destination } = stand;

  const { remote_id } = await destination.create('Top');
  const found = await destination.find([{ name: 'Top' }]);

  expect(found.get('Top')).toEqual({ remote_id });
});

test('all audiences are found in one listing, an id it lacks is asked for by itself', async () => {
  await using stand = await openStand({}, { visible_ms: 60_000, now: () => at });
  let at = 0;
  const names = ['Top', 'Active', 'At risk', 'Lost'];
  const ids = new Map<string, string>();
  for (const name of names) ids.set(name, (await stand.destination.create(name)).remote_id);
  at = 30_000;
  const late = (await stand.destination.create('Late')).remote_id;
  at = 61_000;
  const before = stand.sandbox.exchanges.length;

  const found = await stand.destination.find(names.map((name) => ({ name, remote_id: ids.get(name) })));
  expect([...found.keys()]).toEqual(names);
  expect(stand.sandbox.exchanges.length - before).toBe(1);

  // Made a moment ago, it is in no list yet: taken for gone, it would be made twice.
  const next = stand.reopen();
  const again = next.find([{ name: 'Late', remote_id: late }]);
  await expect(again).rejects.toMatchObject({ retry: 'now', problem: { code: 'AUDIENCE_GONE' } });
  at = 95_000;
  expect((await next.find([{ name: 'Late', remote_id: late }])).get('Late')).toBeDefined();
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
