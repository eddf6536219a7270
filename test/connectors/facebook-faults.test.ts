import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { hashed } from '../../connectors/facebook/hash.ts';
import type { Fault } from '../../connectors/sandbox-server.ts';
import { all, change, openDestination, openStand, people, type Stand } from './facebook-stand.ts';

type Trouble = Pick<Fault, 'status' | 'headers' | 'body' | 'text' | 'content_type' | 'drop'>;

/** What passes by itself: whatever call it meets is made again, and nothing is lost or done twice. */
const PASSING: [string, Trouble][] = [
  ['a reset before the effect', { drop: 'before' }],
  ['a reset after the effect', { drop: 'after' }],
  ['an error page', { status: 502, text: '<html>Bad gateway</html>', content_type: 'text/html' }],
  ['an empty error', { status: 504, text: '' }],
  ['an error in JSON', { status: 500, body: { error: { message: 'Unknown', code: 1, error_subcode: 99 } } }],
  ['a transient error', { status: 400, body: { error: { message: 'Later', code: 7, is_transient: true } } }],
  [
    'an answer that breaks off',
    { status: 200, headers: { 'content-length': '900', connection: 'close' }, text: '{"id": "23' },
  ],
  [
    'an error that breaks off',
    { status: 400, headers: { 'content-length': '900', connection: 'close' }, text: '{"error": {"co' },
  ],
];
/** The calls of a run, each by its path. */
const CALLS = ['customaudiences$', 'users$'];

test.each(PASSING.flatMap(([title, trouble]) => CALLS.map((path) => [title, path, trouble] as const)))(
  '%s at %s costs another request and nothing else',
  async (_, path, trouble) => {
    await using stand = await openStand();
    stand.sandbox.fault({ platform: 'facebook', method: 'POST', path, ...trouble });

    const { remote_id } = await stand.destination.create('Top');
    const wanted = change(remote_id, { add: people(0, 3) });
    const result = await all(stand.destination.push(wanted));

    expect(result.added.every((outcome) => outcome.result === 'done')).toBe(true);
    expect(Object.keys(stand.held().audiences)).toEqual(['Top']);
    expect(stand.held().audiences.Top?.members).toHaveLength(3);
    expect(stand.held().audiences.Top?.id).toBe(remote_id);
  },
);

test.each(PASSING)('%s while audiences are listed is asked again', async (_, trouble) => {
  await using stand = await openStand();
  const { remote_id } = await stand.destination.create('Top');
  stand.sandbox.fault({ platform: 'facebook', method: 'GET', ...trouble });

  expect((await stand.reopen().find([{ name: 'Top' }])).get('Top')).toEqual({ remote_id });
});

test.each(['text/plain', 'text/html', 'application/octet-stream'])(
  'an answer is read though it is labelled %s',
  async (content_type) => {
    await using stand = await openStand();
    const body = { data: [{ id: '6001', name: 'Top', subtype: 'CUSTOM' }] };
    stand.sandbox.fault({ platform: 'facebook', method: 'GET', status: 200, body, content_type });

    const found = await stand.destination.find([{ name: 'Top' }]);

    expect(found).toEqual(new Map([['Top', { remote_id: '6001' }]]));
    expect(stand.sandbox.requests().facebook).toEqual({ 'GET /act_1/customaudiences': 1 });
  },
);

/** Stands between us and the sandbox, and once leaves a request of this path without an answer. */
async function openSilence(stand: Stand, path: RegExp, silent: 'before' | 'after') {
  let left = 1;
  const relay = createServer((request, response) => {
    void (async () => {
      const silenced = path.test(request.url ?? '') && request.method === 'POST' && left-- > 0;
      if (silenced && silent === 'before') return;
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      const { method } = request;
      const body = method === 'POST' ? Buffer.concat(chunks) : undefined;
      const answer = await fetch(`${stand.sandbox.url}${request.url}`, { method, body });
      const text = await answer.text();
      if (!silenced) response.writeHead(answer.status, { 'content-type': 'application/json' }).end(text);
    })();
  }).listen(0, '127.0.0.1');
  await once(relay, 'listening');
  const { port } = relay.address() as AddressInfo;
  return {
    base_url: `http://127.0.0.1:${port}`,
    [Symbol.dispose]: () => {
      relay.closeAllConnections();
      relay.close();
    },
  };
}

