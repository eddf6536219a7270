import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { EARLIER, ended, expectExact, LATER, membershipOn, openCrowd } from './crowd.ts';
import type { Shop } from './shop.ts';

const DESTINATIONS = ['mailchimp', 'klaviyo'] as const;

/** The crowd's job, which also tells both platforms where everybody stands. */
async function openTold(): Promise<Shop> {
  const shop = await openCrowd(DESTINATIONS);
  const job = await readFile(join(shop.folder, 'job.yaml'), 'utf8');
  const told = job
    .replace(/(type: mailchimp.*?)(audiences)/, '$1properties: { STAGE: lifecycle, ORDERS: orders }, $2')
    .replace(/(type: klaviyo.*?)(audiences)/, '$1properties: [lifecycle, orders], $2');
  await shop.write('job.yaml', told);
  return shop;
}

/** What each platform says everybody's stage is, by e-mail address. */
async function stagesAt(shop: Shop): Promise<Record<(typeof DESTINATIONS)[number], Record<string, unknown>>> {
  const ask = async (path: string, authorization: string): Promise<unknown> => {
    const answer = await fetch(`${shop.sandbox.url}${path}`, { headers: { authorization } });
    if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
    return answer.json();
  };
  const mailchimp: Record<string, unknown> = {};
  for (let offset = 0; ; offset += 1000) {
    const { members } = (await ask(
      `/3.0/lists/sandbox/members?count=1000&offset=${offset}`,
      `Basic ${Buffer.from('any:sandbox-us1').toString('base64')}`,
    )) as { members: { email_address: string; merge_fields: { STAGE?: string } }[] };
    for (const { email_address, merge_fields } of members) mailchimp[email_address] = merge_fields.STAGE;
    if (members.length < 1000) break;
  }
  const klaviyo: Record<string, unknown> = {};
  for (let cursor = ''; ;) {
    const page = (await ask(`/api/profiles?page[size]=100${cursor}`, 'Klaviyo-API-Key sandbox')) as {
      data: { attributes: { email: string; properties: { lifecycle?: string } } }[];
      links: { next: string | null };
    };
    for (const { attributes } of page.data) klaviyo[attributes.email] = attributes.properties.lifecycle;
    if (!page.links.next) break;
    const next = new URL(page.links.next, shop.sandbox.url).searchParams.get('page[cursor]');
    cursor = `&page[cursor]=${encodeURIComponent(next!)}`;
  }
  return { mailchimp, klaviyo };
}

function stagesOn(day: string): Record<string, string> {
  return Object.fromEntries(
    Object.entries(membershipOn(day)).flatMap(([label, people]) => people.map((email) => [email, label])),
  );
}

test(
  'everybody’s properties are right at both platforms, however often the runs are killed, and then nothing is sent',
  { timeout: 300_000 },
  async () => {
    const shop = await openTold();
    const first = await shop.json('run', 'job.yaml', '--as-of', EARLIER);
    const expected = stagesOn(EARLIER);
    expect(first.properties.map(({ updated, refused }) => [updated, refused])).toEqual(
      DESTINATIONS.map(() => [Object.keys(expected).length, 0]),
    );
    expect(await stagesAt(shop)).toEqual({ mailchimp: expected, klaviyo: expected });

    let kills = 0;
    for (; ; kills += 1) {
      const child = shop.start('run', 'job.yaml', '--as-of', LATER);
      shop.afterWrites(12 + 3 * kills, () => child.kill('SIGKILL'));
      const { signal, code, stderr } = await ended(child);
      if (signal === 'SIGKILL') continue;
      expect(code, stderr).toBe(0);
      break;
    }
    const before = shop.writes();
    const last = await shop.json('run', 'job.yaml', '--as-of', LATER);

    expect(kills).toBeGreaterThan(0);
    await expectExact(shop, membershipOn(LATER), { destinations: DESTINATIONS });
    expect(await stagesAt(shop)).toEqual({ mailchimp: stagesOn(LATER), klaviyo: stagesOn(LATER) });
    expect(last).toMatchObject({ status: 'done', properties: [{ people: 0 }, { people: 0 }] });
    expect(shop.writes()).toBe(before);
  },
);

test(
  'plan foretells the requests of the properties, and the table of a run tells them',
  { timeout: 300_000 },
  async () => {
    const shop = await openTold();
    const plan = await shop.json('plan', 'job.yaml', '--as-of', EARLIER);
    const run = await shop.cli('run', 'job.yaml', '--as-of', EARLIER);
    const later = await shop.json('plan', 'job.yaml', '--as-of', LATER);
    const before = shop.writes();
    const second = await shop.json('run', 'job.yaml', '--as-of', LATER);

    // Mailchimp takes 500 at a time, Klaviyo 10,000; two merge fields are made once.
    expect(plan.properties).toMatchObject([
      { people: 1200, requests: 3 },
      { people: 1200, requests: 1 },
    ]);
    expect(run.stdout).toMatch(/properties of +people +updated +refused +dropped +requests/);
    expect(run.stdout).toMatch(/klaviyo +1,200 +1,200 +0 +0 +1\n/);
    expect(second.properties.map(({ people, requests }) => [people, requests])).toEqual(
      later.properties.map(({ people, requests }) => [people, requests]),
    );
    const all = [...second.audiences, ...second.properties];
    expect(shop.writes() - before).toBe(all.reduce((sum, { requests }) => sum + requests, 0));
  },
);
