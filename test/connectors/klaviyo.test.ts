import { expect, test } from 'vitest';
import { klaviyo } from '../../connectors/klaviyo/schema.ts';
import { aMember, changeOf, members, openAccount } from './klaviyo-account.ts';

const IMPORTS = /^\/profile-bulk-import-jobs$/;
const done = (key: string) => ({ key, result: 'done' });

test('a change takes as many writing requests as the floor says, and not one for no change', async () => {
  const account = await openAccount();
  const people = members(12_000);
  const list = await account.list('Top');

  const filled = await account.push(list, { add: people });
  const emptied = await account.push(list, { remove: people.slice(0, 1_500) });
  const nothing = await account.push(list, {});

  expect(filled.added.filter(({ result }) => result === 'done')).toHaveLength(12_000);
  expect(emptied.removed.filter(({ result }) => result === 'done')).toHaveLength(1_500);
  expect([filled.requests, emptied.requests, nothing.requests]).toEqual([2, 2, 0]);
  expect(account.writes()).toHaveLength(klaviyo.floor({ create: true, add: 12_000, remove: 1_500 }));
  expect(account.people('Top')).toEqual(
    people
      .slice(1_500)
      .map(({ email }) => email)
      .toSorted(),
  );
});

test('heavy profiles are spread over several imports, none of them above 5 MB', async () => {
  const account = await openAccount();

  const result = await account.push(await account.list('Top'), {
    add: members(3_000, () => ({ city: 'ș'.repeat(1_000) })),
  });

  const sizes = account
    .sent('POST', IMPORTS)
    .map(({ request }) => Buffer.byteLength(JSON.stringify(request.body)));
  expect(sizes).toHaveLength(2);
  expect(Math.max(...sizes)).toBeLessThanOrEqual(5_000_000);
  expect(Math.max(...sizes)).toBeGreaterThan(4_900_000);
  expect(result.requests).toBe(2);
  expect(account.people('Top')).toHaveLength(3_000);
});

test('what is known of a person travels, and an e-mail address never as external id', async () => {
  const account = await openAccount();
  const list = await account.list('Top');

  await account.push(list, {
    add: [
      aMember('ana@shop.example', {
        customer: 'shop:17',
        phone: '+40712345678',
        first_name: 'Ana',
        last_name: "O'Neil",
        city: 'Iași',
        region: 'IS',
        zip: '700001',
        country: 'RO',
      }),
      aMember('bogdan@shop.example', { phone: '0712 345 678', first_name: '' }),
    ],
  });

  expect(account.sent('POST', IMPORTS)[0]?.request.body).toEqual({
    data: {
      type: 'profile-bulk-import-job',
      attributes: {
        profiles: {
          data: [
            {
              type: 'profile',
              attributes: {
                email: 'ana@shop.example',
                phone_number: '+40712345678',
                external_id: 'shop:17',
                first_name: 'Ana',
                last_name: "O'Neil",
                location: { city: 'Iași', region: 'IS', zip: '700001', country: 'RO' },
              },
            },
            { type: 'profile', attributes: { email: 'bogdan@shop.example' } },
          ],
        },
      },
      relationships: { lists: { data: [{ type: 'list', id: list.remote_id }] } },
    },
  });
});

test('a phone number Klaviyo does not take is left away, the member is not', async () => {
  const account = await openAccount();
  const [good, bad] = [aMember('good@shop.example'), aMember('bad@shop.example', { phone: '+99912345678' })];

  const result = await account.push(await account.list('Top'), { add: [good, bad] });

  expect(result).toMatchObject({ added: [done(good.key), done(bad.key)], requests: 2 });
  expect(account.people('Top')).toEqual(['bad@shop.example', 'good@shop.example']);
  expect(account.logs).toEqual([
    { message: expect.stringContaining('without it'), fields: { field: 'phone_number', members: 1 } },
  ]);
});

test('phone numbers left away join the next import instead of making one of their own', async () => {
  const account = await openAccount();
  const people = members(10_500, (index) => (index < 400 ? { phone: '+99912345678' } : {}));

  const result = await account.push(await account.list('Top'), { add: people });

  expect(result.requests).toBe(2);
  expect(account.people('Top')).toHaveLength(10_500);
});

test('refused members are told apart from the rest, without a word of who they are', async () => {
  const account = await openAccount();
  const good = aMember('good@shop.example');
  // The first is refused with the whole request, the second when the job runs, the third is never sent.
  const malformed = aMember('not-an-address');
  const invalid = aMember('two..dots@shop.example');
  const nameless = { key: 'phone:0712', customer: 'c_1', phone: '0712' };
  const badPhone = { key: 'phone:+99912345678', customer: 'c_2', phone: '+99912345678' };

  const result = await account.push(await account.list('Top'), {
    add: [malformed, invalid, nameless, badPhone, good],
  });

  expect(result.added.toSorted((a, b) => a.key.localeCompare(b.key))).toEqual([
    done(good.key),
    { key: malformed.key, result: 'refused', reason: 'Invalid email address', permanent: true },
    { key: invalid.key, result: 'refused', reason: '… is not a valid email address.', permanent: true },
    { key: badPhone.key, result: 'refused', reason: '… is not a valid phone number.', permanent: true },
    {
      key: nameless.key,
      result: 'refused',
      reason: 'no e-mail address and no E.164 phone number',
      permanent: true,
    },
  ]);
  expect(account.people('Top')).toEqual(['good@shop.example']);
});