test.each(['before', 'after'] as const)(
  'a request whose answer never comes, silent %s its effect, is made again and done once',
  async (silent) => {
    await using stand = await openStand();
    using creating = await openSilence(stand, /customaudiences/, silent);
    using uploading = await openSilence(stand, /users/, silent);
    const open = ({ base_url }: { base_url: string }) =>
      openDestination({ access_token: 'sandbox', ad_account_id: '1', base_url }, { timeout_ms: 1_000 });

    const { remote_id } = await open(creating).create('Top');
    const result = await all(open(uploading).push(change(remote_id, { add: people(0, 3) })));

    expect(result).toMatchObject({ requests: 2, added: [{ result: 'done' }, {}, {}] });
    expect(stand.held().audiences).toMatchObject({ Top: { id: remote_id } });
    expect(stand.held().audiences.Top?.members).toHaveLength(3);
    expect(stand.written().filter((route) => route.endsWith('customaudiences'))).toHaveLength(1);
  },
);

test('a listing is asked again page by page, not from its start', async () => {
  await using stand = await openStand();
  for (let n = 0; n < 250; n += 1) await createBeside(stand, `Other ${n}`);
  const { remote_id } = await stand.destination.create('Top');
  const before = listings(stand);
  stand.sandbox.fault({ platform: 'facebook', method: 'GET', skip: 1, status: 503, text: '' });

  expect((await stand.reopen().find([{ name: 'Top' }])).get('Top')).toEqual({ remote_id });

  expect(listings(stand) - before).toBe(4);
});

test('an audience deleted between two batches ends the push, with what was done acknowledged', async () => {
  await using stand = await openStand();
  const { remote_id } = await stand.destination.create('Top');
  let acknowledged = 0;
  const push = async () => {
    for await (const { added } of stand.destination.push(change(remote_id, { add: people(0, 20_001) }))) {
      acknowledged += added.length;
      await stand.call('DELETE', `/${remote_id}`);
    }
  };

  await expect(push()).rejects.toMatchObject({ retry: 'never', problem: { code: 'AUDIENCE_GONE' } });

  expect(acknowledged).toBe(10_000);
  expect((await stand.reopen().find([{ name: 'Top', remote_id }])).size).toBe(0);
});

test('a token that expires between two batches stops the push at once', async () => {
  await using stand = await openStand();
  const { remote_id } = await stand.destination.create('Top');
  const error = { message: 'Session has expired', code: 190, error_subcode: 463 };
  stand.sandbox.fault({
    platform: 'facebook',
    path: 'users$',
    skip: 1,
    times: 9,
    status: 400,
    body: { error },
  });
  let acknowledged = 0;
  const push = async () => {
    for await (const { added } of stand.destination.push(change(remote_id, { add: people(0, 20_001) })))
      acknowledged += added.length;
  };

  await expect(push()).rejects.toMatchObject({
    retry: 'never',
    problem: { code: 'DESTINATION_KEY_REFUSED', what: 'Meta refuses the access token: it expired.' },
  });

  expect(acknowledged).toBe(10_000);
  expect(stand.sandbox.requests().facebook?.[`POST /${remote_id}/users`]).toBe(2);
});

test.each([
  ['a permission that was taken away', 'act_1', 'sandbox-reader', 'DESTINATION_PERMISSION'],
  ['terms that nobody accepted', 'act_3', 'sandbox', 'DESTINATION_TERMS'],
])('%s lets nothing be created, and says so', async (_, ad_account_id, access_token, code) => {
  await using stand = await openStand({ ad_account_id, access_token });

  await expect(stand.destination.create('Top')).rejects.toMatchObject({ retry: 'never', problem: { code } });

  expect(stand.written()).toHaveLength(1);
});

test('an ad account that holds 500 audiences takes no more, and the cure is named', async () => {
  await using stand = await openStand();
  for (let n = 0; n < 500; n += 1) await createBeside(stand, `Other ${n}`);

  await expect(stand.destination.create('Top')).rejects.toMatchObject({
    retry: 'next_run',
    problem: { code: 'DESTINATION_AUDIENCE_NOT_CREATED', fix: expect.stringContaining('delete unused ones') },
  });

  await stand.call('DELETE', `/${stand.held().audiences['Other 7']?.id}`);
  expect((await stand.destination.create('Top')).requests).toBe(1);
});

