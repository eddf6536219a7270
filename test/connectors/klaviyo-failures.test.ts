import { createServer } from 'node:net';
import { inspect } from 'node:util';
import { describe, expect, onTestFinished, test } from 'vitest';
import { klaviyoApi } from '../../connectors/klaviyo/api.ts';
import { createList, readSomeLists } from '../../connectors/klaviyo/lists.ts';
import { klaviyoSandbox } from '../../connectors/klaviyo/sandbox.ts';
import { createLimiter } from '../../connectors/limiter.ts';
import { serveSandbox } from '../../connectors/sandbox-server.ts';
import { aMember, changeOf, members, openAccount } from './klaviyo-account.ts';

const ana = aMember('ana@shop.example', { phone: '+40712345678', first_name: 'Ana' });
const refusal = (code: string, detail: string, source = {}) => ({
  errors: [{ id: 'e1', status: 400, code, title: 'Refused.', detail, source }],
});

test('a throttled request waits as long as Klaviyo asks', async () => {
  const account = await openAccount();
  const list = await account.list('Top');
  account.fault({
    method: 'POST',
    path: 'import-jobs',
    status: 429,
    headers: { 'retry-after': '30' },
    body: refusal('throttled', 'Wait.'),
  });
  const start = account.clock.now();

  const result = await account.push(list, { add: [ana] });

  expect(account.clock.now() - start).toBeGreaterThanOrEqual(30_000);
  expect(account.clock.now() - start).toBeLessThan(31_000);
  expect(result).toMatchObject({ added: [{ result: 'done' }], requests: 2 });
});

test('a wait beyond two minutes is left to the next run', async () => {
  const account = await openAccount();
  account.fault({
    method: 'POST',
    path: 'lists',
    times: 9,
    status: 429,
    headers: { 'retry-after': '40000' },
    body: refusal('throttled', 'Wait.'),
  });

  await expect(account.destination.create('Top')).rejects.toMatchObject({
    problem: {
      code: 'DESTINATION_THROTTLED',
      what: 'Klaviyo could not create the list: it allows so much in a day (150 new lists), and that is used up.',
      why: 'It asks to wait 40000 seconds.',
    },
    retry: 'next_run',
  });
  expect(account.sandbox.requests().klaviyo?.['POST /lists']).toBe(1);
});

describe('what passes is tried again until it has passed', () => {
  test.each([
    ['a server error', { status: 503, body: refusal('error', 'Busy.') }],
    [
      'a page of a proxy with an error',
      { status: 502, text: '<html>Bad gateway</html>', content_type: 'text/html' },
    ],
    [
      'a page of a proxy with status 200',
      { status: 200, text: '<html>Login</html>', content_type: 'text/html' },
    ],
    ['a page of a firewall', { status: 403, text: '<html>Blocked</html>', content_type: 'text/html' }],
    ['half an answer', { status: 200, body: { data: {} } }],
    ['an answer cut off', { status: 200, text: '{"data": [{"id": "x', content_type: 'application/json' }],
    ['a connection lost before the request took effect', { drop: 'before' }],
    ['a connection lost after the request took effect', { drop: 'after' }],
  ] as const)('%s', async (_, fault) => {
    const account = await openAccount();
    const list = await account.list('Top');
    const other = aMember('other@shop.example');
    for (const path of ['import-jobs$', 'import-jobs/', '^/profiles$']) account.fault({ path, ...fault });
    account.fault({ method: 'DELETE', ...fault });

    const added = await account.push(list, { add: [ana, other] });
    const removed = await account.push(list, { remove: [other] });

    expect(added).toMatchObject({ added: [{ result: 'done' }, { result: 'done' }], requests: 2 });
    expect(removed).toMatchObject({ removed: [{ result: 'done' }] });
    expect(account.people('Top')).toEqual([ana.email]);
  });
});

