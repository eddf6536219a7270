import { expect, test } from 'vitest';
import { klaviyoSandbox } from '../../connectors/klaviyo/sandbox.ts';

/** A sandbox asked directly, by a clock that the test moves. */
function openSandbox() {
  const clock = { now: Date.parse('2026-11-01T00:00:00Z') };
  const sandbox = klaviyoSandbox({ now: () => clock.now });
  const ask = (method: string, path: string, body?: unknown, key = 'sandbox') => {
    const url = new URL(path, 'http://sandbox');
    const headers = { authorization: `Klaviyo-API-Key ${key}` };
    return sandbox.handle({ method, path: url.pathname, query: url.searchParams, headers, body });
  };
  const createList = (name: string) =>
    ask('POST', '/lists', { data: { type: 'list', attributes: { name } } }) as {
      status: number;
      body: { data: { id: string } };
    };
  return { clock, sandbox, ask, createList };
}

const profile = (email: string) => ({ type: 'profile', attributes: { email } });
const many = (count: number) =>
  Array.from({ length: count }, (_, index) => profile(`p${index}@shop.example`));
const imported = (profiles: unknown[], list: string) => ({
  data: {
    type: 'profile-bulk-import-job',
    attributes: { profiles: { data: profiles } },
    relationships: { lists: { data: [{ type: 'list', id: list }] } },
  },
});

test('a second holds so many requests of an endpoint, and 429 says when the next may come', () => {
  const { clock, ask } = openSandbox();

  const burst = Array.from({ length: 76 }, () => ask('GET', '/lists'));
  const other = ask('GET', '/profiles');
  clock.now += 1_000;
  const later = ask('GET', '/lists');

  expect(burst[0]).toMatchObject({
    status: 200,
    headers: { 'ratelimit-limit': '750', 'ratelimit-remaining': '749', 'ratelimit-reset': '60' },
  });
  expect(burst[75]).toMatchObject({ status: 429, body: { errors: [{ code: 'throttled' }] } });
  expect(burst[75]?.headers).toEqual({ 'retry-after': '1' });
  expect([other.status, later.status]).toEqual([200, 200]);
});

test('a minute and a day hold so many as well', () => {
  const { clock, createList, ask } = openSandbox();
  const statuses: number[] = [];
  for (let made = 0; made < 150; made += 1) {
    statuses.push(createList(`L${made}`).status);
    clock.now += 200;
  }
  const inTheMinute = ask('GET', '/lists/S00001?additional-fields[list]=profile_count');
  const second = ask('GET', '/lists/S00001?additional-fields[list]=profile_count');
  const tooMany = createList('one more');
  clock.now += 60_000;
  const nextMinute = createList('one more');
  clock.now += 86_400_000;
  const nextDay = createList('one more');

  expect(new Set(statuses)).toEqual(new Set([201]));
  expect(inTheMinute).toMatchObject({ status: 200, body: { data: { attributes: { profile_count: 0 } } } });
  expect(second.status).toBe(429);
  expect(tooMany).toMatchObject({ status: 429, headers: { 'retry-after': String(86_400 - 30) } });
  expect([nextMinute.status, nextDay.status]).toEqual([429, 201]);
});

test('what goes beyond a documented limit is refused as a whole', () => {
  const { ask, createList } = openSandbox();
  const { id } = createList('Top').body.data;
  const heavy = Array.from({ length: 60 }, (_, index) => ({
    type: 'profile',
    attributes: { email: `p${index}@shop.example`, first_name: 'x'.repeat(90_000) },
  }));
  const ids = Array.from({ length: 1_001 }, () => ({ type: 'profile', id: 'X' }));

  const statuses = [
    ask('GET', '/lists?page[size]=11'),
    ask('GET', '/profiles?page[size]=101'),
    ask('GET', '/profiles?filter=any(email,[a@shop.example])'),
    ask('POST', '/profile-bulk-import-jobs', imported(many(10_001), id)),
    ask('POST', '/profile-bulk-import-jobs', imported(heavy, id)),
    ask('POST', '/profile-bulk-import-jobs', imported(many(1), 'GONE01')),
    ask('DELETE', `/lists/${id}/relationships/profiles`, { data: ids }),
    ask('DELETE', `/lists/${id}/relationships/profiles`, { data: ids.slice(0, 1) }),
    ask('DELETE', '/lists/GONE01/relationships/profiles', { data: [] }),
    ask('POST', '/profile-subscription-bulk-create-jobs', {}),
    ask('GET', '/lists', undefined, 'wrong'),
  ].map(({ status }) => status);

  expect(statuses).toEqual([400, 400, 400, 400, 413, 400, 400, 404, 404, 404, 401]);
});

test('an import takes effect when it is done, which two looks later it is', () => {
  const { sandbox, ask, createList } = openSandbox();
  const { id } = createList('Top').body.data;

  const job = ask('POST', '/profile-bulk-import-jobs', imported([profile('Ana@shop.example')], id));
  const { id: jobId } = (job.body as { data: { id: string } }).data;
  const before = sandbox.state();
  const looks = [1, 2].map(() => ask('GET', `/profile-bulk-import-jobs/${jobId}`));

  expect(job).toMatchObject({
    status: 202,
    body: { data: { attributes: { status: 'queued', total_count: 1 } } },
  });
  expect(before).toEqual({ lists: { Top: [] } });
  expect(looks).toMatchObject([
    { body: { data: { attributes: { status: 'processing' } } } },
    { body: { data: { attributes: { status: 'complete', completed_count: 1, failed_count: 0 } } } },
  ]);
  expect(sandbox.state()).toEqual({ lists: { Top: ['ana@shop.example'] } });
});

test('links to the next page lead to the vendor, not to the sandbox', () => {
  const { ask, createList } = openSandbox();
  for (let made = 0; made < 10; made += 1) createList('Same');
  const first = ask('GET', '/lists?filter=equals(name,"Same")&page[size]=7').body as {
    data: unknown[];
    links: { next: string };
  };
  const next = new URL(first.links.next);

  const second = ask('GET', `/lists${next.search}`).body as { data: unknown[]; links: object };

  expect(next.host).toBe('a.klaviyo.com');
  expect([first.data.length, second.data.length]).toEqual([7, 3]);
  expect(second.links).not.toHaveProperty('next');
});
