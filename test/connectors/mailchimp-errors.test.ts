import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { inspect } from 'node:util';
import { describe, expect, test } from 'vitest';
import type { Fault } from '../../connectors/sandbox-server.ts';
import {
  change,
  done,
  emails,
  open,
  openSandboxed,
  people,
  pushed,
  requests,
  someone,
} from './mailchimp-open.ts';

const HTML = { text: '<html>Sorry</html>', content_type: 'text/html' };
const NOT_JSON = { text: '{"type": "ht', content_type: 'application/json' };
const WRITES = /\/segments\/\d+$/;

function problem(status: number, title: string, detail = ''): Partial<Fault> {
  const body = { type: 'about:blank', title, status, detail, instance: '1' };
  return { status, body, content_type: 'application/problem+json; charset=utf-8' };
}

describe('tried again, and then everybody is in the tag', () => {
  test.each<[string, Partial<Fault>]>([
    ['too many requests', problem(429, 'Too Many Requests')],
    ['a throttle answering 403 with a page', { status: 403, ...HTML }],
    ['a throttle answering 403 with nothing', { status: 403, text: '' }],
    ['a throttle answering 403 with half a document', { status: 403, ...NOT_JSON }],
    ['a failure of their own', problem(500, 'Internal Server Error')],
    ['a gateway without a server behind it', { status: 502, ...HTML }],
    ['a failure labelled JSON that is none', { status: 503, ...NOT_JSON }],
    ["a proxy's own 404 page", { status: 404, ...HTML }],
    ['a page instead of an answer', { status: 200, ...HTML }],
    ['half an answer', { status: 200, ...NOT_JSON }],
    ['an empty object for an answer', { status: 200, body: {} }],
    ['a socket closed before the request took effect', { drop: 'before' }],
    ['a socket closed after it took effect', { drop: 'after' }],
  ])('%s', async (_, fault) => {
    await using shop = await openSandboxed();
    const remote_id = shop.tagElsewhere('Lost', ['leaver1@shop.test']);
    shop.sandbox.fault({ platform: 'mailchimp', method: 'POST', path: 'segments/\\d+$', ...fault });
    const [add, remove] = [people(3), people(1, 'leaver')];

    const result = await pushed(shop.destination, change({ name: 'Lost', remote_id }, { add, remove }));

    expect(result).toEqual({ added: done(add), removed: done(remove), requests: 2 });
    expect(shop.tags().Lost).toEqual(emails(add));
  });
});

test.each(['text/plain', 'text/html'])('an answer is read though it is labelled %s', async (content_type) => {
  await using shop = await openSandboxed();
  const body = { segments: [{ id: 7, name: 'Lost' }], total_items: 1 };
  shop.sandbox.fault({
    platform: 'mailchimp',
    method: 'GET',
    path: 'segments$',
    status: 200,
    body,
    content_type,
  });

  const found = await shop.destination.find([{ name: 'Lost' }]);

  expect(found).toEqual(new Map([['Lost', { remote_id: '7' }]]));
  expect(shop.sandbox.requests().mailchimp).toEqual({ 'GET /lists/sandbox/segments': 1 });
});

test('a creation whose answer was lost finds the tag it made', async () => {
  await using shop = await openSandboxed();
  shop.sandbox.fault({ platform: 'mailchimp', method: 'POST', drop: 'after' });

  const created = await shop.destination.create('Lost');

  expect(created.requests).toBe(2);
  expect(await shop.destination.find([{ name: 'Lost' }])).toEqual(
    new Map([['Lost', { remote_id: created.remote_id }]]),
  );
  expect(Object.keys(shop.tags())).toEqual(['Lost']);
});

test('after a lost answer a stranger is offered once more, and the tag is read again', async () => {
  await using shop = await openSandboxed(emails(people(502)).map((email) => ({ email })));
  const remote_id = shop.tagElsewhere('Lost');
  const [eve, adam] = [someone('eve@shop.test'), someone('adam@shop.test')];
  const add = [eve, ...people(502), adam];
  shop.sandbox.fault({ platform: 'mailchimp', method: 'POST', path: 'segments', skip: 1, drop: 'after' });

  const result = await pushed(shop.destination, change({ name: 'Lost', remote_id }, { add }));

  expect(result.added.filter((outcome) => outcome.result !== 'done')).toEqual([
    { key: eve.key, result: 'refused', reason: 'not a contact of the list', permanent: true },
    { key: adam.key, result: 'refused', reason: 'not a contact of the list', permanent: false },
  ]);
  expect(result.requests).toBe(3);
  expect(requests(shop.sandbox, 'GET', /members$/)).toBe(2);
});

