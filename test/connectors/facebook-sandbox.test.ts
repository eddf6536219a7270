import { describe, expect, test } from 'vitest';
import { hashed } from '../../connectors/facebook/hash.ts';
import { facebookSandbox } from '../../connectors/facebook/sandbox.ts';
import type { SandboxReply } from '../../connectors/sandbox.ts';
import { metaSpec } from './facebook-spec.ts';
import { all, change, openStand, people } from './facebook-stand.ts';

const emails = (from: number, to: number) => people(from, to).map(({ email }) => [hashed('EMAIL', email)]);

/** A sandbox asked directly; `users` uploads e-mail hashes. */
function openPlain(now?: () => number) {
  const platform = facebookSandbox({ now });
  const ask = (method: string, path: string, body?: unknown, query: Record<string, string> = {}) => {
    const params = new URLSearchParams({ access_token: 'sandbox', ...query });
    const reply = platform.handle({ method, path, query: params, headers: { host: 'here' }, body });
    return { ...reply, body: reply.body as Record<string, unknown> };
  };
  const create = (name: string) =>
    String(
      ask('POST', '/act_1/customaudiences', {
        name,
        subtype: 'CUSTOM',
        customer_file_source: 'USER_PROVIDED_ONLY',
      }).body.id,
    );
  const users = (id: string, data: unknown, more: Record<string, unknown> = {}) =>
    ask('POST', `/${id}/users`, { payload: { schema: ['EMAIL'], data }, ...more });
  return {
    ask,
    create,
    users,
    state: () => platform.state() as { audiences: Record<string, { members: string[] }> },
  };
}

function errorOf(reply: Pick<SandboxReply, 'status' | 'body'>): [number, number | undefined] {
  const { code, error_subcode } = (reply.body as { error: { code: number; error_subcode?: number } }).error;
  expect(reply.status).toBe(400);
  return [code, error_subcode];
}

test('rows must match the schema, be ten thousand at most, and carry real hashes', () => {
  const { create, users, ask, state } = openPlain();
  const id = create('Top');
  const hash = hashed('EMAIL', 'c0@example.com');

  expect(errorOf(users(id, [[hash, hash]]))).toEqual([100, undefined]);
  expect(errorOf(users(id, [hash]))).toEqual([100, undefined]);
  expect(errorOf(users(id, emails(0, 10_001)))).toEqual([100, undefined]);
  expect(users(id, [['c1@example.com'], [hash.toUpperCase()], [''], [hash]]).body).toMatchObject({
    num_received: 4,
    num_invalid_entries: 3,
    invalid_entry_samples: { 0: 'c1@example.com' },
  });
  expect(state().audiences.Top?.members).toEqual([hash]);
  expect(ask('POST', `/${id}/users`, { payload: { schema: 'EMAIL_SHA256', data: [hash] } }).status).toBe(200);
});

test('a removal takes out whoever shares any identifier, by method override or by HTTP DELETE', () => {
  const { create, ask, users, state } = openPlain();
  const id = create('Top');
  const phone = hashed('PHONE', '40721000001');
  const schema = ['EMAIL', 'PHONE'];
  const data = emails(0, 3).map(([email]) => [email, phone]);
  ask('POST', `/${id}/users`, { payload: { schema, data } });
  expect(state().audiences.Top?.members).toHaveLength(3);

  users(id, emails(0, 1), { method: 'DELETE' });
  expect(state().audiences.Top?.members).toHaveLength(2);

  ask('DELETE', `/${id}/users`, { payload: { schema, data: [['', phone]] } });
  expect(state().audiences.Top?.members).toEqual([]);
});

test('a session belongs to one upload and ends with its last batch, which may come twice', () => {
  const { ask, create, users } = openPlain();
  const [id, other] = [create('Top'), create('Lost')];
  const session = (batch_seq: number, last_batch_flag: boolean) => ({
    session: { session_id: 7, batch_seq, last_batch_flag, estimated_num_total: 3 },
  });

  expect(users(id, emails(0, 2), session(1, false)).body.num_received).toBe(2);
  expect(users(id, emails(2, 3), session(2, true)).body.num_received).toBe(3);
  expect(users(id, emails(2, 3), session(2, true)).body.num_received).toBe(3);
  expect(errorOf(users(id, emails(3, 4), session(3, true)))).toEqual([2650, 1870159]);
  expect(errorOf(users(other, emails(3, 4), session(1, true)))).toEqual([100, undefined]);
  expect(ask('GET', `/${id}/sessions`, undefined, { session_id: '7' }).body).toMatchObject({
    data: [{ session_id: '7', stage: 'done', num_received: '3', num_invalid_entries: '0' }],
  });
});

test('a replacement needs its first batch first, holds what arrived, and closes after 90 minutes', () => {
  let at = 0;
  const { ask, create, users, state } = openPlain(() => at);
  const id = create('Top');
  users(id, emails(0, 5));
  const replace = (session_id: number, batch_seq: number, rows: unknown) =>
    ask('POST', `/${id}/usersreplace`, {
      payload: { schema: ['EMAIL'], data: rows },
      session: { session_id, batch_seq, last_batch_flag: false },
    });

  expect(errorOf(replace(1, 2, emails(7, 8)))).toEqual([2650, 1870147]);
  expect(replace(2, 1, emails(8, 9)).status).toBe(200);
  expect(replace(2, 2, emails(9, 10)).status).toBe(200);
  expect(state().audiences.Top?.members).toEqual(emails(8, 10).flat().toSorted());
  at = 91 * 60_000;
  expect(errorOf(replace(2, 3, emails(10, 11)))).toEqual([2650, 1870158]);
});

