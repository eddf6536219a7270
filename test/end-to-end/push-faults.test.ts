import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Fault } from '../../connectors/sandbox-server.ts';
import type { RunReport } from '../../src/run/report.ts';
import { byHand } from './by-hand.ts';
import { EARLIER, expectExact, LATER, ledgerOf, membershipOn, openCrowd, sha256 } from './crowd.ts';
import { addGuests } from './guests.ts';

type Platform = 'mailchimp' | 'klaviyo' | 'facebook';
const PLATFORMS: Platform[] = ['mailchimp', 'klaviyo', 'facebook'];
const RUN = ['run', 'job.yaml', '--as-of', EARLIER];
const CREATE = { mailchimp: 'segments$', klaviyo: 'lists$', facebook: 'customaudiences$' };
const WRITE = { mailchimp: 'segments/', klaviyo: 'profile-bulk-import-jobs$', facebook: 'users$' };

const openLost = () => openCrowd(undefined, { segment: 'lifecycle.lost' });
const lostOn = (day: string) => ({ Lost: membershipOn(day).Lost });
const errorsOf = ({ audiences }: RunReport) =>
  Object.fromEntries(audiences.map(({ destination, error }) => [destination, error?.code ?? null]));

type Trouble = Omit<Fault, 'platform' | 'method' | 'path'>;
const cutShort = (text: string): Trouble => ({
  status: 200,
  headers: { 'content-length': '9000', connection: 'close' },
  text,
});

test.for<{ title: string; trouble: Trouble }>([
  { title: 'an answer that breaks off in the middle', trouble: cutShort('{"data": {"id": "23') },
  {
    title: 'an error page',
    trouble: { status: 502, text: '<html>Bad gateway</html>', content_type: 'text/html' },
  },
  { title: 'an error without a word', trouble: { status: 503, text: '' } },
  {
    title: 'an error page labelled JSON',
    trouble: { status: 503, text: '<html>Busy</html>', content_type: 'application/json' },
  },
  { title: 'a reset that comes too late', trouble: { drop: 'after' } },
])(
  '$title, at every call that writes, costs requests and nothing else',
  { timeout: 400_000 },
  async ({ trouble }) => {
    const shop = await openLost();
    const trip = (platform: Platform, method: string, path: string) =>
      shop.sandbox.fault({ platform, method, path, ...trouble });
    for (const platform of PLATFORMS)
      for (const path of [CREATE[platform], WRITE[platform]]) trip(platform, 'POST', path);
    await shop.json(...RUN);
    const guests = await addGuests(shop);
    for (const platform of PLATFORMS) trip(platform, 'POST', WRITE[platform]);
    trip('klaviyo', 'DELETE', 'relationships/profiles$');

    const later = await shop.json('run', 'job.yaml', '--as-of', LATER);
    const again = await shop.json('run', 'job.yaml', '--as-of', LATER);

    expect([later.status, again.status]).toEqual(['done', 'done']);
    expect(again.audiences.map(({ requests }) => requests)).toEqual([0, 0, 0, 0]);
    await expectExact(shop, lostOn(LATER), { guests });
  },
);

/** How each platform refuses a key that was good a moment ago, and a right that it had. */
const REFUSALS: Record<'expired' | 'revoked', { code: string; trouble: Record<Platform, Trouble> }> = {
  expired: {
    code: 'DESTINATION_KEY_REFUSED',
    trouble: {
      mailchimp: {
        status: 401,
        body: { type: 'about:blank', title: 'API Key Invalid', status: 401, detail: 'Gone.', instance: 'x' },
      },
      klaviyo: {
        status: 401,
        body: {
          errors: [
            { id: 'x', status: 401, code: 'not_authenticated', title: 'Key', detail: 'Gone.', source: {} },
          ],
        },
      },
      facebook: {
        status: 400,
        body: {
          error: { message: 'Session has expired', type: 'OAuthException', code: 190, error_subcode: 463 },
        },
      },
    },
  },
  revoked: {
    code: 'DESTINATION_PERMISSION',
    trouble: {
      mailchimp: {
        status: 403,
        body: { type: 'about:blank', title: 'Forbidden', status: 403, detail: 'No access.', instance: 'x' },
      },
      klaviyo: {
        status: 403,
        body: {
          errors: [
            { id: 'x', status: 403, code: 'permission_denied', title: 'No', detail: 'Scope.', source: {} },
          ],
        },
      },
      facebook: {
        status: 400,
        body: { error: { message: '(#200) Permissions error', type: 'OAuthException', code: 200 } },
      },
    },
  },
};

test.for(Object.entries(REFUSALS))(
  'a right that is %s once audiences are made stops every platform at the first refusal; the next run fills them',
  { timeout: 400_000 },
  async ([, { code, trouble }]) => {
    const shop = await openCrowd(undefined, { segment: 'lifecycle.at_risk' });
    for (const platform of PLATFORMS)
      shop.sandbox.fault({ platform, method: 'POST', path: WRITE[platform], ...trouble[platform] });

    const first = await shop.json(...RUN);
    const second = await shop.json(...RUN);

    expect(first.status).toBe('partial');
    // The fault meets one request: another attempt would have been taken.
    expect(errorsOf(first)).toEqual({ mailchimp: code, klaviyo: code, facebook: code, csv: null });
    expect(second).toMatchObject({ status: 'done' });
    expect(second.audiences.map(({ requests }) => requests)).toEqual([1, 1, 1, 0]);
    await expectExact(shop, { 'At risk': membershipOn(EARLIER)['At risk'] });
  },
);

