import { describe, expect, test } from 'vitest';
import type { Member } from '../../connectors/destination.ts';
import { aMember, changeOf, members, openAccount } from './klaviyo-account.ts';

type Account = Awaited<ReturnType<typeof openAccount>>;

test('a list is renamed, and found under its new name with everybody in it', async () => {
  const account = await openAccount();
  const list = await account.list('Top');
  await account.push(list, { add: members(2) });

  const renamed = await account.destination.rename!(list, 'Best "of" all');

  expect(renamed).toEqual({ requests: 1 });
  expect((await account.destination.find([{ name: 'Best "of" all' }])).get('Best "of" all')).toEqual({
    remote_id: list.remote_id,
  });
  expect(account.people('Best "of" all')).toHaveLength(2);
});

test('a list is counted by Klaviyo', async () => {
  const account = await openAccount();
  const list = await account.list('Top');
  await account.push(list, { add: members(120) });

  expect(await account.destination.count!(list)).toEqual({ members: 120, exact: true });
});

test('everybody on a list is read by keys, page by page', async () => {
  const account = await openAccount();
  const list = await account.list('Top');
  const phone = { key: 'phone:+40712345678', customer: 'c_1', phone: '+40712345678' };
  const both = aMember('both@shop.example', { phone: '+40712345679' });
  await account.push(list, { add: [...members(205), phone, both] });

  const pages = await Array.fromAsync(account.destination.members!(list));

  expect(pages.map(({ length }) => length)).toEqual([100, 100, 8]);
  expect(new Set(pages.flat())).toEqual(
    new Set([...members(205).map(({ key }) => key), phone.key, both.key, 'phone:+40712345679']),
  );
});

test.each<[string, (cursor: string) => string]>([
  ['of a proxy, without https', (cursor) => `http://127.0.0.1:1/api/x?page%5Bcursor%5D=${cursor}`],
  ['with a second question mark', (cursor) => `https://a.klaviyo.com/x?a=is?&page[cursor]=${cursor}`],
  ['that is a cursor alone', (cursor) => cursor],
])('the next page is found by a link %s', async (_, link) => {
  const account = await openAccount();
  const list = await account.list('Top');
  await account.push(list, { add: members(205) });
  const [first] = await Array.fromAsync(account.destination.members!(list));
  const [read] = account.sent('GET', /^\/lists\/[^/]+\/profiles$/);
  const { links } = read!.reply.body as { links: { next: string } };
  const next = link(new URL(links.next).searchParams.get('page[cursor]')!);
  account.fault({ method: 'GET', path: 'profiles$', status: 200, body: { data: [], links: { next } } });

  const pages = await Array.fromAsync(account.destination.members!(list));

  expect(first).toHaveLength(100);
  expect(pages.map(({ length }) => length)).toEqual([0, 100, 5]);
});

test('a list whose name differs is not taken, though Klaviyo should find it', async () => {
  const account = await openAccount();
  const body = { data: [{ type: 'list', id: 'L1', attributes: { name: 'top' } }], links: {} };
  account.fault({ method: 'GET', path: 'lists$', status: 200, times: 2, body });

  const found = await account.destination.find([{ name: 'Top' }]);
  const created = await account.destination.create('Top');

  expect(found).toEqual(new Map());
  expect(created).toEqual({ remote_id: 'S00001', requests: 1 });
});

test('nobody on a list is an empty page', async () => {
  const account = await openAccount();

  expect(await Array.fromAsync(account.destination.members!(await account.list('Top')))).toEqual([[]]);
});

describe('a list that was deleted is told as such', () => {
  test.each([
    ['renaming', (account: Account, gone: { remote_id: string }) => account.destination.rename!(gone, 'New')],
    ['counting', (account: Account, gone: { remote_id: string }) => account.destination.count!(gone)],
    [
      'reading',
      (account: Account, gone: { remote_id: string }) => Array.fromAsync(account.destination.members!(gone)),
    ],
  ])('%s it', async (_, ask) => {
    const account = await openAccount();

    await expect(ask(account, { remote_id: 'GONE01' })).rejects.toMatchObject({
      problem: { code: 'AUDIENCE_GONE' },
    });
  });

  test('midway through a push: what was done until then is acknowledged', async () => {
    const account = await openAccount();
    const list = await account.list('Top');
    const leavers = members(1_500);
    await account.push(list, { add: leavers });
    const change = changeOf(list, [], leavers);
    const acknowledgements = account.destination.push(change)[Symbol.asyncIterator]();

    const first = await acknowledgements.next();
    await account.elsewhere('DELETE', `/lists/${list.remote_id}`);

    expect(first.value.removed).toHaveLength(1_000);
    await expect(acknowledgements.next()).rejects.toMatchObject({ problem: { code: 'AUDIENCE_GONE' } });
  });
});

