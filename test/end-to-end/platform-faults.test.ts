import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { RunReport } from '../../src/run/report.ts';
import { EARLIER, expectExact, held, LATER, membershipOn, openCrowd, type DestinationType } from './crowd.ts';
import type { Shop } from './shop.ts';

type Platform = 'mailchimp' | 'klaviyo' | 'facebook';
const PLATFORMS: Platform[] = ['mailchimp', 'klaviyo', 'facebook'];
/** One audience of 1,060 people: made, then filled, by Mailchimp in three requests. */
const FLOOR: Record<Platform, number> = { mailchimp: 4, klaviyo: 2, facebook: 2 };
const WHOLE_FLOOR = 8;
const RUN = ['run', 'job.yaml', '--as-of', EARLIER];

const openLost = (env: Record<string, string> = {}) =>
  openCrowd(undefined, { segment: 'lifecycle.lost', env });
const lostOn = (day: string) => ({ Lost: membershipOn(day).Lost });

function writesTo(shop: Shop, platform: Platform): number {
  return shop.sandbox.exchanges.filter((one) => one.platform === platform && one.request.method !== 'GET')
    .length;
}

/** Replaces a piece of the job file's line of one destination. */
async function inDestination(shop: Shop, platform: Platform, piece: string, other: string): Promise<void> {
  const lines = (await readFile(join(shop.folder, 'job.yaml'), 'utf8')).split('\n');
  const at = lines.findIndex((line) => line.includes(`type: ${platform}`));
  expect(lines[at]).toContain(piece);
  lines[at] = lines[at]!.replace(piece, () => other);
  await shop.write('job.yaml', lines.join('\n'));
}

type Lasting = {
  title: string;
  code: Record<Platform, string>;
  begin(shop: Shop, platform: Platform): Promise<void> | void;
  end?(shop: Shop, platform: Platform): Promise<void>;
};

const same = (code: string): Record<Platform, string> => ({ mailchimp: code, klaviyo: code, facebook: code });
const KEY_NAMES = {
  mailchimp: 'MAILCHIMP_API_KEY',
  klaviyo: 'KLAVIYO_API_KEY',
  facebook: 'META_ACCESS_TOKEN',
};
const SITE = '"${SANDBOX_URL}"';
const CLOSED = '"http://127.0.0.1:9"';
/** How each platform says that it wants less, and for how long: longer than a run waits. */
const TOO_MANY = {
  mailchimp: {
    status: 429,
    headers: { 'retry-after': '600' },
    body: {
      type: 'about:blank',
      title: 'Too Many Requests',
      status: 429,
      detail: 'Ten at a time.',
      instance: 'x',
    },
    content_type: 'application/problem+json',
  },
  klaviyo: {
    status: 429,
    headers: { 'retry-after': '600' },
    body: {
      errors: [{ id: 'x', status: 429, code: 'throttled', title: 'Throttled', detail: 'Wait.', source: {} }],
    },
  },
  facebook: {
    status: 400,
    headers: {
      'x-business-use-case-usage': JSON.stringify({
        1: [{ type: 'custom_audience', call_count: 100, estimated_time_to_regain_access: 10 }],
      }),
    },
    body: {
      error: { message: 'too many calls', type: 'OAuthException', code: 80003, error_subcode: 2446079 },
    },
  },
};
const PAGE = '<html><body>Please log in to the hotel network</body></html>';
/** As often as the platform is asked in one run: one that is no answer at all, Facebook is not asked again. */
const html = (status: number) => (shop: Shop, platform: Platform) => {
  const times = platform === 'facebook' && status === 200 ? 1 : 4;
  shop.sandbox.fault({ platform, times, status, text: PAGE, content_type: 'text/html' });
};

const LASTING: Lasting[] = [
  {
    title: 'is down',
    code: same('DESTINATION_DOWN'),
    begin: (shop, platform) => inDestination(shop, platform, SITE, CLOSED),
    end: (shop, platform) => inDestination(shop, platform, CLOSED, SITE),
  },
  {
    title: 'refuses the key',
    code: same('DESTINATION_KEY_REFUSED'),
    begin: (shop, platform) => inDestination(shop, platform, `\${${KEY_NAMES[platform]}}`, 'not-the-key-us1'),
    end: (shop, platform) => inDestination(shop, platform, 'not-the-key-us1', `\${${KEY_NAMES[platform]}}`),
  },
  { title: 'answers with a web page', code: same('DESTINATION_ANSWER'), begin: html(200) },
  { title: 'answers with an error page', code: same('DESTINATION_DOWN'), begin: html(503) },
  {
    title: 'wants no more requests for ten minutes',
    code: same('DESTINATION_THROTTLED'),
    begin: (shop, platform) => shop.sandbox.fault({ platform, ...TOO_MANY[platform] }),
  },
];

