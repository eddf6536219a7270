import { describe, expect, test } from 'vitest';
import { endpointOf, told } from '../../connectors/klaviyo/pace.ts';
import { klaviyoSandbox } from '../../connectors/klaviyo/sandbox.ts';
import { klaviyo } from '../../connectors/klaviyo/schema.ts';
import { serveSandbox } from '../../connectors/sandbox-server.ts';
import { aMember, members, openAccount } from './klaviyo-account.ts';
import { openApi } from './openapi.ts';

const stop = new AbortController().signal;

/** The least milliseconds for so many requests of one endpoint: bursts until the minute is used up, and again. */
function floor(requests: number, [second, minute]: readonly [number, number]): number {
  return (
    60_000 * Math.floor((requests - 1) / minute) + 1_000 * Math.floor(((requests - 1) % minute) / second)
  );
}
const M = [10, 150] as const;
const L = [75, 750] as const;

// That nothing is refused with 429 is checked at the end of every test.
describe('at 95 % of what Klaviyo allows and more, each answer taking 300 ms', () => {
  test('removals by known id', async () => {
    const account = await openAccount({ latency_ms: 300 });
    const list = await account.list('Top');
    await account.push(list, { add: members(1) });
    const id = (await account.elsewhere('GET', '/profiles')).data[0]?.id;
    const leavers = members(310_000, () => ({ remote_id: id }));
    const start = account.clock.now();

    await account.push(list, { remove: leavers, stop });

    const taken = account.clock.now() - start;
    expect(account.sent('DELETE', /./)).toHaveLength(310);
    expect(floor(310, M) / taken).toBeGreaterThan(0.95);
  });

  test('look-ups of people to remove', async () => {
    const account = await openAccount({ latency_ms: 300 });
    const list = await account.list('Top');
    const start = account.clock.now();

    const result = await account.push(list, { remove: members(80_000), stop });

    const taken = account.clock.now() - start;
    expect(result.requests).toBe(0);
    expect(account.sent('GET', /^\/profiles$/)).toHaveLength(800);
    expect(floor(800, L) / taken).toBeGreaterThan(0.95);
  });

  test('properties that are cleared one by one', async () => {
    const account = await openAccount({ latency_ms: 300 });
    const list = await account.list('Top');
    const people = members(800);
    await account.push(list, { add: people });
    const start = account.clock.now();

    await account.setProperties(
      people.map((member) => ({ ...member, properties: { clv: null } })),
      stop,
    );

    const taken = account.clock.now() - start;
    expect(account.sent('PATCH', /./)).toHaveLength(800);
    expect(floor(800, L) / taken).toBeGreaterThan(0.95);
  });

  test('imports of many audiences at the same time, whose jobs are watched together', async () => {
    const account = await openAccount({ latency_ms: 300, backoff_ms: 500 });
    const { remote_id } = await account.list('Top');
    const start = account.clock.now();

    await Promise.all(
      Array.from({ length: 310 }, (_, index) =>
        account.push({ name: `${index}`, remote_id }, { add: [aMember(`p${index}@shop.example`)] }),
      ),
    );

    const taken = account.clock.now() - start;
    expect(account.sent('POST', /import-jobs/)).toHaveLength(310);
    expect(account.sent('GET', /import-jobs/).length).toBeLessThan(310);
    expect(floor(310, M) / taken).toBeGreaterThan(0.95);
  });
});

test('counting many lists keeps to the fifteen a minute that counting is allowed', async () => {
  const account = await openAccount();
  const list = await account.list('Top');
  const start = account.clock.now();

  const counts = await Promise.all(Array.from({ length: 31 }, () => account.destination.count!(list)));

  expect(counts).toEqual(Array.from({ length: 31 }, () => ({ members: 0, exact: true })));
  expect(account.clock.now() - start).toBe(floor(31, [1, 15]));
});

test('the 151st list of a day is refused in plain words, at once and without asking', async () => {
  const account = await openAccount();
  for (let made = 0; made < 150; made += 1) await account.destination.create(`L${made}`);
  const start = account.clock.now();

  await expect(account.destination.create('One more')).rejects.toMatchObject({
    problem: { code: 'DESTINATION_THROTTLED', what: expect.stringContaining('150 new lists') },
    retry: 'next_run',
  });

  expect(account.clock.now() - start).toBeLessThan(60_000);
  expect(account.sent('POST', /^\/lists$/)).toHaveLength(150);
});

const description = openApi('klaviyo.openapi.json');
const SECONDS = { s: 1_000, m: 60_000, d: 86_400_000 };