test('what was acknowledged stands when the tag cannot be read afterwards, and then the push ends', async () => {
  await using shop = await openSandboxed([{ email: 'ana@shop.test' }]);
  const remote_id = shop.tagElsewhere('Lost');
  shop.sandbox.fault({ platform: 'mailchimp', method: 'GET', times: 9, ...problem(503, 'Down') });
  const add = [...['ana@shop.test', 'eve@shop.test'].map(someone), ...people(600)];

  const answers = shop.destination.push(change({ name: 'Lost', remote_id }, { add }))[Symbol.asyncIterator]();

  const { value: first } = await answers.next();
  expect(first.added.slice(0, 2)).toMatchObject([
    { key: 'email:ana@shop.test', result: 'done' },
    { key: 'email:eve@shop.test', result: 'retry' },
  ]);
  await expect(answers.next()).rejects.toMatchObject({ problem: { code: 'DESTINATION_DOWN' } });
  expect(requests(shop.sandbox, 'POST', WRITES)).toBe(1);
});

test.each([
  ['DESTINATION_KEY_REFUSED', 'never', problem(401, 'API Key Invalid')],
  ['DESTINATION_PERMISSION', 'never', problem(403, 'Forbidden')],
  ['AUDIENCE_GONE', 'next_run', problem(404, 'Resource Not Found')],
] as const)('%s in the middle of a push: what was acknowledged stands', async (code, retry, fault) => {
  await using shop = await openSandboxed();
  const remote_id = shop.tagElsewhere('Lost');
  shop.sandbox.fault({
    platform: 'mailchimp',
    method: 'POST',
    path: WRITES.source,
    skip: 1,
    times: 9,
    ...fault,
  });
  const several = {
    ...change({ name: 'Lost', remote_id }, { add: people(1200) }),
    stop: new AbortController().signal,
  };
  const added: unknown[] = [];

  const push = (async () => {
    for await (const acknowledgement of shop.destination.push(several)) added.push(...acknowledgement.added);
  })();

  await expect(push).rejects.toMatchObject({ problem: { code }, retry });
  expect(added).toEqual(done(people(500)));
});

test('neither key nor address is in an error, however deep one looks', async () => {
  await using shop = await openSandboxed([], { api_key: 'sandbox-us1' });
  const remote_id = shop.tagElsewhere('Lost');
  const detail = 'person1@shop.test and "person2@shop.test" cannot be.';
  shop.sandbox.fault({ platform: 'mailchimp', method: 'POST', ...problem(400, 'Invalid Resource', detail) });

  const error: unknown = await pushed(
    shop.destination,
    change({ name: 'Lost', remote_id }, { add: people(3) }),
  ).catch((thrown: unknown) => thrown);

  expect(error).toMatchObject({ problem: { code: 'DESTINATION_REJECTED' } });
  const credentials = Buffer.from('user:sandbox-us1').toString('base64');
  const shown = inspect(error, { depth: 20, showHidden: true });
  expect(shown).not.toMatch(/person\d|sandbox-us1/);
  expect(shown).not.toContain(credentials);
});