test.for(PLATFORMS)(
  'an audience at %s that somebody deletes while it is filled fails alone; the next run makes it anew and says so',
  { timeout: 400_000 },
  async (platform) => {
    const shop = await openCrowd([platform, 'csv'], { segment: 'lifecycle.at_risk' });
    await shop.json(...RUN);
    // The first answer to the change is lost, and the audience goes while the run waits to try again.
    shop.sandbox.fault({ platform, method: 'POST', path: WRITE[platform], drop: 'after' });
    const deleted = Promise.withResolvers<void>();
    shop.afterWrites(1, () => {
      byHand(shop).deleteAudience(platform, 'At risk').then(deleted.resolve, deleted.reject);
    });

    const cut = await shop.json('run', 'job.yaml', '--as-of', LATER);
    await deleted.promise;
    const next = await shop.json('run', 'job.yaml', '--as-of', LATER);

    expect(errorsOf(cut)).toEqual({ [platform]: 'AUDIENCE_GONE', csv: null });
    expect(next.status).toBe('done');
    expect(next.audiences).toMatchObject([
      { recreated: true, removed: 0 },
      { recreated: false, requests: 0 },
    ]);
    expect(next.warnings).toContainEqual(expect.stringContaining('had been deleted there'));
    const wanted = { 'At risk': membershipOn(LATER)['At risk'] };
    await expectExact(shop, wanted, { destinations: [platform, 'csv'] });
  },
);

test(
  'of a hundred people the one whom a platform refuses is left out and told; the others are in, and stay',
  { timeout: 400_000 },
  async () => {
    const isBad = (email: string) => /buyer\d+00@/.test(email);
    const good = membershipOn(EARLIER).Lost.filter((email) => !isBad(email));
    const bad = membershipOn(EARLIER)
      .Lost.filter(isBad)
      .map((email) => email.replace('example.com', 'localhost'));
    const hashes = new Set(bad.map(sha256));
    const shop = await openCrowd(PLATFORMS, {
      segment: 'lifecycle.lost',
      // Klaviyo takes no such addresses, Mailchimp does not know them, and Facebook gets their hashes spoilt.
      people: good.map((email) => ({ email })),
      rewrite(request) {
        const text = JSON.stringify(request.body) ?? '';
        const spoilt = text.replaceAll(/[\da-f]{64}/g, (hash) => (hashes.has(hash) ? `${hash}!` : hash));
        return spoilt === text ? request : { ...request, body: JSON.parse(spoilt) as unknown };
      },
    });
    const orders = await readFile(join(shop.folder, 'orders.csv'), 'utf8');
    await shop.write('orders.csv', orders.replaceAll(/(buyer\d+00)@example\.com/g, '$1@localhost'));

    const first = await shop.json(...RUN);
    const writes = shop.writes();
    const second = await shop.json(...RUN);

    expect(bad).toHaveLength(10);
    const outcome = { added: good.length, refused: bad.length, error: null };
    expect(first).toMatchObject({ status: 'partial', audiences: PLATFORMS.map(() => outcome) });
    for (const { reasons } of first.audiences) expect(reasons).toMatchObject([{ members: bad.length }]);
    await expectExact(shop, { Lost: good }, { destinations: PLATFORMS });
    expect(second).toMatchObject({
      status: 'partial',
      audiences: PLATFORMS.map(() => ({ added: 0, refused: 10 })),
    });
    expect(shop.writes()).toBe(writes);
    expect(JSON.stringify([first, second])).not.toContain('localhost');
  },
);

test(
  'of two audiences of one name that others made the older is filled, the younger left alone',
  { timeout: 400_000 },
  async () => {
    const shop = await openCrowd(['klaviyo', 'facebook'], { segment: 'lifecycle.at_risk' });
    const lists = [await byHand(shop).makeList('At risk'), await byHand(shop).makeList('At risk')];
    const audiences = [
      await byHand(shop).makeAudience('At risk'),
      await byHand(shop).makeAudience('At risk'),
    ];
    const before = shop.writes();

    const first = await shop.json(...RUN);
    const second = await shop.json(...RUN);

    expect(first.audiences.map(({ remote_id }) => remote_id)).toEqual([lists[0], audiences[0]]);
    expect(first).toMatchObject({ status: 'done' });
    expect(second.audiences.map(({ requests }) => requests)).toEqual([0, 0]);
    expect(shop.writes() - before).toBe(2);
    const wanted = membershipOn(EARLIER)['At risk'];
    expect((await ledgerOf(shop)).klaviyo).toEqual({ 'At risk': wanted });
    expect((await byHand(shop).peopleOn(lists[0]!)).toSorted()).toEqual(wanted);
    expect(await byHand(shop).peopleOn(lists[1]!)).toEqual([]);
    const paths = shop.sandbox.exchanges.map(({ request }) => request.path);
    expect(paths.filter((path) => path.includes(audiences[1]!))).toEqual([]);
  },
);
