import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Problem } from '../../connectors/index.ts';
import { openEngine } from '../../src/engine/engine.ts';
import { openCrowd } from '../end-to-end/crowd.ts';
import { damage } from '../engine/damaged.ts';
import { end, ownerPid } from '../engine/state-dir.ts';
import type { Shop } from '../end-to-end/shop.ts';

type Finding = { subject: string; facts: string[]; problem: Problem | null };

const openScheduled = () => openCrowd(undefined, { head: 'schedule: "0 5 * * *"' });

async function change(shop: Shop, piece: string, other: string): Promise<void> {
  const text = await readFile(join(shop.folder, 'job.yaml'), 'utf8');
  expect(text).toContain(piece);
  await shop.write(
    'job.yaml',
    text.replace(piece, () => other),
  );
}

test('a job in order: engine, file, sources, destinations and the next five runs, by reading alone', async () => {
  const shop = await openScheduled();

  const { code, stdout } = await shop.cli('check', 'job.yaml');
  const findings = await shop.json<Finding[]>('check', 'job.yaml');

  expect(code).toBe(0);
  expect(stdout).not.toContain('FAIL');
  expect(findings.map(({ subject }) => subject)).toEqual([
    'engine',
    'job crowd',
    'source csv',
    ...['mailchimp', 'klaviyo', 'facebook', 'csv'].map((name) => `destination ${name}`),
  ]);
  expect(findings.every(({ problem, facts }) => problem === null && facts.length > 0)).toBe(true);
  expect(findings[1]!.facts.join().match(/T05:00:00\.000Z/g)).toHaveLength(5);
  expect(shop.writes()).toBe(0);
});

test('offline, the platforms are left alone', async () => {
  const shop = await openScheduled();
  await change(shop, '${MAILCHIMP_API_KEY}', 'wrong-us1');

  const { code, stdout } = await shop.cli('check', 'job.yaml', '--offline', '--json');

  expect(code).toBe(0);
  expect((JSON.parse(stdout) as Finding[]).map(({ subject }) => subject)).toEqual([
    'engine',
    'job crowd',
    'source csv',
  ]);
  expect(shop.sandbox.requests()).toEqual({});
});

test('every destination and source that is not in order is told with its cure, beside those that are', async () => {
  const shop = await openScheduled();
  await change(shop, '${MAILCHIMP_API_KEY}', 'wrong-us1');
  await change(shop, '${META_ACCESS_TOKEN}', 'wrong');

  const { code, stdout } = await shop.cli('check', 'job.yaml', '--json');
  await change(shop, 'path: orders.csv', 'path: nowhere.csv');
  const without = await shop.cli('check', 'job.yaml');

  expect(code).toBe(1);
  const problems = (JSON.parse(stdout) as Finding[]).flatMap(({ subject, problem }) =>
    problem ? [{ subject, ...problem }] : [],
  );
  expect(problems).toMatchObject([
    { subject: 'destination mailchimp', code: 'DESTINATION_KEY_REFUSED', fix: expect.stringMatching(/./) },
    { subject: 'destination facebook', code: 'DESTINATION_KEY_REFUSED', fix: expect.stringMatching(/./) },
  ]);
  expect(without.code).toBe(2);
  expect(without.stdout.match(/^FAIL/gm)).toHaveLength(3);
  expect(without.stdout).toContain('SOURCE_MISSING_FILE');
  expect(without.stdout).toContain('ok    destination klaviyo');
});

test('everything that is wrong with a job file is told at once, each with a line', async () => {
  const shop = await openScheduled();
  await change(shop, 'timezone: UTC', 'timezone: Mars/Olympus');
  await change(shop, 'lifecycle:', 'lifecycel:');
  await change(shop, '${KLAVIYO_API_KEY}', '${NO_SUCH_NAME}');

  const findings = await shop.json<Finding[]>('check', 'job.yaml');
  const { code } = await shop.cli('check', 'job.yaml');

  expect(code).toBe(2);
  const codes = findings.flatMap(({ problem }) => problem?.code ?? []);
  for (const wanted of ['CONFIG_WRONG_VALUE', 'CONFIG_UNKNOWN_KEY', 'CONFIG_MISSING_SECRET']) {
    expect(codes).toContain(wanted);
  }
  for (const { problem } of findings) if (problem) expect(problem.where).toMatch(/^job\.yaml:\d+/);
});

test('without a job, every job file of the folder is looked at, the broken ones too', async () => {
  const shop = await openScheduled();
  await shop.write('broken.yaml', 'name: broken\n');

  const all = await shop.cli('check', '--jobs', '.', '--offline');
  const unknown = await shop.cli('check', 'crwd', '--jobs', '.');

  expect(all.code).toBe(2);
  expect(all.stdout).toContain('ok    job crowd');
  expect(all.stdout).toMatch(/FAIL {2}\S*broken\.yaml/);
  expect(unknown.code).toBe(2);
  expect(unknown.stdout).toContain('Did you mean "crowd"');
});

test('a store of which a piece was set aside is told, with what to do', async () => {
  const shop = await openScheduled();
  await shop.json('plan', 'job.yaml');
  const state = join(shop.folder, 'state');
  const engine = await openEngine({ state });
  await damage(engine, 'orders');
  await engine.close();
  await end(ownerPid(state)!, 'SIGTERM');

  const [finding] = await shop.json<Finding[]>('check', 'job.yaml', '--offline');

  expect(finding!.problem).toMatchObject({
    code: 'ENGINE_DAMAGED',
    fix: expect.stringContaining('--full') as string,
  });
});
