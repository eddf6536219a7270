import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { inspect } from 'node:util';
import { AdAccount } from 'facebook-nodejs-business-sdk';
import { expect, test } from 'vitest';
import { SyncError } from '../../connectors/error.ts';
import { connect } from '../../connectors/facebook/api.ts';
import { explain, quote } from '../../connectors/facebook/failure.ts';
import { hashed } from '../../connectors/facebook/hash.ts';
import { openPace } from '../../connectors/facebook/pace.ts';
import { all, change, openDestination, openStand, person } from './facebook-stand.ts';

type Answer = { status: number; headers?: Record<string, string>; body?: unknown; text?: string };

const graphError = (code: number, error_subcode?: number, more = {}): Answer => ({
  status: 400,
  body: {
    error: {
      message: `(#${code}) No`,
      type: 'OAuthException',
      code,
      error_subcode,
      fbtrace_id: 'T',
      ...more,
    },
  },
});

/** Pushes one member while Meta answers `answer` for ever; what came of it, and after how many requests. */
async function pushAgainst(answer: Answer) {
  await using stand = await openStand();
  const { remote_id } = await stand.destination.create('Top');
  stand.sandbox.fault({ platform: 'facebook', times: 100, ...answer });
  const pushed = all(stand.destination.push(change(remote_id, { add: [person(1)] })));
  const error: unknown = await pushed.catch((thrown: unknown) => thrown);
  const requests = stand.sandbox.requests().facebook?.[`POST /${remote_id}/users`];
  return { error, requests };
}

test.each<[number, number | undefined, string, string]>([
  [1, 99, 'DESTINATION_DOWN', 'now'],
  [2, undefined, 'DESTINATION_DOWN', 'now'],
  [4, 1504022, 'DESTINATION_THROTTLED', 'next_run'],
  [17, 2446079, 'DESTINATION_THROTTLED', 'next_run'],
  [613, 1487742, 'DESTINATION_THROTTLED', 'next_run'],
  [80003, 2446079, 'DESTINATION_THROTTLED', 'next_run'],
  [80004, 2446079, 'DESTINATION_THROTTLED', 'next_run'],
  [803, undefined, 'AUDIENCE_GONE', 'now'],
  [2650, 1870148, 'DESTINATION_REJECTED', 'now'],
  [2650, 1870145, 'DESTINATION_AUDIENCE_REPLACING', 'next_run'],
  [2650, 1870144, 'DESTINATION_REJECTED', 'next_run'],
  [2650, 1870147, 'DESTINATION_REJECTED', 'next_run'],
  [2650, 1870158, 'DESTINATION_REJECTED', 'next_run'],
  [2650, 1870159, 'DESTINATION_AUDIENCE_REPLACING', 'next_run'],
  [2650, undefined, 'DESTINATION_REJECTED', 'next_run'],
  [10, undefined, 'DESTINATION_PERMISSION', 'never'],
  [100, undefined, 'DESTINATION_REJECTED', 'never'],
  [100, 33, 'AUDIENCE_GONE', 'never'],
  [100, 1713228, 'DESTINATION_FLAGGED', 'never'],
  [100, 1713230, 'DESTINATION_FLAGGED', 'never'],
  [100, 1713231, 'DESTINATION_FLAGGED', 'never'],
  [105, undefined, 'DESTINATION_REJECTED', 'never'],
  [190, 458, 'DESTINATION_KEY_REFUSED', 'never'],
  [190, 460, 'DESTINATION_KEY_REFUSED', 'never'],
  [190, 463, 'DESTINATION_KEY_REFUSED', 'never'],
  [190, 467, 'DESTINATION_KEY_REFUSED', 'never'],
  [190, undefined, 'DESTINATION_KEY_REFUSED', 'never'],
  [194, undefined, 'DESTINATION_REJECTED', 'never'],
  [200, undefined, 'DESTINATION_PERMISSION', 'never'],
  [200, 1870034, 'DESTINATION_TERMS', 'never'],
  [200, 1870050, 'DESTINATION_PERMISSION', 'never'],
  [200, 1870090, 'DESTINATION_TERMS', 'never'],
  [200, 1870092, 'DESTINATION_TERMS', 'never'],
  [270, undefined, 'DESTINATION_PERMISSION', 'never'],
  [294, undefined, 'DESTINATION_PERMISSION', 'never'],
  [368, undefined, 'DESTINATION_REJECTED', 'never'],
  [2635, undefined, 'DESTINATION_REJECTED', 'never'],
  [2654, 1713092, 'DESTINATION_PERMISSION', 'never'],
  [2654, 1713007, 'DESTINATION_LOOKALIKE_DUPLICATE', 'next_run'],
  [2654, 1713089, 'DESTINATION_REJECTED', 'never'],
  [2654, 1713159, 'DESTINATION_REJECTED', 'never'],
  [2654, undefined, 'DESTINATION_AUDIENCE_NOT_CREATED', 'next_run'],
])('code %i, subcode %s is %s, and trying again helps: %s', async (code, subcode, expected, retry) => {
  const { error, requests } = await pushAgainst(graphError(code, subcode));

  expect(error).toMatchObject({ retry, problem: { code: expected, where: 'facebook act_1 → Top' } });
  expect((error as { problem: { why: string } }).problem.why).toContain(`code ${code}`);
  expect(requests).toBe(retry === 'now' ? 4 : 1);
});