test('more refusals than one page of them are all read', async () => {
  const account = await openAccount();
  const bad = Array.from({ length: 230 }, (_, index) => aMember(`p..${index}@shop.example`));

  const result = await account.push(await account.list('Top'), { add: [...bad, ...members(20)] });

  expect(result.added.filter(({ result: end }) => end === 'refused')).toHaveLength(230);
  expect(account.people('Top')).toHaveLength(20);
});

test('one bad row in a hundred costs one more request, and nobody else', async () => {
  const account = await openAccount();
  const people = members(10_000, (index) => {
    if (index % 100 === 1)
      return { email: `p..${index}@shop.example`, key: `email:p..${index}@shop.example` };
    return index % 100 === 2 ? { phone: '+99912345678' } : {};
  });

  const result = await account.push(await account.list('Top'), { add: people });

  expect(Map.groupBy(result.added, ({ result: end }) => end).get('refused')).toHaveLength(100);
  expect(result.added).toHaveLength(10_000);
  expect(result.requests).toBe(2);
  expect(account.people('Top')).toHaveLength(9_900);
});

test.each<[string, object]>([
  ['the place in the request', { source: { pointer: '/data/attributes/profiles/data/1/attributes/email' } }],
  ['the profile as it was sent', { original_payload: { attributes: { email: 'B..B@shop.example' } } }],
  ['its attributes as they were sent', { original_payload: { email: 'b..b@shop.example' } }],
])('a refusal that names only %s finds its member', async (_, named) => {
  const account = await openAccount();
  const words = { code: 'invalid', title: 'Invalid', detail: 'No' };
  const attributes = { ...words, source: {}, original_payload: null, ...named };
  account.fault({
    path: 'import-errors',
    status: 200,
    body: { data: [{ type: 'import-error', id: 'e', attributes }] },
  });

  const result = await account.push(await account.list('Top'), {
    add: [aMember('a@shop.example'), aMember('b..b@shop.example'), aMember('c@shop.example')],
  });

  expect(result.added.map(({ result: end }) => end)).toEqual(['done', 'refused', 'done']);
});

test('a name longer than an external id may be is left away', async () => {
  const account = await openAccount();
  const customer = (length: number) => ({ customer: `shop:${'7'.repeat(length - 5)}` });

  await account.push(await account.list('Top'), {
    add: [aMember('a@shop.example', customer(255)), aMember('b@shop.example', customer(256))],
  });

  const body = JSON.stringify(account.sent('POST', IMPORTS)[0]?.request.body);
  expect(body.match(/external_id/g)).toHaveLength(1);
  expect(body).toContain(`"external_id":"${customer(255).customer}"`);
});

test('look-ups of long addresses are spread over several, none of them longer than a proxy takes', async () => {
  const account = await openAccount();
  const long = Array.from({ length: 100 }, (_, id) => aMember(`${'x'.repeat(60)}${id}@shop.example`));

  await account.push(await account.list('Top'), { remove: long });

  const filters = account.sent('GET', /^\/profiles$/).map(({ request }) => request.query.get('filter')!);
  expect(filters.length).toBeGreaterThan(1);
  for (const filter of filters) expect(encodeURIComponent(filter).length).toBeLessThan(4_200);
});

test('where Klaviyo does not name whom it failed on, nobody is taken for done', async () => {
  const account = await openAccount();
  const list = await account.list('Top');
  account.fault({ path: 'import-errors', status: 200, body: { data: [] } });

  const unnamed = await account.push(list, {
    add: [aMember('a@shop.example'), aMember('b..b@shop.example')],
  });
  const attributes = { status: 'cancelled', created_at: '2026-11-01T00:00:00+00:00', total_count: 1 };
  account.fault({ method: 'GET', path: 'import-jobs', status: 200, body: { data: { id: 'j', attributes } } });
  const cancelled = await account.push(list, { add: [aMember('c@shop.example')] });

  expect(unnamed.added.map(({ result }) => result)).toEqual(['retry', 'retry']);
  expect(cancelled.added).toMatchObject([{ result: 'retry', reason: 'Klaviyo cancelled the import' }]);
});

test('nothing is sent ahead of the acknowledgement the caller has taken', async () => {
  const account = await openAccount();
  const list = await account.list('Top');

  for await (const _ of account.destination.push(changeOf(list, members(10_001), members(1)))) break;

  expect(account.sent('POST', IMPORTS)).toHaveLength(1);
  expect(account.sent('DELETE', /./)).toEqual([]);
});
