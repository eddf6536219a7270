import { parse } from 'csv-parse/sync';
import { expect, test } from 'vitest';
import { keys, openActiveShop } from '../run/active-shop.ts';
import { openStage } from '../run/stage.ts';
import { openSite } from './site.ts';

const stage = openStage();
const AS_OF = '2026-03-31';
const NAMES = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j'];
const ADDRESS = /[\w.+-]+@[\w-]+\.\w+/;

async function openFilled(settings = {}) {
  const opened = openActiveShop(stage, settings);
  opened.sells(NAMES);
  await opened.shop.run(AS_OF);
  const site = await openSite(stage, () => [opened.shop.job]);
  return { ...opened, site, at: (rest = '') => `/jobs/${encodeURIComponent(opened.shop.job.name)}${rest}` };
}

test('the first page tells of every job how it is, when it ran and how old its audiences are', async () => {
  const { shop, site } = await openFilled();

  const { status, body } = await site.get('/');

  expect(status).toBe(200);
  expect(body).toContain(shop.job.name);
  expect(body).toContain('done');
  expect(body).toMatch(/platform: 1 audience, the oldest in step\s+\d+ seconds? ago/);
});

test('no page shows an e-mail address that nobody asked for; a customer who was asked for is explained', async () => {
  const { site, at } = await openFilled();
  const { body: list } = await site.get(at('/runs'));
  const [, run = ''] = /\/runs\/([\w-]+)"/.exec(list)!;

  for (const rest of [
    '',
    '/audiences',
    '/runs',
    `/runs/${run}`,
    '/customer',
    '/held',
    '/segments/lifecycle.active',
  ]) {
    const { status, body } = await site.get(at(rest));
    expect([rest, status]).toEqual([rest, 200]);
    expect(ADDRESS.exec(body)?.[0]).toBeUndefined();
  }
  const found = await site.post(at('/customer'), { who: 'A@example.com ' });
  const nobody = await site.post(at('/customer'), { who: 'nobody@example.com' });

  expect(found.body).toContain('a@example.com');
  expect(found.body).toContain('lifecycle.active');
  expect(found.body).toMatch(/\w{3} \d+, \d{4}, \d+:\d\d.[AP]M: added/);
  expect(nobody.body).toContain('ARGUMENT_WRONG');
  expect(JSON.stringify(site.logged)).not.toMatch(ADDRESS);
});

test('labels and questions are text on the page, whatever they look like', async () => {
  const wild = `<b onclick='x'>"&`;
  const { site, at } = await openFilled({
    segments: { lifecycle: { top_share: 0, labels: { active: wild } }, value_engagement: {} },
  });

  for (const path of ['/', at(), at('/audiences'), at('/segments/lifecycle.active')]) {
    const { status, body } = await site.get(path);
    expect([path, status]).toEqual([path, 200]);
    expect(body).not.toContain('<b onclick');
  }
  const asked = await site.post(at('/customer'), { who: '"><script>alert(1)</script>' });
  expect(asked.body).not.toContain('<script>alert');
});

test('numbers and days are written as the browser asks for', async () => {
  const { site, at } = await openFilled();
  const page = async (language: string) => (await site.get(at(), { 'accept-language': language })).body;

  expect(await page('de-DE,de;q=0.9')).toContain('31.03.2026');
  expect(await page('en-US')).toContain('Mar 31, 2026');
  expect(await page('xx-nonsense;;,*')).toContain('Mar 31, 2026');
});

test('a segment is downloaded as CSV, and what is no segment is not found', async () => {
  const { site, at } = await openFilled();

  const { headers, body } = await site.get(at('/segments/lifecycle.active.csv'));
  const rows = parse<{ email: string }>(body, { columns: true });

  expect(headers).toMatchObject({
    'content-type': 'text/csv; charset=utf-8',
    'content-disposition': 'attachment',
  });
  expect(rows.map(({ email }) => `email:${email}`).toSorted()).toEqual(keys(NAMES));
  expect((await site.get(at('/segments/lifecycle.nothing'))).status).toBe(404);
  expect((await site.get('/jobs/nothing')).status).toBe(404);
});