test.each<[number, number | undefined, string]>([
  [190, 458, 'the app was removed'],
  [190, 460, 'the password was changed'],
  [190, 463, 'it expired'],
  [190, 467, 'it was revoked'],
  [270, undefined, 'development access only'],
  [368, undefined, 'as misuse'],
  [2635, undefined, 'does not serve v26.0'],
  [2654, 1713159, 'one of these countries'],
])('code %i, subcode %s is told in its own words: %s', async (code, subcode, words) => {
  const { error } = await pushAgainst(graphError(code, subcode));

  expect((error as SyncError).problem.what).toContain(words);
});

test.each<[string, Answer, string]>([
  ['an error page', { status: 502, text: '<html>Bad gateway</html>' }, 'DESTINATION_DOWN'],
  ['an empty error', { status: 503, text: '' }, 'DESTINATION_DOWN'],
  ['a transient error', graphError(9999, undefined, { is_transient: true }), 'DESTINATION_DOWN'],
  ['an error without a code', { status: 500, body: { error: { message: 'No' } } }, 'DESTINATION_DOWN'],
  ['a page of a proxy', { status: 200, text: '<html>Sign in</html>' }, 'DESTINATION_ANSWER'],
  ['an answer without counts', { status: 200, body: { success: true } }, 'DESTINATION_ANSWER'],
  ['a refusal by something else', { status: 403, body: { error: {} } }, 'DESTINATION_ANSWER'],
  ['a refusal without a code', { status: 403, body: { error: { message: 'No' } } }, 'DESTINATION_ANSWER'],
])('%s is told apart', async (_, answer, code) => {
  const { error } = await pushAgainst(answer);

  expect(error).toMatchObject({ problem: { code } });
});

test.each<[string, Answer | { drop: 'before' | 'after' }]>([
  ['one error page', { status: 502, text: '<html>Bad gateway</html>' }],
  ['one lost answer', { drop: 'after' }],
  ['a new audience not known everywhere yet', graphError(803)],
  [
    'an answer that breaks off',
    { status: 200, headers: { 'content-length': '500', connection: 'close' }, text: '{"num_rec' },
  ],
])('%s costs one more request and nothing else', async (_, answer) => {
  await using stand = await openStand();
  const { remote_id } = await stand.destination.create('Top');
  stand.sandbox.fault({ platform: 'facebook', path: '/users$', ...answer });

  const result = await all(stand.destination.push(change(remote_id, { add: [person(1)] })));

  expect(result).toMatchObject({ added: [{ result: 'done' }], requests: 2 });
  expect(stand.held().audiences.Top?.members).toEqual([hashed('EMAIL', 'c1@example.com')]);
});