describe.skipIf(!description)('the quota kept to is the one that Klaviyo describes', () => {
  const quotaOf = (method: string, path: string, params = {}) =>
    endpointOf({ method, url: `https://a.klaviyo.com/api${path}`, params }).windows;
  const windows = (told: string[]) =>
    told.map((text) => {
      const [, requests, unit] = /^(\d+)\/([smd])$/.exec(text)!;
      return { requests: Number(requests), ms: SECONDS[unit as keyof typeof SECONDS] };
    });

  test.each([
    ['GET', '/lists'],
    ['POST', '/lists'],
    ['GET', '/lists/L'],
    ['PATCH', '/lists/L'],
    ['GET', '/lists/L/profiles'],
    ['POST', '/lists/L/relationships/profiles'],
    ['DELETE', '/lists/L/relationships/profiles'],
    ['GET', '/profiles'],
    ['PATCH', '/profiles/P'],
    ['GET', '/profile-bulk-import-jobs'],
    ['POST', '/profile-bulk-import-jobs'],
    ['GET', '/profile-bulk-import-jobs/J'],
    ['GET', '/profile-bulk-import-jobs/J/import-errors'],
    ['POST', '/data-privacy-deletion-jobs'],
  ])('of %s %s', (method, path) => {
    const told = description!.operation(method, `/api${path}`)!['x-klaviyo-ratelimit'] as object;

    expect(quotaOf(method, path)).toEqual(windows(Object.values(told)));
  });

  test('of a list that is counted, which the description tells in words', () => {
    const { description: text } = description!.operation('GET', '/api/lists/L') as { description: string };
    const [, second, minute] = /profile_count`.*?Burst: `(\d+\/s)`<br>Steady: `(\d+\/m)`/.exec(text) ?? [];

    const quota = quotaOf('GET', '/lists/L', { 'additional-fields[list]': 'profile_count' });

    expect(quota).toEqual(windows([second!, minute!]));
  });
});

test.each([
  [{ 'retry-after': '7' }, { wait_ms: 7_000, windows: [], left: undefined }],
  [
    { 'ratelimit-limit': '150', 'ratelimit-remaining': '3', 'ratelimit-reset': '20' },
    { windows: [{ requests: 150, ms: 60_000 }], left: { requests: 3, ms: 20_000 } },
  ],
  [
    { 'ratelimit-limit': '150, 10;w=1, 150;w=60' },
    {
      windows: [
        { requests: 10, ms: 1_000 },
        { requests: 150, ms: 60_000 },
      ],
    },
  ],
  [
    { 'ratelimit-remaining': 'many', 'retry-after': 'soon' },
    { windows: [], left: undefined },
  ],
])('the headers %j are read, of answers and of refusals', (headers, says) => {
  expect(told({ value: { headers } })).toMatchObject(says);
  expect(told({ error: { response: { headers } } })).toMatchObject(says);
});

test('when others use the account the limit is met once, and then kept to', async () => {
  const account = await openAccount();
  const list = await account.list('Top');
  const body = { errors: [{ id: 'e', code: 'throttled', title: 'Throttled', detail: 'Wait 20 seconds.' }] };
  account.fault({ method: 'DELETE', status: 429, headers: { 'retry-after': '20' }, body });
  await account.push(list, { add: members(1) });
  const id = (await account.elsewhere('GET', '/profiles')).data[0]?.id;
  const start = account.clock.now();

  const result = await account.push(list, { remove: members(8_000, () => ({ remote_id: id })), stop });

  // Eight at a time: the first one's refusal holds the others that were not under way yet.
  expect(result.requests).toBe(9);
  expect(account.clock.now() - start).toBeGreaterThanOrEqual(20_000);
  expect(account.clock.now() - start).toBeLessThan(22_000);
});

test('two jobs that use one account share its quota', async () => {
  await using sandbox = await servedByRealTime();
  const settings = { api_key: 'sandbox', base_url: sandbox.url };
  const context = { folder: '.', signal: stop, backoff_ms: 1, log: () => {} };
  const [one, two] = [await klaviyo.open(settings, context), await klaviyo.open(settings, context)];

  // Twelve take more than the second that holds ten.
  const names = ['a', 'b', 'c', 'd', 'e', 'f'];
  await Promise.all(names.flatMap((name) => [one.create(`${name}1`), two.create(`${name}2`)]));

  expect(sandbox.requests().klaviyo).toEqual({ 'GET /lists': 12, 'POST /lists': 12 });
});

async function servedByRealTime() {
  const sandbox = await serveSandbox([klaviyoSandbox({})]);
  return { ...sandbox, [Symbol.asyncDispose]: () => sandbox.close() };
}