test('a new audience not yet known everywhere is tried again, and then left to the next run', async () => {
  let at = Date.UTC(2026, 10, 22);
  await using stand = await openStand({}, { visible_ms: 5_000, now: () => at });
  const { remote_id } = await stand.destination.create('Top');
  const wanted = change(remote_id, { add: people(0, 1) });

  await expect(all(stand.destination.push(wanted))).rejects.toMatchObject({
    retry: 'now',
    problem: { what: expect.stringContaining('too new') },
  });
  expect(stand.written()).toHaveLength(5);

  at += 5_000;
  expect((await all(stand.destination.push(wanted))).added).toMatchObject([{ result: 'done' }]);
});

test('of several audiences of one name the one that can be changed is taken, the oldest first', async () => {
  await using stand = await openStand();
  const first = await createBeside(stand, 'Top');
  await createBeside(stand, 'Top');
  const node = { name: 'Top', subtype: 'CUSTOM', account_id: '1' };

  expect((await stand.destination.find([{ name: 'Top' }])).get('Top')).toEqual({ remote_id: first });

  const flagged = {
    ...node,
    id: '5',
    time_created: 1,
    operation_status: { code: 471, description: 'Flagged' },
  };
  const body = {
    data: [{ ...node, id: '7', time_created: 3 }, flagged, { ...node, id: '6', time_created: 2 }],
  };
  stand.sandbox.fault({ platform: 'facebook', path: 'customaudiences$', status: 200, body });
  expect((await stand.destination.find([{ name: 'Top' }])).get('Top')).toEqual({ remote_id: '6' });
});

test('an audience of another kind with fields in another shape is no obstacle', async () => {
  await using stand = await openStand();
  const odd = {
    id: '4',
    name: 'Visitors',
    subtype: 'WEBSITE',
    operation_status: null,
    lookalike_spec: 'none',
  };
  const odder = { id: '5', name: 'Like', subtype: 'LOOKALIKE', lookalike_spec: { origin: [7], ratio: null } };
  const body = { data: [odd, odder, { id: '6', name: 'Top', subtype: 'CUSTOM', time_created: 'once' }] };
  stand.sandbox.fault({ platform: 'facebook', path: 'customaudiences$', status: 200, body });

  expect([...(await stand.destination.find([{ name: 'Top' }]))]).toEqual([['Top', { remote_id: '6' }]]);
});

test('what is wrong with an audience at Meta is logged when it is found', async () => {
  await using stand = await openStand();
  const node = { name: 'Top', subtype: 'CUSTOM', id: '5', operation_status: { code: 471 } };
  const body = { data: [{ ...node, fields_violating_integrity_policy: ['name', 'description'] }] };
  stand.sandbox.fault({ platform: 'facebook', path: 'customaudiences$', status: 200, body });

  await stand.destination.find([{ name: 'Top' }]);

  expect(stand.logs).toEqual([
    {
      message: 'audience has a problem at Meta',
      fields: { audience: 'Top', note: expect.stringContaining('It objects to: name, description.') },
    },
  ]);
});

test('the hashes of no member stand in a log', async () => {
  await using stand = await openStand();
  const { remote_id } = await stand.destination.create('Top');
  const hash = hashed('EMAIL', 'c1@example.com');
  const answer = { num_received: 3, num_invalid_entries: 2, invalid_entry_samples: [hash] };
  stand.sandbox.fault({ platform: 'facebook', path: 'users$', status: 200, body: answer });

  await all(stand.destination.push(change(remote_id, { add: people(0, 3) })));

  expect(stand.logs).toHaveLength(1);
  expect(JSON.stringify(stand.logs)).not.toMatch(/[\da-f]{64}|@/);
});

async function createBeside(stand: Stand, name: string): Promise<string> {
  const body = { name, subtype: 'CUSTOM', customer_file_source: 'USER_PROVIDED_ONLY' };
  const { id } = await stand.call('POST', '/act_1/customaudiences', body);
  return String(id);
}

function listings(stand: Stand): number {
  return stand.sandbox.requests().facebook?.['GET /act_1/customaudiences'] ?? 0;
}
