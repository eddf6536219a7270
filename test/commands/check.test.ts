import { chmod, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Problem } from '../../connectors/index.ts';
import { openEngine } from '../../src/engine/engine.ts';
import { createTables } from '../../src/engine/tables.ts';
import { LATER, openCrowd } from '../end-to-end/crowd.ts';
import { damage } from '../engine/damaged.ts';
import { end, ownerPid } from '../engine/state-dir.ts';
import type { Shop } from '../end-to-end/shop.ts';

type Finding = {
  subject: string;
  status: 'ok' | 'warning' | 'wrong';
  facts: string[];
  warnings: { what: string; fix: string }[];
  problem: Problem | null;
};

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const MACHINE = ['runtime', 'engine', 'store', 'settings'];
const PAST = ['schedule', 'last run', 'data'].map((about) => `${about} of crowd`);

const openScheduled = () => openCrowd(undefined, { head: 'schedule: "0 5 * * *"' });

function of(findings: readonly Finding[], subject: string): Finding {
  return findings.find((finding) => finding.subject === subject)!;
}

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
    ...MACHINE,
    'job crowd',
    'source csv',
    ...PAST,
    ...['mailchimp', 'klaviyo', 'facebook', 'csv'].map((name) => `destination ${name}`),
  ]);
  expect(findings.every(({ problem, facts }) => problem === null && facts.length > 0)).toBe(true);
  expect(
    of(findings, 'schedule of crowd')
      .facts.join()
      .match(/T05:00:00\.000Z/g),
  ).toHaveLength(5);
  expect(of(findings, 'runtime').facts).toContain(`Node ${process.versions.node}`);
  expect(of(findings, 'last run of crowd').facts).toEqual(['it has not run yet']);
  expect(shop.writes()).toBe(0);
});

test('offline, the platforms are left alone', async () => {
  const shop = await openScheduled();
  await change(shop, '${MAILCHIMP_API_KEY}', 'wrong-us1');

  const { code, stdout } = await shop.cli('check', 'job.yaml', '--offline', '--json');

  expect(code).toBe(0);
  expect((JSON.parse(stdout) as Finding[]).map(({ subject }) => subject)).toEqual([
    ...MACHINE,
    'job crowd',
    'source csv',
    ...PAST,
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

  const finding = of(await shop.json<Finding[]>('check', 'job.yaml', '--offline'), 'engine');

  expect(finding.problem).toMatchObject({
    code: 'ENGINE_DAMAGED',
    fix: expect.stringContaining('--full') as string,
  });
});

test('what works but is worth a look is a warning with its cure, and leaves the exit code at 0', async () => {
  const shop = await openScheduled();
  const text = await readFile(join(shop.folder, 'orders.csv'), 'utf8');
  const [header, ...rows] = text.trimEnd().split('\n');
  const odd = [
    '#90001,x@example.com,paid,EUR,1.00,1.00,some day',
    '#90002,y@example.com,paid,RON,5.00,5.00,2026-05-30 12:00:00 +0000',
    '#90003,y@example.com,paid,EUR,5.00,5.00,2023-01-01 12:00:00 +0000',
  ];
  await shop.write('orders.csv', [header, ...rows, ...odd, ''].join('\n'));
  await shop.json('run', 'job.yaml', '--as-of', LATER);
  await chmod(join(shop.folder, 'state'), 0o755);

  const { code, stdout } = await shop.cli('check', 'job.yaml', '--offline');
  const findings = await shop.json<Finding[]>('check', 'job.yaml', '--offline');

  expect(code).toBe(0);
  expect(stdout).toMatch(/^warn {2}store: others .*\n {6}chmod /m);
  expect(stdout).toMatch(/things looked at: \d+ in order, 3 with a warning, 0 wrong\./);
  const warned = (subject: string) =>
    of(findings, subject).warnings.map(({ what, fix }) => `${what} | ${fix}`);
  expect(of(findings, 'data of crowd').status).toBe('warning');
  expect(warned('data of crowd')).toEqual(
    expect.arrayContaining([
      expect.stringMatching(/1 rows of the last pull were rejected, most since .* \| .*dates/),
      expect.stringMatching(/no order in 2023-02, .* \| .*missing/),
      expect.stringMatching(/RON .*no revenue.* \| .*exchange_rates/),
    ]),
  );
  expect(warned('schedule of crowd')).toEqual([expect.stringMatching(/no daemon .* \| .*start/)]);
  expect(of(findings, 'last run of crowd').facts.join()).toMatch(/^done at .*, as of 2026-05-31$/);
});

test('a run that failed is told with what to do', async () => {
  const shop = await openScheduled();
  await change(shop, 'path: orders.csv', 'path: nowhere.csv');
  await shop.cli('run', 'job.yaml', '--as-of', LATER);
  const findings = await shop.json<Finding[]>('check', 'job.yaml', '--offline');

  expect(of(findings, 'source csv').status).toBe('wrong');
  const { warnings } = of(findings, 'last run of crowd');
  expect(warnings).toEqual([
    {
      what: expect.stringMatching(/failed at .*SOURCE_MISSING_FILE/) as string,
      fix: expect.stringContaining('path') as string,
    },
  ]);
});

test('a time that passed without a run is told, by when it was due', async () => {
  const shop = await openScheduled();
  const engine = await openEngine({ state: join(shop.folder, 'state') });
  await createTables(engine);
  const at = new Date(Date.now() - 3 * DAY_MS).toISOString();
  const ran = {
    job: 'crowd',
    run_id: `${at.replaceAll(/[-:.]/g, '').toLowerCase()}-000000`,
    at,
    as_of: at.slice(0, 10),
  };
  await engine.insert('runs', [
    { ...ran, event: 'started', detail: JSON.stringify({ send: true }) },
    { ...ran, event: 'finished', detail: JSON.stringify({ status: 'done' }) },
  ]);
  await engine.close();

  const { warnings } = of(await shop.json<Finding[]>('check', 'job.yaml', '--offline'), 'schedule of crowd');

  const due = new Date(Date.parse(at.slice(0, 10)) + 5 * HOUR_MS);
  if (due.getTime() <= Date.parse(at)) due.setTime(due.getTime() + DAY_MS);
  expect(warnings[0]).toEqual({
    what: `it was due at ${due.toISOString()}, and no run stands for that time`,
    fix: expect.stringContaining('segment-sync start') as string,
  });
});

test('a token that works for a few days more is told, with the day', async () => {
  const shop = await openCrowd(['facebook'], { env: { META_ACCESS_TOKEN: 'sandbox-expiring' } });

  const { facts, warnings } = of(await shop.json<Finding[]>('check', 'job.yaml'), 'destination facebook');

  expect(facts.join()).toContain('expires on');
  expect(warnings).toEqual([
    {
      what: expect.stringMatching(/^its token works until \d{4}-\d\d-\d\dT/) as string,
      fix: expect.stringContaining('new one') as string,
    },
  ]);
});
