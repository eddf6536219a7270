import { expect, test } from 'vitest';
import { destinations } from '../../connectors/index.ts';
import type { JobStatus } from '../../src/run/job-status.ts';
import type { RunReport } from '../../src/run/report.ts';
import {
  EARLIER,
  ended,
  expectExact,
  held,
  holdPush,
  LATER,
  membershipOn,
  openCrowd,
  type DestinationType,
} from './crowd.ts';
import { addGuests } from './guests.ts';
import type { Shop } from './shop.ts';

/** Four audiences: each is made, then filled in one request; Mailchimp's largest takes three. */
const FLOOR = { mailchimp: 4 + 6, klaviyo: 4 + 4, facebook: 4 + 4 };
const WHOLE_FLOOR = FLOOR.mailchimp + FLOOR.klaviyo + FLOOR.facebook;

/**
 * Runs the job and kills the process once the platforms have taken so many writes, before the last is answered.
 * @returns whether it came to its end before that
 */
async function runAndKill(shop: Shop, asOf: string, writes: number): Promise<boolean> {
  const child = shop.start('run', 'job.yaml', '--as-of', asOf);
  shop.afterWrites(writes, () => child.kill('SIGKILL'));
  const { code, signal, stderr } = await ended(child);
  if (signal !== 'SIGKILL') expect(code, stderr).toBe(0);
  else await shop.endLeases();
  return signal !== 'SIGKILL';
}

/** Every run but the last is killed, each after a few writes more: all four audiences of a platform may be in flight. */
async function runUntilDone(shop: Shop, asOf: string): Promise<number> {
  for (let kills = 0; ; kills += 1) if (await runAndKill(shop, asOf, 6 + 3 * kills)) return kills;
}

test(
  'a job whose runs are killed again and again ends with exactly the right people everywhere',
  {
    timeout: 300_000,
  },
  async () => {
    const shop = await openCrowd();

    expect(await runUntilDone(shop, EARLIER)).toBeGreaterThan(2);
    await expectExact(shop, membershipOn(EARLIER));

    const guests = await addGuests(shop);
    expect(await runUntilDone(shop, LATER)).toBeGreaterThan(1);
    await expectExact(shop, membershipOn(LATER), { guests });

    const before = shop.writes();
    const last = await shop.json('run', 'job.yaml', '--as-of', LATER);
    expect(last.status).toBe('done');
    expect(shop.writes()).toBe(before);
  },
);

/** The fewest requests for all that the ledger does not hold, at the platforms that the job sends to. */
async function requestsLeft(shop: Shop, wanted: ReturnType<typeof membershipOn>): Promise<number> {
  const { audiences } = await shop.json<JobStatus>('status', 'job.yaml');
  const there = await held(shop);
  return (['mailchimp', 'facebook'] as const)
    .flatMap((type) => Object.entries(wanted).map(([name, people]) => ({ type, name, people })))
    .reduce((sum, { type, name, people }) => {
      const known = audiences.find((one) => one.destination === type && one.audience === name)?.held ?? 0;
      const change = { create: !(name in there[type]), add: people.length - known, remove: 0 };
      return sum + destinations[type]!.floor(change);
    }, 0);
}

test('a run killed late sends only the rest when it is run again', { timeout: 400_000 }, async () => {
  const shop = await openCrowd(['mailchimp', 'facebook', 'csv']);

  await runAndKill(shop, EARLIER, 14);
  const left = await requestsLeft(shop, membershipOn(EARLIER));
  const before = shop.writes();
  await runAndKill(shop, EARLIER, 100);

  expect(shop.writes() - before).toBe(left);

  await expectExact(shop, membershipOn(EARLIER), { destinations: ['mailchimp', 'facebook', 'csv'] });
  // Every batch of members may have been in flight: Mailchimp's six, Facebook's four. Repeating them changes nothing.
  expect(shop.writes()).toBeGreaterThanOrEqual(FLOOR.mailchimp + FLOOR.facebook);
  expect(shop.writes()).toBeLessThanOrEqual(FLOOR.mailchimp + FLOOR.facebook + 6 + 4);
});

const QUICK: DestinationType[] = ['mailchimp', 'facebook', 'csv'];