test('a run is begun from the page, and shows in the list when it has ended', async () => {
  const { shop, sells } = openActiveShop(stage);
  sells(['ada']);
  const site = await openSite(stage, () => [shop.job]);
  const path = `/jobs/${shop.job.name}`;
  const before = await site.get(path);

  const begun = await site.post(`${path}/run`);
  await site.settled(shop.job.name);
  const { body } = await site.get(`${path}/runs`);

  expect(before.body).toContain('No run yet');
  expect([begun.status, begun.headers.location]).toEqual([303, `${path}/runs`]);
  expect(site.ended).toMatchObject([{ job: shop.job.name, status: 'done' }]);
  expect(body).toContain(site.ended[0]!.run_id);
});

test('a held plan shows who would leave first, and is approved once: the plan that was looked at, no other', async () => {
  const { platform, site, at, leaves } = await openFilled({ guard: { from_members: 5 } });
  const held = await leaves(['a', 'b', 'c']);

  const { body } = await site.get(at('/held'));
  const members = parse<{ change: string }>((await site.get(at('/held.csv'))).body, { columns: true });
  const other = await site.post(at('/approve'), { run_id: 'another-run' });
  await site.settled(held.job);
  const refused = await site.get(at('/held'));
  const right = await site.post(at('/approve'), { run_id: held.run_id });
  await site.settled(held.job);
  const after = await site.get(at('/held'));

  expect(body).toContain('it would lose 7 of its 10 members (70 %); at most 30 % may');
  expect(body).toContain(`value="${held.run_id}"`);
  expect(members.map(({ change }) => change)).toEqual(Array(7).fill('remove'));
  expect([other.status, right.status]).toEqual([303, 303]);
  expect(refused.body).toContain('APPROVE_NOTHING_HELD');
  expect(platform.members('Active')).toEqual(keys(['a', 'b', 'c']));
  expect(after.body).toContain('Nothing waits');
});

test('what moved since an earlier day is shown once such a day is in the store, computed when somebody asks', async () => {
  const { site, at, shop } = await openFilled();
  const before = await site.get(at());

  const begun = await site.post(at('/compare'));
  await site.settled(shop.job.name);
  const after = await site.get(at());

  expect(before.body).toContain('No earlier day is in the store');
  expect(begun.status).toBe(303);
  expect(after.body).toContain('Flows since Feb 28, 2026');
});

test('a job file to copy from, whose keys are not there, is no alarm; neither is it passed over', async () => {
  const { shop } = openActiveShop(stage);
  const problem = { code: 'CONFIG_MISSING_SECRET' as const, what: '${MAILCHIMP_API_KEY} has no value.' };
  const broken = [{ file: 'config/jobs/daily-shop.yaml', job: null, problems: [problem] }];
  const running = [{ file: 'config/jobs/ours.yaml', job: shop.job.name, problems: [problem] }];

  const waiting = await (await openSite(stage, () => [shop.job], { broken })).get('/');
  const lost = await (await openSite(stage, () => [shop.job], { broken: running })).get('/');

  expect(waiting.body).toContain('Job files that wait for their keys');
  expect(waiting.body).not.toContain('role="alert"');
  expect(lost.body).toContain('Job files that cannot be used');
});

test('a job file that is broken is shown with its errors beside the lines, its secrets hidden', async () => {
  const { shop } = openActiveShop(stage);
  const broken = [
    {
      file: 'config/jobs/demo.yaml',
      job: null,
      problems: [
        {
          code: 'CONFIG_UNKNOWN_KEY' as const,
          where: 'config/jobs/demo.yaml:6:1 nmae',
          what: 'There is no setting nmae.',
          fix: 'Did you mean name?',
        },
      ],
    },
  ];
  const site = await openSite(stage, () => [shop.job], { broken, secrets: new Set(['MAILCHIMP']) });

  const first = await site.get('/');
  const file = await site.get('/files/demo.yaml');
  const other = await site.get('/files/package.json');
  const above = await site.get('/files/..%2F..%2Fpackage.json');

  expect(first.body).toContain('There is no setting nmae.');
  expect(file.body).toMatch(/class="wrong"\s+id="line-6"/);
  expect(file.body).toContain('Did you mean name?');
  expect(file.body).not.toContain('MAILCHIMP');
  expect([other.status, above.status]).toEqual([404, 404]);
});