test('a lookalike wants a large enough seed and a country, and exists once', () => {
  const { ask, create, users } = openPlain();
  const id = create('Top');
  const lookalike = (spec: unknown) =>
    ask('POST', '/act_1/customaudiences', {
      name: 'Like Top',
      subtype: 'LOOKALIKE',
      origin_audience_id: id,
      lookalike_spec: JSON.stringify(spec),
    });

  expect(errorOf(lookalike({ ratio: 0.01, country: 'RO' }))).toEqual([2654, undefined]);
  users(id, emails(0, 100));
  expect(errorOf(lookalike({ ratio: 0.01 }))).toEqual([2654, 1713159]);
  expect(errorOf(lookalike({ ratio: 0.015, country: 'RO' }))).toEqual([100, undefined]);
  expect(lookalike({ ratio: 0.01, country: 'RO' }).status).toBe(200);
  expect(errorOf(lookalike({ ratio: 0.01, country: 'RO' }))).toEqual([2654, 1713007]);
  expect(errorOf(ask('DELETE', `/${id}`))).toEqual([2656, undefined]);
});

test('calls count against the hourly quota, and the header says when they are let through again', () => {
  let at = 0;
  const { ask } = openPlain(() => at);
  const read = () => ask('GET', '/act_1', undefined, { fields: 'name' });
  for (let i = 0; i < 5000; i += 1) read();
  at = 30 * 60_000;

  const refused = read();

  expect(errorOf(refused)).toEqual([80003, 2446079]);
  expect(JSON.parse(refused.headers?.['x-business-use-case-usage'] ?? '')).toMatchObject({
    1: [{ type: 'custom_audience', call_count: 100, estimated_time_to_regain_access: 30 }],
  });
  at = 61 * 60_000;
  expect(read().status).toBe(200);
});

test('unknown tokens, objects and fields are refused as Meta does', () => {
  const { ask } = openPlain();

  expect(errorOf(ask('GET', '/act_1', undefined, { access_token: 'x' }))).toEqual([190, undefined]);
  expect(errorOf(ask('GET', '/act_2'))).toEqual([100, 33]);
  expect(errorOf(ask('GET', '/act_1', undefined, { fields: 'members' }))).toEqual([100, undefined]);
});

const spec = metaSpec();

describe.skipIf(!spec)('Meta’s own description', () => {
  test('covers every request this destination makes, and every answer of the sandbox', async () => {
    await using stand = await openStand();
    await stand.destination.check();
    const { remote_id } = await stand.destination.create('Top');
    await all(stand.destination.push(change(remote_id, { add: people(0, 200), remove: people(0, 10) })));
    await stand.destination.find([{ name: 'Top', remote_id }, { name: 'Lost' }]);
    await stand.call('POST', '/act_1/customaudiences', {
      name: 'Like Top',
      subtype: 'LOOKALIKE',
      origin_audience_id: remote_id,
      lookalike_spec: JSON.stringify({ ratio: 0.01, country: 'RO' }),
    });
    await stand.call('GET', '/act_1/customaudiences?fields=name,lookalike_spec');
    await stand.call('GET', `/${remote_id}/sessions`);
    await stand.call('GET', `/${remote_id}?fields=delivery_status,operation_status,lookalike_audience_ids`);

    const problems = stand.sandbox.exchanges.flatMap((exchange) => spec?.check(exchange) ?? []);

    expect(problems).toEqual([]);
    expect(stand.sandbox.exchanges.length).toBeGreaterThan(10);
  });

  test('would name a wrong parameter, type, field and path', () => {
    const exchange = (method: string, path: string, fields: string, request: unknown, reply: unknown) => ({
      platform: 'facebook',
      request: { method, path, query: new URLSearchParams({ fields }), headers: {}, body: request },
      reply: { status: 200, body: reply },
    });

    expect(spec?.check(exchange('GET', '/6001', 'name,members', {}, { id: 6001 }))).toEqual([
      'GET /6001: field members is not described',
      'GET /6001: id is not of type string',
    ]);
    expect(
      spec?.check(
        exchange('POST', '/act_1/customaudiences', 'id', { subtype: 'LIST', title: 'x' }, { id: '1' }),
      ),
    ).toEqual([
      'POST /act_1/customaudiences: subtype is not of type adaccountcustomaudiences_subtype_enum_param',
      'POST /act_1/customaudiences: title is not described',
    ]);
    expect(spec?.check(exchange('POST', '/6001/usersreplace', 'id', { payload: {} }, {}))).toEqual([
      'POST /6001/usersreplace: session is required',
    ]);
    expect(spec?.check(exchange('GET', '/6001/members', 'id', {}, {}))).toEqual([
      'GET /6001/members: not described',
    ]);
  });
});