describe('ends the push', () => {
  test.each<[string, Partial<Fault>, object, number]>([
    [
      'a platform that stays down',
      problem(503, 'Service Unavailable'),
      { problem: { code: 'DESTINATION_DOWN' }, retry: 'now' },
      4,
    ],
    [
      'a throttle that does not let go',
      problem(429, 'Too Many Requests'),
      { problem: { code: 'DESTINATION_THROTTLED' }, retry: 'now' },
      4,
    ],
    [
      'nonsense for answers',
      { status: 200, body: { members_added: 'all' } },
      { problem: { code: 'DESTINATION_ANSWER' }, retry: 'now' },
      4,
    ],
    [
      'a key of another data centre',
      problem(403, 'Wrong Datacenter'),
      { problem: { code: 'DESTINATION_KEY_REFUSED' }, retry: 'never' },
      1,
    ],
    [
      'a user without permission',
      problem(403, 'Forbidden', 'Not permitted'),
      { problem: { code: 'DESTINATION_PERMISSION', why: 'Forbidden: Not permitted' }, retry: 'never' },
      1,
    ],
    [
      'a request Mailchimp takes for wrong',
      problem(400, 'Invalid Resource', 'No member person1@shop.test here'),
      {
        problem: {
          code: 'DESTINATION_REJECTED',
          where: 'mailchimp list sandbox, tag "Lost"',
          why: 'Invalid Resource: No member (address) here',
        },
        retry: 'never',
      },
      1,
    ],
  ])('%s', async (_, fault, expected, writes) => {
    await using shop = await openSandboxed();
    const remote_id = shop.tagElsewhere('Lost');
    shop.sandbox.fault({ platform: 'mailchimp', method: 'POST', times: 9, ...fault });

    const push = pushed(shop.destination, change({ name: 'Lost', remote_id }, { add: people(3) }));

    await expect(push).rejects.toMatchObject(expected);
    expect(requests(shop.sandbox, 'POST', WRITES)).toBe(writes);
  });

  test('a tag that vanished', async () => {
    await using shop = await openSandboxed();
    const remote_id = shop.tagElsewhere('Lost');
    shop.elsewhere('DELETE', `/lists/sandbox/segments/${remote_id}`);

    const push = pushed(shop.destination, change({ name: 'Lost', remote_id }, { add: people(3) }));

    await expect(push).rejects.toMatchObject({ problem: { code: 'AUDIENCE_GONE' }, retry: 'next_run' });
    expect(requests(shop.sandbox, 'POST', WRITES)).toBe(1);
  });

  test('a tag whose id is now that of a segment by rules', async () => {
    await using shop = await openSandboxed();
    shop.elsewhere('POST', '/lists/sandbox/segments', { name: 'Lost', options: { match: 'any' } });

    const push = pushed(shop.destination, change({ name: 'Lost', remote_id: '1001' }, { add: people(3) }));

    await expect(push).rejects.toMatchObject({ problem: { code: 'AUDIENCE_GONE' }, retry: 'next_run' });
  });
});

test('a wrong key is refused at once, and is in no message', async () => {
  await using shop = await openSandboxed([], { api_key: 'canary-us1' });

  const error = await shop.destination.check().catch((thrown: unknown) => thrown);

  expect(error).toMatchObject({ problem: { code: 'DESTINATION_KEY_REFUSED' }, retry: 'never' });
  const { message, problem: said } = error as { message: string; problem: object };
  expect(`${message} ${JSON.stringify(said)}`).not.toContain('canary');
  expect(requests(shop.sandbox, 'GET', /./)).toBe(1);
});

test('a list that is not there is named, with the setting to change', async () => {
  await using shop = await openSandboxed([], { list_id: 'server' });

  const error = await shop.destination.check().catch((thrown: unknown) => thrown);

  expect(error).toMatchObject({
    problem: { code: 'DESTINATION_REJECTED', where: 'mailchimp list server' },
    retry: 'never',
  });
  expect((error as { problem: { fix: string } }).problem.fix).toContain('list_id');
  // The SDK puts the data centre in place of "server" when it is told one.
  expect(requests(shop.sandbox, 'GET', /^\/lists\/server$/)).toBe(1);
});

test.each(['viewer', 'author'])('the role %s is told so before anything is sent', async (role) => {
  await using shop = await openSandboxed();
  const body = { account_name: 'Shop', role };
  shop.sandbox.fault({ platform: 'mailchimp', path: '^/$', status: 200, body });

  await expect(shop.destination.check()).rejects.toMatchObject({
    problem: { code: 'DESTINATION_PERMISSION' },
  });
});

test('a port nobody listens on is a platform that is down', async () => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  const destination = await open({ base_url: `http://127.0.0.1:${port}` });

  await expect(destination.find([{ name: 'Lost' }])).rejects.toMatchObject({
    problem: { code: 'DESTINATION_DOWN', what: 'Mailchimp could not be reached (ECONNREFUSED).' },
    retry: 'now',
  });
});