test.for(LASTING)(
  'a platform that $title fails alone and with the reason; the next run does what is missing and nothing else',
  { timeout: 400_000 },
  async ({ code, begin, end }) => {
    const shops = await Promise.all(PLATFORMS.map(() => openLost()));
    await Promise.all(
      PLATFORMS.map(async (platform, index) => {
        const shop = shops[index]!;
        await begin(shop, platform);

        const first = await shop.cli(...RUN, '--json');

        const report = JSON.parse(first.stdout) as RunReport;
        expect(first.code, platform).toBe(1);
        expect(report.status, platform).toBe('partial');
        for (const { destination, error } of report.audiences) {
          if (destination === platform)
            expect(error).toMatchObject({ code: code[platform], what: expect.stringMatching(/\w/) });
          else expect(error, `${destination} beside ${platform}`).toBeNull();
        }
        expect(writesTo(shop, platform), platform).toBe(0);
        expect(shop.writes(), platform).toBe(WHOLE_FLOOR - FLOOR[platform]);

        await end?.(shop, platform);
        const second = await shop.json(...RUN);

        expect(second.status, platform).toBe('done');
        expect(writesTo(shop, platform), platform).toBe(FLOOR[platform]);
        expect(shop.writes(), platform).toBe(WHOLE_FLOOR);
        await expectExact(shop, lostOn(EARLIER));
      }),
    );
  },
);

const WRITE = { mailchimp: 'segments', klaviyo: 'profile-bulk-import-jobs', facebook: 'users' };
const CREATE = { mailchimp: 'segments$', klaviyo: 'lists$', facebook: 'customaudiences$' };

test.for([
  { title: 'an error 500', fault: { status: 500, text: 'oops' } },
  { title: 'a connection that breaks before the request took effect', fault: { drop: 'before' as const } },
  { title: 'a connection that breaks after the request took effect', fault: { drop: 'after' as const } },
])(
  '$title passes: the request is repeated, and every audience is there once and right',
  { timeout: 400_000 },
  async ({ fault }) => {
    const shop = await openLost();
    for (const platform of PLATFORMS) {
      for (const path of [CREATE[platform], WRITE[platform]]) {
        shop.sandbox.fault({ platform, method: 'POST', path, ...fault });
      }
    }

    const { status, audiences } = await shop.json(...RUN);

    expect({ status, errors: audiences.flatMap(({ error }) => error ?? []) }).toEqual({
      status: 'done',
      errors: [],
    });
    await expectExact(shop, lostOn(EARLIER));
    for (const held of [
      shop.state().mailchimp.tags,
      shop.state().klaviyo.lists,
      shop.state().facebook.audiences,
    ]) {
      expect(Object.keys(held)).toEqual(['Lost']);
    }
  },
);

test(
  'a platform that fails half-way keeps what it took; the next run sends the rest',
  { timeout: 400_000 },
  async () => {
    const shop = await openLost();
    // Three batches are under way at a time: one is taken, the others fail with their three further attempts.
    shop.sandbox.fault({
      platform: 'mailchimp',
      method: 'POST',
      path: 'segments/',
      skip: 1,
      times: 8,
      status: 500,
      text: '',
    });

    const first = await shop.json(...RUN);

    const failed = first.audiences.find(({ destination }) => destination === 'mailchimp')!;
    expect(failed).toMatchObject({ error: { code: 'DESTINATION_DOWN' } });
    expect(first.status).toBe('partial');
    const taken = Object.values(shop.state().mailchimp.tags).flat();
    expect([60, 500]).toContain(taken.length);
    expect(failed.added).toBe(taken.length);

    const second = await shop.json(...RUN);

    expect(second.audiences.map(({ requests }) => requests)).toEqual([2, 0, 0, 0]);
    expect(shop.writes()).toBe(WHOLE_FLOOR);
    await expectExact(shop, lostOn(EARLIER));
  },
);

test(
  'an audience that somebody deleted is made anew and filled at the next run',
  { timeout: 400_000 },
  async () => {
    const destinations: DestinationType[] = ['mailchimp', 'facebook', 'csv'];
    const shop = await openCrowd(destinations, { segment: 'lifecycle.lost' });
    await shop.json(...RUN);
    const [, path] = /(\/segments\/\d+)/.exec(JSON.stringify(shop.sandbox.requests()))!;
    const remove = (url: string, headers = {}) =>
      fetch(`${shop.sandbox.url}${url}`, { method: 'DELETE', headers });
    const key = { authorization: `Basic ${Buffer.from('any:sandbox-us1').toString('base64')}` };
    await remove(`/3.0/lists/sandbox${path}`, key);
    await remove(`/v26.0/${shop.state().facebook.audiences.Lost!.id}?access_token=sandbox`);
    await rm(join(shop.folder, 'out', 'Lost.csv'));
    expect(await held(shop)).toMatchObject({ mailchimp: {}, facebook: {}, csv: {} });
    const before = shop.writes();

    const again = await shop.json('run', 'job.yaml', '--as-of', LATER);

    expect(again.status).toBe('done');
    expect(again.audiences.map(({ added, removed }) => [added, removed])).toEqual(
      destinations.map(() => [membershipOn(LATER).Lost.length, 0]),
    );
    expect(shop.writes() - before).toBe(FLOOR.mailchimp + FLOOR.facebook);
    await expectExact(shop, lostOn(LATER), { destinations });
  },
);