test.each([
  ['DESTINATION_DOWN', { status: 500, text: 'oops' }],
  ['DESTINATION_DOWN', { drop: 'before' }],
  ['DESTINATION_ANSWER', { status: 200, text: '<html></html>', content_type: 'text/html' }],
  ['DESTINATION_PERMISSION', { status: 403, body: refusal('permission_denied', 'No scope.') }],
  ['DESTINATION_REJECTED', { status: 400, body: refusal('invalid', 'No.') }],
] as const)('what does not pass ends as %s', async (code, fault) => {
  const account = await openAccount();
  account.fault({ path: 'lists', times: 99, ...fault });

  await expect(account.destination.find([{ name: 'Top' }])).rejects.toMatchObject({ problem: { code } });
});

test.each([
  ['DESTINATION_KEY_REFUSED', 401, 'authentication_failed'],
  ['DESTINATION_PERMISSION', 403, 'permission_denied'],
])('%s in the middle of a push: what was acknowledged stands', async (code, status, word) => {
  const account = await openAccount();
  const list = await account.list('Top');
  const leavers = members(1_500);
  await account.push(list, { add: leavers });
  account.fault({ method: 'DELETE', skip: 1, times: 9, status, body: refusal(word, 'No more.') });
  const change = changeOf(list, [], leavers);
  const acknowledgements = account.destination.push(change)[Symbol.asyncIterator]();

  expect((await acknowledgements.next()).value.removed).toHaveLength(1_000);
  await expect(acknowledgements.next()).rejects.toMatchObject({ problem: { code }, retry: 'never' });
  expect(account.sandbox.requests().klaviyo).toMatchObject({
    [`DELETE /lists/${list.remote_id}/relationships/profiles`]: 2,
  });
});

test('an answer is read whatever it is labelled', async () => {
  const account = await openAccount();
  const body = { data: [{ type: 'list', id: 'L1', attributes: { name: 'Top' } }] };
  account.fault({ path: 'lists', status: 200, body, content_type: 'text/plain' });

  expect(await account.destination.find([{ name: 'Top' }])).toEqual(new Map([['Top', { remote_id: 'L1' }]]));
});

test('a key that Klaviyo refuses is asked for once', async () => {
  const account = await openAccount();
  const destination = account.open('pk_wrong');

  await expect(destination.check()).rejects.toMatchObject({
    problem: { code: 'DESTINATION_KEY_REFUSED' },
    retry: 'never',
  });
  expect(account.sandbox.requests().klaviyo).toEqual({ 'GET /lists': 1 });
});

test('the check names every scope for reading that is missing', async () => {
  const account = await openAccount();
  const facts = await account.destination.check();
  const denied = { times: 1, status: 403, body: refusal('permission_denied', 'You do not have permission.') };
  account.fault({ path: '^/lists$', ...denied });
  account.fault({ path: '^/profiles$', ...denied });

  expect(facts[0]).toContain('lists:read and profiles:read');
  await expect(account.destination.check()).rejects.toMatchObject({
    problem: { code: 'DESTINATION_PERMISSION', what: 'The API key lacks lists:read and profiles:read.' },
  });
});

test('a list that was deleted is told from a request that was refused', async () => {
  const account = await openAccount();
  const list = await account.list('Top');
  await account.push(list, { add: [ana] });
  const gone = { name: 'Top', remote_id: 'GONE01' };

  const expected = { problem: { code: 'AUDIENCE_GONE', where: 'klaviyo list "Top"' }, retry: 'never' };
  await expect(account.push(gone, { add: [ana] })).rejects.toMatchObject(expected);
  await expect(account.push(gone, { remove: [ana] })).rejects.toMatchObject(expected);
});

