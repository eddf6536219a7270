import { expect, test } from 'vitest';
import { hashed } from '../../connectors/facebook/hash.ts';
import type { SandboxDelays } from '../../connectors/facebook/sandbox-audiences.ts';
import { facebookSandbox } from '../../connectors/facebook/sandbox.ts';
import type { SandboxReply } from '../../connectors/sandbox.ts';
import { people } from './facebook-stand.ts';

const emails = (from: number, to: number) => people(from, to).map(({ email }) => [hashed('EMAIL', email)]);

/** A sandbox asked directly; `users` uploads e-mail hashes. */
function openPlain(now?: () => number, delays: Partial<SandboxDelays> = {}) {
  const platform = facebookSandbox({ now, ...delays });
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
    state: () =>
      platform.state() as {
        audiences: Record<string, { members: string[]; values?: Record<string, number> }>;
      },
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

test('an audience with values takes numbers from 0, one without takes none', () => {
  const { ask, create, state } = openPlain();
  const plain = create('Plain');
  const valued = String(
    ask('POST', '/act_1/customaudiences', {
      name: 'Top',
      subtype: 'CUSTOM',
      customer_file_source: 'USER_PROVIDED_ONLY',
      is_value_based: true,
    }).body.id,
  );
  const schema = ['EMAIL', 'LOOKALIKE_VALUE'];
  const [one, two] = emails(0, 2).flat();
  const upload = (id: string, data: unknown) => ask('POST', `/${id}/users`, { payload: { schema, data } });

  expect(errorOf(upload(plain, [[one, 1]]))).toEqual([100, undefined]);
  const reply = upload(valued, [
    [one, 1],
    [two, -1],
    ['', 5],
    [two, '7'],
  ]);
  expect(reply.body).toMatchObject({ num_received: 4, num_invalid_entries: 3 });
  expect(upload(valued, [[one, 0]]).status).toBe(200);
  expect(state().audiences.Top).toMatchObject({ members: [one], values: { [one!]: 0 } });
});

test('an audience called after an illness or an income is flagged, until its name is neutral', () => {
  const { ask, create, users } = openPlain();
  const id = create('People with diabetes');
  const look = () =>
    ask('GET', `/${id}`, undefined, { fields: 'operation_status,fields_violating_integrity_policy' });

  expect(look().body).toMatchObject({
    operation_status: { code: 471 },
    fields_violating_integrity_policy: ['name'],
  });
  expect(errorOf(users(id, emails(0, 1)))).toEqual([100, 1713230]);
  expect(errorOf(ask('POST', `/${id}`, { description: 'Regulars' }))).toEqual([100, 1713231]);
  expect(ask('POST', `/${id}`, { name: 'Regulars' }).body).toEqual({ success: true });
  expect(look().body).toMatchObject({ operation_status: { code: 200 } });
  expect(users(id, emails(0, 1)).status).toBe(200);
});

test('while an audience is written whole it takes nothing else', () => {
  const { ask, create, users } = openPlain();
  const id = create('Top');
  const replace = (session_id: number, batch_seq: number, last_batch_flag: boolean) =>
    ask('POST', `/${id}/usersreplace`, {
      payload: { schema: ['EMAIL'], data: emails(batch_seq, batch_seq + 1) },
      session: { session_id, batch_seq, last_batch_flag },
    });
  const status = () => ask('GET', `/${id}`, undefined, { fields: 'operation_status' }).body;

  expect(replace(1, 1, false).status).toBe(200);
  expect(status()).toMatchObject({ operation_status: { code: 414 } });
  expect(errorOf(users(id, emails(5, 6)))).toEqual([2650, 1870145]);
  expect(errorOf(replace(2, 1, true))).toEqual([2650, 1870145]);
  expect(replace(1, 2, true).status).toBe(200);
  expect(status()).toMatchObject({ operation_status: { code: 200 } });
  expect(users(id, emails(5, 6)).status).toBe(200);
});

test('a new audience, a new member and a new lookalike take the time they are given', () => {
  let at = 0;
  const { ask, create, users } = openPlain(() => at, { visible_ms: 10, matched_ms: 100, filled_ms: 1_000 });
  const id = create('Top');
  const ready = (audience: string) =>
    ask('GET', `/${audience}`, undefined, { fields: 'operation_status,delivery_status' }).body;

  expect(errorOf(users(id, emails(0, 100)))).toEqual([803, undefined]);
  expect(ask('GET', '/act_1/customaudiences').body).toEqual({ data: [] });
  at = 10;
  expect(users(id, emails(0, 100)).status).toBe(200);
  expect(ready(id)).toMatchObject({ operation_status: { code: 200 }, delivery_status: { code: 300 } });
  const lookalike = { name: 'Like Top', subtype: 'LOOKALIKE', origin_audience_id: id };
  const lookalike_spec = JSON.stringify({ ratio: 0.01, country: 'RO' });
  const make = () => ask('POST', '/act_1/customaudiences', { ...lookalike, lookalike_spec });
  expect(errorOf(make())).toEqual([2654, undefined]);
  at = 110;
  expect(ready(id)).toMatchObject({ delivery_status: { code: 200 } });
  const made = String(make().body.id);
  at = 120;
  expect(ready(made)).toMatchObject({ operation_status: { code: 441 }, delivery_status: { code: 300 } });
  at = 1_110;
  expect(ready(made)).toMatchObject({ operation_status: { code: 200 }, delivery_status: { code: 200 } });
});

test('tokens and ad accounts show what goes wrong', () => {
  const { ask } = openPlain();
  const body = { name: 'Top', subtype: 'CUSTOM', customer_file_source: 'USER_PROVIDED_ONLY' };
  const create = (account: string, access_token = 'sandbox') =>
    ask('POST', `/${account}/customaudiences`, body, { access_token });

  expect(errorOf(create('act_1', 'sandbox-expired'))).toEqual([190, 463]);
  expect(errorOf(create('act_1', 'sandbox-reader'))).toEqual([200, undefined]);
  expect(ask('GET', '/act_1', undefined, { access_token: 'sandbox-reader' }).status).toBe(200);
  expect(errorOf(create('act_3'))).toEqual([200, 1870090]);
  expect(ask('GET', '/act_4', undefined, { fields: 'account_status' }).body.account_status).toBe(2);
  expect(errorOf(ask('POST', '/act_1/customaudiences', { ...body, colour: 'red' }))).toEqual([
    100,
    undefined,
  ]);
});
