import { expect, test } from 'vitest';
import { openStand, type Stand } from './facebook-stand.ts';

test('check tells what was proved', async () => {
  await using stand = await openStand();

  const facts = await stand.destination.check();

  expect(facts).toEqual([
    'ad account act_1 "Sandbox shop" is active and can be read (Marketing API v26.0)',
    'the token has ads_management and does not expire',
    'its custom audiences can be listed',
    'the terms for custom audiences are accepted',
    'the terms for value-based audiences are accepted',
  ]);
  expect(stand.written()).toEqual([]);
});

test('check says when the token expires', async () => {
  const now = () => Date.UTC(2026, 10, 22);
  await using stand = await openStand({ access_token: 'sandbox-expiring' }, { now });

  expect(await stand.destination.check()).toContain(
    'the token has ads_management and expires on 2026-11-29: make a new one before',
  );
});

test('when the token expires is told as a time, without a word where it does not or Meta does not say', async () => {
  const now = () => Date.UTC(2026, 10, 22);
  await using expiring = await openStand({ access_token: 'sandbox-expiring' }, { now });
  await using lasting = await openStand();
  await using silent = await openStand();
  const error = { code: 100, message: '(#100) You must provide an app access token' };
  silent.sandbox.fault({ platform: 'facebook', path: 'debug_token', status: 400, body: { error } });
  await using expired = await openStand({ access_token: 'sandbox-expired' });

  expect(await expiring.destination.expiresAt!()).toMatch(/^2026-11-29T/);
  expect(await lasting.destination.expiresAt!()).toBeNull();
  expect(await silent.destination.expiresAt!()).toBeNull();
  await expect(expired.destination.expiresAt!()).rejects.toMatchObject({
    problem: { code: 'DESTINATION_KEY_REFUSED' },
  });
  expect(Object.keys(expiring.sandbox.requests().facebook ?? {})).toHaveLength(1);
});

test('a token that may not look at itself is no obstacle', async () => {
  await using stand = await openStand();
  const error = { code: 100, message: '(#100) You must provide an app access token' };
  stand.sandbox.fault({ platform: 'facebook', path: 'debug_token', status: 400, body: { error } });

  expect(await stand.destination.check()).toContain('Meta does not tell when the token expires');
});

test.each<[string, { access_token?: string; ad_account_id?: string }, object]>([
  ['an unknown token', { access_token: 'other' }, { code: 'DESTINATION_KEY_REFUSED' }],
  [
    'an expired token',
    { access_token: 'sandbox-expired' },
    { code: 'DESTINATION_KEY_REFUSED', what: 'Meta refuses the access token: it expired.' },
  ],
  [
    'a token without ads_management',
    { access_token: 'sandbox-reader' },
    { code: 'DESTINATION_PERMISSION', why: 'The token lacks ads_management.' },
  ],
  [
    'an ad account out of reach',
    { ad_account_id: '2' },
    { code: 'DESTINATION_PERMISSION', where: 'facebook act_2' },
  ],
  [
    'terms that nobody accepted',
    { ad_account_id: '3' },
    {
      code: 'DESTINATION_TERMS',
      fix: 'Accept them at https://business.facebook.com/ads/manage/customaudiences/tos/?act=3',
    },
  ],
  [
    'an ad account that is disabled',
    { ad_account_id: '4' },
    { code: 'DESTINATION_ACCOUNT_INACTIVE', what: 'The ad account act_4 is disabled.' },
  ],
])('check names %s, with the cure', async (_, settings, problem) => {
  await using stand = await openStand(settings);

  await expect(stand.destination.check()).rejects.toMatchObject({
    retry: 'never',
    problem: { fix: expect.stringMatching(/\w/), ...problem },
  });
});

test('an ad account whose name Meta does not know is out of reach, and not too new', async () => {
  await using stand = await openStand();
  const error = { code: 803, message: '(#803) Some of the aliases you requested do not exist' };
  stand.sandbox.fault({ platform: 'facebook', path: '^/act_1$', status: 400, body: { error } });

  await expect(stand.destination.check()).rejects.toMatchObject({
    retry: 'never',
    problem: { code: 'DESTINATION_PERMISSION' },
  });
});

test('check says when the token may only look on', async () => {
  await using stand = await openStand();
  answerWith(stand, { user_tasks: ['ANALYZE'] });

  await expect(stand.destination.check()).rejects.toMatchObject({
    problem: { code: 'DESTINATION_PERMISSION', why: 'The token has neither ADVERTISE nor MANAGE there.' },
  });
});

const DAY_S = 86_400;

test.each<[string, object, string]>([
  ['its own end', { expires_at: 1_800_000_000 }, '2027-01-15'],
  ['that of the data access', { data_access_expires_at: 1_800_000_000 }, '2027-01-15'],
  [
    'the first of both',
    { expires_at: 1_800_000_000 + DAY_S, data_access_expires_at: 1_800_000_000 },
    '2027-01-15',
  ],
])('check says when the token ends: %s', async (_, data, day) => {
  await using stand = await openStand();
  tellOfToken(stand, { is_valid: true, ...data });

  expect(await stand.destination.check()).toContain(
    `the token has ads_management and expires on ${day}: make a new one before`,
  );
});

test('a token that Meta calls invalid is refused', async () => {
  await using stand = await openStand();
  tellOfToken(stand, { is_valid: false });

  await expect(stand.destination.check()).rejects.toMatchObject({
    problem: { code: 'DESTINATION_KEY_REFUSED' },
  });
});

test.each([
  ['the token is looked at', 'debug_token', { code: 190, error_subcode: 467 }, 'DESTINATION_KEY_REFUSED'],
  ['audiences are listed', 'customaudiences$', { code: 200 }, 'DESTINATION_PERMISSION'],
])('what Meta refuses when %s is told', async (_, path, error, code) => {
  await using stand = await openStand();
  const body = { error: { message: 'No', ...error } };
  stand.sandbox.fault({ platform: 'facebook', path, status: 400, body });

  await expect(stand.destination.check()).rejects.toMatchObject({ problem: { code } });
});

test('check tells when only the terms for value-based audiences are missing', async () => {
  await using stand = await openStand();
  answerWith(stand, { tos_accepted: { custom_audience_tos: 1 } });

  expect(await stand.destination.check()).toContain(
    'the terms for value-based audiences are not accepted; audiences with `value` need them',
  );
});

function tellOfToken(stand: Stand, data: object): void {
  stand.sandbox.fault({ platform: 'facebook', path: 'debug_token', status: 200, body: { data } });
}

function answerWith(stand: Stand, node: object): void {
  const body = { id: 'act_1', account_id: '1', name: 'Shop', account_status: 1, ...node };
  stand.sandbox.fault({ platform: 'facebook', path: '^/act_1$', status: 200, body });
}