test('neither key nor person shows in an error, whatever Klaviyo says', async () => {
  const account = await openAccount();
  const list = await account.list('Top');
  const detail = `ana@shop.example, "Ana" with +40 712 345 678 and ['O\\'Neil'] cannot be.`;
  account.fault({
    method: 'POST',
    path: 'import-jobs',
    status: 400,
    body: refusal('invalid', detail, { pointer: '/data' }),
  });

  const error: unknown = await account.push(list, { add: [ana] }).catch((thrown: unknown) => thrown);

  expect(error).toMatchObject({ problem: { code: 'DESTINATION_REJECTED' } });
  expect(inspect(error, { depth: 20, showHidden: true })).not.toMatch(/ana@|Ana\b|Neil|712|Klaviyo-API-Key/);
});

test('a refusal of one person is rid of what was sent of them', async () => {
  const account = await openAccount();
  const list = await account.list('Top');
  const source = { pointer: '/data/attributes/profiles/data/0/attributes/email' };
  account.fault({
    method: 'POST',
    path: 'import-jobs',
    status: 400,
    body: refusal('invalid', 'Ana has no good address.', source),
  });

  const result = await account.push(list, { add: [ana] });

  expect(result.added).toEqual([
    { key: ana.key, result: 'refused', reason: '… has no good address.', permanent: true },
  ]);
});

test('a service that accepts and never answers is given up', async () => {
  const silent = createServer();
  const port = await new Promise<number>((resolve) => {
    silent.listen(0, '127.0.0.1', () => resolve((silent.address() as { port: number }).port));
  });
  const sockets = new Set<{ destroy(): void }>();
  silent.on('connection', (socket) => sockets.add(socket));
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    silent.close();
  });
  const account = await openAccount();
  const settings = { api_key: 'sandbox', base_url: `http://127.0.0.1:${port}` };
  const api = klaviyoApi(settings, account.context, account.limiter, 30);

  await expect(readSomeLists(api)).rejects.toMatchObject({ problem: { code: 'DESTINATION_DOWN' } });
  expect(sockets.size).toBe(4);
});

const processing = {
  status: 200,
  body: {
    data: {
      type: 'profile-bulk-import-job',
      id: 'j',
      attributes: { status: 'processing', created_at: '2026-11-01T00:00:00+00:00', total_count: 1 },
    },
  },
};

test('a request that took effect and was never answered is not made twice', async () => {
  const account = await openAccount();
  let answered = 0;
  const delay = () => ((answered += 1) === 2 ? new Promise<void>(() => {}) : Promise.resolve());
  const sandbox = await serveSandbox([klaviyoSandbox({})], { delay });
  onTestFinished(() => sandbox.close());
  const settings = { api_key: 'sandbox', base_url: sandbox.url };
  const api = klaviyoApi(settings, account.context, createLimiter(), 200);

  const created = await createList(api, 'Top');

  expect(created).toEqual({ remote_id: 'S00001', requests: 1 });
  expect(sandbox.requests().klaviyo).toEqual({ 'GET /lists': 2, 'POST /lists': 1 });
});

test('waiting for an import ends when the run is stopped', async () => {
  const stop = new AbortController();
  const account = await openAccount({ signal: stop.signal });
  const list = await account.list('Top');
  account.fault({ method: 'GET', path: 'import-jobs', times: 9_999, ...processing });
  const acknowledgements = account.destination.push(changeOf(list, [ana]))[Symbol.asyncIterator]();

  const first = acknowledgements.next();
  await expect.poll(() => account.sent('POST', /import-jobs/).length).toBe(1);
  stop.abort();

  await expect(first).rejects.toMatchObject({ name: 'AbortError' });
});

test('an import that does not end is left to the next run', async () => {
  const account = await openAccount({ backoff_ms: 500 });
  const list = await account.list('Top');
  account.fault({ method: 'GET', path: 'import-jobs', times: 999, ...processing });

  const result = await account.push(list, { add: [ana] });

  expect(result.added).toEqual([
    { key: ana.key, result: 'retry', reason: 'Klaviyo had not finished the import' },
  ]);
});
