import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { RunReport } from '../../src/run/report.ts';
import { byHand } from './by-hand.ts';
import { EARLIER, expectExact, held, LATER, membershipOn, openCrowd } from './crowd.ts';
import { addGuests } from './guests.ts';
import type { Shop } from './shop.ts';

const RUN = ['run', 'job.yaml', '--as-of', EARLIER];
const WORDS = { mailchimp: 'tag', klaviyo: 'list', facebook: 'audience', csv: 'file' };

/** Gives the only audience of each destination another name, or other settings. */
async function edit(shop: Shop, change: (entry: string, word: string) => string): Promise<void> {
  const job = await readFile(join(shop.folder, 'job.yaml'), 'utf8');
  const lines = job.split('\n').map((line) => {
    const [, type] = /type: (\w+).* audiences:/.exec(line) ?? [];
    return type ? change(line, WORDS[type as keyof typeof WORDS]) : line;
  });
  await shop.write('job.yaml', lines.join('\n'));
}

const called = (name: string) => (line: string, word: string) =>
  line.replace(/\{ segment: [^}]*\}/, `{ segment: lifecycle.lost, ${word}: ${name} }`);
const byDestination = ({ audiences }: RunReport) =>
  Object.fromEntries(audiences.map((audience) => [audience.destination, audience]));

test(
  'audiences that the job file gives other names are renamed where the platform can; status and check tell what is where',
  { timeout: 300_000 },
  async () => {
    const shop = await openCrowd(undefined, { segment: 'lifecycle.lost' });
    const facts = async () => {
      const { stdout } = await shop.cli('check', 'job.yaml');
      return stdout.split('\n').filter((line) => /"(Lost|Gone)"/.test(line));
    };
    const before = await facts();
    await shop.json(...RUN);
    await edit(shop, called('Gone'));
    const pending = await facts();
    const plan = await shop.json('plan', 'job.yaml', '--as-of', EARLIER);
    const writes = shop.writes();

    const run = await shop.json(...RUN);

    for (const line of before) expect(line).toContain('is not there yet');
    expect(before).toHaveLength(4);
    expect(
      pending.filter((line) => line.includes('is there as "Lost": the next run renames it')),
    ).toHaveLength(3);
    const renamed = { renamed_from: 'Lost', added: 0, removed: 0, requests: 1, error: null };
    const { Lost } = membershipOn(EARLIER);
    expect(byDestination(run)).toMatchObject({
      mailchimp: renamed,
      klaviyo: renamed,
      facebook: renamed,
      csv: { renamed_from: null, added: Lost.length, requests: 1 },
    });
    expect(plan.audiences.map(({ requests }) => requests)).toEqual(
      run.audiences.map(({ requests }) => requests),
    );
    expect(shop.writes() - writes).toBe(3);
    await expectExact(shop, { Gone: Lost });
    expect(run.orphans).toMatchObject([{ destination: 'csv', audience: 'Lost', held: Lost.length }]);
    const holds = await held(shop);
    for (const platform of ['mailchimp', 'klaviyo', 'facebook'] as const)
      expect(Object.keys(holds[platform])).toEqual(['Gone']);
    expect(await facts()).toHaveLength(4);
    for (const line of await facts()) expect(line).toContain('"Gone" is there');

    await edit(shop, (line) => line.replace('consent:', 'orphans: remove, consent:'));
    const emptied = await shop.json(...RUN);

    expect(emptied.audiences.find(({ orphan }) => orphan)).toMatchObject({
      destination: 'csv',
      audience: 'Lost',
      removed: Lost.length,
      error: null,
    });
    expect((await held(shop)).csv).toEqual({ Gone: Lost, Lost: [] });
  },
);