test.for(['pull', 'profile', 'plan', 'push'])(
  'an engine process killed during %s does not spoil the run, or the run says so; the next one is exact',
  { timeout: 400_000 },
  async (stage) => {
    const shop = await openCrowd(QUICK);
    let killed = 0;
    const killOnce = () => {
      if (killed === 0) shop.killEngine();
      killed += 1;
    };
    if (stage === 'pull') await shop.atInsert(3, killOnce);
    const child = shop.start('run', 'job.yaml', '--as-of', EARLIER, '--json');
    // Each stage ends with a line of its log, so the next one has just begun.
    const before = { profile: '"msg":"pull"', plan: '"msg":"segment"' }[stage];
    if (before) child.stderr!.on('data', (chunk: Buffer) => chunk.includes(before) && killOnce());
    if (stage === 'push') shop.afterWrites(5, killOnce);

    const { code, stdout, stderr } = await ended(child);

    expect(killed, stderr).toBeGreaterThan(0);
    const report = JSON.parse(stdout) as RunReport;
    const codes = [report.error, ...report.audiences.map(({ error }) => error)].flatMap(
      (error) => error?.code ?? [],
    );
    if (code === 0) expect(report).toMatchObject({ status: 'done', error: null });
    else expect(new Set(codes), stderr).toEqual(new Set(['ENGINE_LOST']));
    const next = await shop.json('run', 'job.yaml', '--as-of', EARLIER);
    expect(next.status).toBe('done');
    await expectExact(shop, membershipOn(EARLIER), { destinations: QUICK });
  },
);

test('a second run of a job that is running says so and does nothing', { timeout: 400_000 }, async () => {
  const shop = await openCrowd();
  holdPush(shop);
  const begun = Promise.withResolvers<void>();
  shop.afterWrites(1, begun.resolve);
  const first = shop.start('run', 'job.yaml', '--as-of', EARLIER, '--json');
  const end = ended(first);
  await begun.promise;

  const [second, third, status] = await Promise.all([
    shop.cli('run', 'job.yaml', '--as-of', EARLIER),
    shop.cli('plan', 'job.yaml', '--json'),
    shop.json<{ running: boolean }>('status', 'job.yaml'),
  ]);
  first.kill('SIGTERM');

  expect(second).toMatchObject({ code: 1, stdout: '' });
  expect(second.stderr).toContain('JOB_RUNNING');
  expect(third.code).toBe(1);
  expect(JSON.parse(third.stdout)).toMatchObject({ status: 'failed', errors: [{ code: 'JOB_RUNNING' }] });
  expect(status.running).toBe(true);
  expect(shop.writes()).toBe(sentToPlatforms((await end).stdout));
  expect(await shop.json('status', 'job.yaml')).toMatchObject({
    running: false,
    last: { status: 'partial', as_of: EARLIER },
  });
});

test('of several runs that begin at once after a kill, one runs', { timeout: 400_000 }, async () => {
  const shop = await openCrowd(QUICK);
  await runAndKill(shop, EARLIER, 1);

  const runs = await Promise.all([1, 2, 3].map(() => shop.cli('run', 'job.yaml', '--as-of', EARLIER)));

  expect(runs.map(({ code }) => code).toSorted()).toEqual([0, 1, 1]);
  expect(runs.filter(({ stderr }) => stderr.includes('JOB_RUNNING'))).toHaveLength(2);
  await expectExact(shop, membershipOn(EARLIER), { destinations: QUICK });
});

test.for([1, 12])(
  'SIGTERM at write %i: what was in flight is recorded and the next run sends only the rest',
  { timeout: 400_000 },
  async (writes) => {
    const shop = await openCrowd();
    const child = shop.start('run', 'job.yaml', '--as-of', EARLIER, '--json');
    shop.afterWrites(writes, () => child.kill('SIGTERM'));

    const { code, stdout } = await ended(child);

    expect(code).toBe(1);
    const { audiences } = JSON.parse(stdout) as RunReport;
    const stopped = audiences.filter(({ error }) => error);
    expect(new Set(stopped.map(({ error }) => error!.code))).toEqual(new Set(['RUN_INTERRUPTED']));
    const sent = sentToPlatforms(stdout);
    expect(shop.writes()).toBe(sent);
    expect(sent).toBeLessThan(WHOLE_FLOOR);

    const next = await shop.json('run', 'job.yaml', '--as-of', EARLIER);

    expect(next.status).toBe('done');
    expect(shop.writes()).toBe(WHOLE_FLOOR);
    await expectExact(shop, membershipOn(EARLIER));
  },
);

/** The requests that write which a run tells of, without the files. */
function sentToPlatforms(stdout: string): number {
  const { audiences } = JSON.parse(stdout) as RunReport;
  const remote = audiences.filter(({ destination }) => destination !== 'csv');
  return remote.reduce((sum, { requests }) => sum + requests, 0);
}
