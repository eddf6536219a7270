import { describe, expect, test } from 'vitest';
import { metaSpec } from './facebook-spec.ts';
import { all, change, openStand, people } from './facebook-stand.ts';

const spec = metaSpec();

describe.skipIf(!spec)('Meta’s own description', () => {
  test('covers every request this destination makes, and every answer of the sandbox', async () => {
    await using stand = await openStand({ replace: 'when_cheaper', orphans: 'remove' });
    const { destination } = stand;
    await destination.check();
    const { remote_id } = await destination.create('Top', { value: 'clv_12m' });
    const worth = people(0, 200).map((member, n) => ({ ...member, value: String(n) }));
    await all(destination.push(change(remote_id, { add: worth, remove: people(0, 10) })));
    await all(
      destination.push(change(remote_id, { add: people(0, 5), remove: people(5, 9), wanted: worth })),
    );
    await all(destination.push(change(remote_id, { remove: people(0, 2) })));
    await all(destination.push(change(remote_id, { add: worth.slice(0, 3) })));
    await destination.find([{ name: 'Top', remote_id }, { name: 'Lost' }, { name: 'Gone', remote_id: '99' }]);
    const lookalikes = [
      { countries: ['RO'], ratio: 0.01 },
      { countries: ['RO', 'DE'], ratio: { from: 0.01, to: 0.02 }, allow_international_seeds: true },
    ];
    const seed = { name: 'Top', remote_id, members: 200, changed: 0 };
    await destination.derive!({ ...seed, settings: { value: 'clv_12m', lookalikes } });
    await stand.reopen().derive!({
      ...seed,
      settings: { value: 'clv_12m', lookalikes: lookalikes.slice(1) },
    });
    await destination.rename!({ remote_id }, 'Best');
    await destination.count!({ remote_id });
    await destination.erase!(people(0, 1)[0]!, [{ remote_id }]);
    await stand.call('GET', '/act_1/customaudiences?fields=name,lookalike_spec');
    await stand.call('GET', `/${remote_id}/sessions`);
    await stand.call('GET', `/${remote_id}?fields=time_updated,time_content_updated,customer_file_source`);

    const problems = stand.sandbox.exchanges.flatMap((exchange) => spec?.check(exchange) ?? []);

    expect(problems).toEqual([]);
    const routes = stand.sandbox.exchanges.map(({ request: { method, path, body } }) => {
      const meant = (body as { method?: string } | undefined)?.method ?? method;
      return `${meant} ${path.replace(/\d{5,}/, 'ID')}`;
    });
    expect(new Set(routes)).toEqual(
      new Set([
        'GET /act_1',
        'GET /debug_token',
        'GET /act_1/customaudiences',
        'POST /act_1/customaudiences',
        'POST /ID/users',
        'DELETE /ID/users',
        'POST /ID/usersreplace',
        'GET /ID',
        'POST /ID',
        'DELETE /ID',
        'DELETE /act_1/usersofanyaudience',
        'GET /ID/sessions',
        'GET /99',
      ]),
    );
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
      'POST /6001/usersreplace: a column is not described',
      'POST /6001/usersreplace: not 1 to 10,000 rows',
    ]);
    expect(spec?.check(exchange('GET', '/6001/members', 'id', {}, {}))).toEqual([
      'GET /6001/members: not described',
    ]);
    const upload = {
      payload: { schema: ['EMAIL', 'TWITTER'], data: [['x']], raw: 1 },
      session: { batch: 1 },
    };
    expect(spec?.check(exchange('POST', '/6001/users', 'id', upload, { num_received: 1 }))).toEqual([
      'POST /6001/users: batch is not described',
      'POST /6001/users: payload.raw is not described',
      'POST /6001/users: a column is not described',
      'POST /6001/users: a row does not fit the schema',
    ]);
    const lookalike = { lookalike_spec: JSON.stringify({ ratio: '0.01', countries: [] }) };
    expect(spec?.check(exchange('POST', '/act_1/customaudiences', 'id', lookalike, { id: '1' }))).toEqual([
      'POST /act_1/customaudiences: ratio is not of type float',
      'POST /act_1/customaudiences: countries is not described',
    ]);
  });
});