test(
  'orphans are emptied of our members on every platform where the job file says so, and of nobody else',
  { timeout: 300_000 },
  async () => {
    const shop = await openCrowd(undefined, { segment: 'lifecycle.at_risk' });
    await shop.json(...RUN);
    await addGuests(shop);
    await edit(shop, called('Lost'));
    const kept = await shop.json(...RUN);
    const told = await shop.cli('status', 'job.yaml');
    await edit(shop, (line) => line.replace('consent:', 'orphans: remove, consent:'));

    const removed = await shop.json(...RUN);
    const after = await shop.json<{ orphans: object[] }>('status', 'job.yaml');

    const count = membershipOn(EARLIER)['At risk'].length;
    expect(kept.orphans.map(({ destination, held }) => [destination, held])).toEqual(
      Object.keys(WORDS).map((destination) => [destination, count]),
    );
    expect(told.stdout.match(/the job file names "At risk" no more/g)).toHaveLength(4);
    expect(removed.status).toBe('done');
    expect(removed.audiences.filter(({ orphan }) => orphan).map((orphan) => orphan.removed)).toEqual(
      Object.keys(WORDS).map(() => count),
    );
    const holds = await held(shop);
    for (const platform of ['mailchimp', 'klaviyo', 'facebook'] as const)
      expect(holds[platform]['At risk'], platform).toHaveLength(1);
    expect(holds.csv['At risk']).toEqual([]);
    expect(after.orphans).toEqual([]);
    await expectExact(shop, { Lost: membershipOn(EARLIER).Lost });
  },
);

test(
  'what the platforms count is told beside what we put there; reconciling puts back who was lost',
  { timeout: 300_000 },
  async () => {
    const shop = await openCrowd(undefined, { segment: 'lifecycle.at_risk' });
    await shop.json(...RUN);
    const guests = await addGuests(shop);
    await byHand(shop).takeOut('At risk', membershipOn(EARLIER)['At risk'].slice(3, 6));

    const run = await shop.json(...RUN, '--reconcile');

    const repaired = { added: 3, removed: 0, reconciled: { repaired: 3, foreign: 1 }, drift: 1, error: null };
    expect(byDestination(run)).toMatchObject({
      mailchimp: repaired,
      klaviyo: repaired,
      facebook: { reconciled: null, added: 0, error: null },
      csv: { reconciled: null, added: 0, error: null },
    });
    await expectExact(shop, { 'At risk': membershipOn(EARLIER)['At risk'] }, { guests });

    await shop.json('run', 'job.yaml', '--as-of', LATER);
    const status = await shop.json<{
      audiences: { destination: string; held: number; counts: { remote_count: number; drift: number }[] }[];
    }>('status', 'job.yaml');
    const { length } = membershipOn(LATER)['At risk'];
    const counts = Object.fromEntries(
      status.audiences.map(({ destination, counts }) => [destination, counts[0]]),
    );
    const exact = { remote_count: length + 1, held: length, drift: 1 };
    expect(counts).toMatchObject({ mailchimp: exact, klaviyo: exact });
    expect(counts.csv).toBeUndefined();
    expect(status.audiences[0]!.counts.map(({ drift }) => drift)).toEqual([1, 1, 0]);
  },
);

test(
  'a seed too small for a lookalike is widened; the lookalike is made once and found again',
  { timeout: 300_000 },
  async () => {
    const shop = await openCrowd(['facebook'], { segment: 'lifecycle.at_risk' });
    await edit(shop, (line) =>
      line.replace(
        'lifecycle.at_risk }',
        'lifecycle.at_risk, lookalikes: [{ countries: [RO], ratio: 0.01 }] }',
      ),
    );
    const lookalikes = () =>
      (shop.sandbox.state() as { facebook: { lookalikes: object[] } }).facebook.lookalikes.length;

    const first = await shop.json(...RUN);
    const writes = shop.writes();
    const second = await shop.json(...RUN);

    const { 'At risk': segment } = membershipOn(EARLIER);
    const [seed] = first.audiences;
    expect(segment.length).toBeLessThan(100);
    expect(seed).toMatchObject({
      customers: segment.length,
      widening: { least: 100, of_segment: segment.length, skipped: null },
    });
    expect(seed!.wanted).toBeGreaterThanOrEqual(100);
    expect((await held(shop)).facebook['At risk']).toHaveLength(seed!.wanted);
    expect(seed!.derived).toMatchObject([{ state: 'created', requests: 1 }]);
    expect(first.warnings).toContainEqual(expect.stringContaining('of its segment it would have'));
    expect(second.audiences).toMatchObject([{ added: 0, requests: 0, derived: [{ requests: 0 }] }]);
    expect([lookalikes(), shop.writes() - writes]).toEqual([1, 0]);
  },
);