const TOKEN = 'EAABsbCS1iHgBA0123456789';
const HASH = hashed('EMAIL', 'c1@example.com');
const NUMBERS = ['+40 721 000 001', '0721000001', '+1 (555) 987-6543', '40.721.000.001'];
const SECRETS = [TOKEN, HASH, 'c1@example.com', 'c1%40example.com', ...NUMBERS];
const quoting = { message: `Malformed ${SECRETS.join('; ')} in ads_management` };

test.each<[string, Answer]>([
  ['a refused token', graphError(190, undefined, quoting)],
  ['a refused parameter', graphError(100, undefined, quoting)],
  ['a throttle', graphError(80003, undefined, quoting)],
  ['words for people', graphError(100, undefined, { error_user_msg: quoting.message })],
  ['an error page', { status: 502, text: `<html>${SECRETS.join(' ')}</html>` }],
  ['a page of a proxy', { status: 200, text: `<html>${SECRETS.join(' ')}</html>` }],
  ['an answer that means nothing', { status: 400, body: { error: quoting } }],
])('%s lets neither the token nor a hash nor an address nor a number out', async (_, answer) => {
  await using stand = await openStand({ access_token: TOKEN });
  stand.sandbox.fault({ platform: 'facebook', times: 100, ...answer });

  const error: unknown = await stand.destination.check().catch((thrown: unknown) => thrown);

  const seen = inspect(error, { depth: null, showHidden: true }) + JSON.stringify([error, stand.logs]);
  expect(error).toBeInstanceOf(SyncError);
  for (const secret of SECRETS) expect(seen).not.toContain(secret);
});

test('what is masked is what may be personal, the rest of the words stays', () => {
  const words = quote({ code: 100, message: quoting.message, is_transient: false }, TOKEN);

  expect(words).toMatch(/^Meta says: "Malformed (…;? ){8}in ads_management" \(code 100\)$/);
  expect(quote({ code: 100, message: 'No', error_user_msg: 'Pick a name', is_transient: false }, TOKEN)).toBe(
    'Meta says: "Pick a name" (code 100)',
  );
  const plain = 'Param 17 of 20 on 14-Feb-18 18:00:00 PST (version 26.0)';
  expect(quote({ code: 1, message: plain, is_transient: false }, TOKEN)).toContain(plain);
});

test('a mistake of this program is not taken for an outage, and so not tried again', () => {
  const { error } = explain(new TypeError('x is not a function'), {
    account: 'act_1',
    token: 't',
    wait_ms: 0,
  });

  expect(error).toMatchObject({ retry: 'next_run', problem: { code: 'DESTINATION_ANSWER' } });
});

test('a platform out of reach is down', async () => {
  const destination = openDestination({
    access_token: 't',
    ad_account_id: '1',
    base_url: 'http://127.0.0.1:1',
  });

  await expect(destination.check()).rejects.toMatchObject({
    retry: 'now',
    problem: { code: 'DESTINATION_DOWN', where: 'facebook act_1' },
  });
});

test('a request without an answer ends when its time is up', async () => {
  const silent = createServer(() => {}).listen(0, '127.0.0.1');
  await once(silent, 'listening');
  const { port } = silent.address() as AddressInfo;
  const pace = openPace({ account: 'silent', app: 'silent app' }, new AbortController().signal);
  const settings = { access_token: 't', base_url: `http://127.0.0.1:${port}` };
  const api = connect(settings, { pace, log: () => {} }, 50);

  const thrown: unknown = await new AdAccount('act_1', {}, undefined, api)
    .read(['name'])
    .catch((error: unknown) => error);

  const { error } = explain(thrown, { account: 'act_1', token: 't', wait_ms: 0 });
  expect(error).toMatchObject({ retry: 'now', problem: { code: 'DESTINATION_DOWN' } });
  silent.close();
});