describe('erasing', () => {
  async function profiles(account: Account): Promise<unknown[]> {
    const { data } = await account.elsewhere('GET', '/profiles');
    return data.map(({ attributes }) => attributes.email ?? attributes.phone_number);
  }

  test('takes a person off our lists at once and has the profile deleted', async () => {
    const account = await openAccount();
    const [one, two] = [await account.list('One'), await account.list('Two')];
    const ana = aMember('ana@shop.example', { phone: '+40712345678' });
    await account.push(one, { add: [ana, aMember('bo@shop.example')] });
    await account.push(two, { add: [ana] });

    const receipt = await account.destination.erase!(ana, [one, two, { remote_id: 'GONE01' }]);

    expect(receipt).toEqual({
      done: [
        'Klaviyo: taken off 3 lists of this program.',
        expect.stringMatching(/^Klaviyo: asked to delete the profile with everything in it/),
      ],
      requests: 3,
    });
    expect(await profiles(account)).toEqual(['bo@shop.example']);
    expect(account.sent('DELETE', /relationships/)).toHaveLength(3);
    expect(JSON.stringify(receipt)).not.toMatch(/ana@|712/);
  });

  test('finds the profile that has only the phone number, and leaves one that only shares it', async () => {
    const account = await openAccount();
    const list = await account.list('Top');
    const phone = (digits: string, email?: string): Member => ({
      key: email ? `email:${email}` : `phone:${digits}`,
      customer: digits,
      phone: digits,
      email,
    });
    await account.push(list, { add: [phone('+40712345678'), aMember('ana@shop.example')] });
    await account.push(list, { add: [phone('+40712345679', 'bo@shop.example')] });

    const first = await account.destination.erase!(
      aMember('ana@shop.example', { phone: '+40712345678' }),
      [],
    );
    const second = await account.destination.erase!(
      aMember('cleo@shop.example', { phone: '+40712345679' }),
      [],
    );

    expect(first).toMatchObject({ done: [expect.stringContaining('2 profiles')], requests: 2 });
    expect(second).toEqual({
      done: [
        'Klaviyo: no profile of this person.',
        'Klaviyo: kept a profile that has the same phone number and another e-mail address.',
      ],
      requests: 0,
    });
    expect(await profiles(account)).toEqual(['bo@shop.example']);
  });

  test('of somebody Klaviyo does not know says so', async () => {
    const account = await openAccount();
    const list = await account.list('Top');

    expect(await account.destination.erase!(aMember('eve@shop.example'), [list])).toEqual({
      done: ['Klaviyo: no profile of this person.'],
      requests: 0,
    });
  });

  test('without the scope for it names the scope', async () => {
    const account = await openAccount();
    await account.push(await account.list('Top'), { add: members(1) });
    const error = { id: 'e', code: 'permission_denied', title: 'No', detail: 'You do not have permission.' };
    account.fault({ path: 'data-privacy', status: 403, body: { errors: [error] } });

    await expect(account.destination.erase!(members(1)[0]!, [])).rejects.toMatchObject({
      problem: { code: 'DESTINATION_PERMISSION', fix: expect.stringContaining('data-privacy:write') },
    });
  });
});

test('lists are found by id, else by exact name', async () => {
  const account = await openAccount();
  const names = ['Top', 'top', 'Say "hi" \\ to, [all]', 'Café + crème', 'A?b&c=d#e', ...'abcdefghi'];
  const made = new Map<string, string>();
  for (const name of names) made.set(name, (await account.destination.create(name)).remote_id);

  const found = await account.destination.find([
    ...names.map((name) => ({ name })),
    { name: 'Renamed since', remote_id: made.get('a') },
    { name: 'Café + crème', remote_id: 'GONE01' },
    { name: 'Not there' },
  ]);

  const expected = [...made, ['Renamed since', made.get('a')]].map(([name, remote_id]) => [
    name,
    { remote_id },
  ]);
  expect(Object.fromEntries(found)).toEqual(Object.fromEntries(expected));
});

test('of lists with the same name the oldest is taken, over all pages, and it is said', async () => {
  const account = await openAccount();
  const ids: string[] = [];
  for (let made = 0; made < 12; made += 1) {
    const body = { data: { type: 'list', attributes: { name: 'Twin' } } };
    const { data } = (await account.elsewhere('POST', '/lists', body)) as unknown as { data: { id: string } };
    ids.push(data.id);
  }

  const found = await account.destination.find([{ name: 'Twin' }]);

  expect(found.get('Twin')).toEqual({ remote_id: ids[0] });
  expect(account.sent('GET', /^\/lists$/)).toHaveLength(2);
  expect(account.logs).toEqual([{ message: expect.stringContaining('oldest'), fields: { list: 'Twin' } }]);
});

test('a list is never made twice, not even when the answer to its creation is lost', async () => {
  const account = await openAccount();
  account.fault({ method: 'POST', path: '^/lists$', drop: 'after' });

  const first = await account.destination.create('Top');
  const second = await account.destination.create('Top');

  expect(second).toEqual({ remote_id: first.remote_id, requests: 0 });
  expect(first.requests).toBe(1);
  expect(account.sent('POST', /^\/lists$/)).toHaveLength(1);
});
