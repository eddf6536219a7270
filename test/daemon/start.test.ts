import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { expect, test } from 'vitest';
import { openEngine } from '../../src/engine/engine.ts';
import { expectExact, holdPush, membershipOn, openCrowd, type DestinationType } from '../end-to-end/crowd.ts';
import type { Shop } from '../end-to-end/shop.ts';

const DAY_MS = 86_400_000;
const PLATFORMS: DestinationType[] = ['mailchimp', 'klaviyo', 'facebook'];

/** Puts the shop's job into a jobs folder, under a name and with lines of its own. */
async function scheduled(shop: Shop, name: string, lines: string): Promise<void> {
  await mkdir(join(shop.folder, 'jobs'), { recursive: true });
  const job = await readFile(join(shop.folder, 'job.yaml'), 'utf8');
  const text = job
    .replace('name: crowd', `name: ${name}\n${lines}`)
    .replace('path: orders', 'path: ../orders');
  await shop.write(`jobs/${name}.yaml`, text);
}

type Daemon = {
  process: ChildProcess;
  port: number;
  /** Waits until so many lines of the log have a message. */
  logged(message: string, times: number): Promise<void>;
};

/** Starts the daemon and waits until it says that it has. */
async function start(shop: Shop): Promise<Daemon> {
  const process = shop.start('start', '--jobs', 'jobs', '--port', '0', '--json');
  const messages: string[] = [];
  const lines = createInterface(process.stderr!);
  lines.on('line', (line) => messages.push((JSON.parse(line) as { msg: string }).msg));
  const logged = async (message: string, times: number): Promise<void> => {
    while (messages.filter((other) => other === message).length < times) await once(lines, 'line');
  };
  const [said] = (await once(process.stdout!, 'data')) as [Buffer];
  const { port } = JSON.parse(said.toString()) as { port: number };
  return { process, port, logged };
}

async function stopped(process: ChildProcess): Promise<{ code: number | null; seconds: number }> {
  const from = performance.now();
  process.kill('SIGTERM');
  const [code] = (await once(process, 'exit')) as [number | null];
  return { code, seconds: (performance.now() - from) / 1000 };
}

test(
  'a job runs at its time; stopped in the middle of the push, the daemon leaves at once and nothing is lost',
  {
    timeout: 180_000,
  },
  async () => {
    const shop = await openCrowd(PLATFORMS);
    await scheduled(shop, 'crowd', 'schedule: "* * * * *"');
    const { audiences } = await shop.json('plan', 'crowd', '--jobs', 'jobs');
    const floor = audiences.reduce((sum, { requests }) => sum + requests, 0);
    holdPush(shop);
    const begun = Promise.withResolvers<void>();
    shop.afterWrites(3, begun.resolve);
    const daemon = await start(shop);
    const ask = async (path: string) => (await fetch(`http://127.0.0.1:${daemon.port}${path}`)).status;
    expect([await ask('/healthz'), await ask('/readyz'), await ask('/else')]).toEqual([200, 200, 404]);

    await begun.promise;
    const [status] = await shop.json<{ job: string; running: boolean; next: string[] }[]>(
      'status',
      '--jobs',
      'jobs',
    );
    const stop = await stopped(daemon.process);

    expect(status).toMatchObject({ job: 'crowd', running: true });
    expect(status!.next).toHaveLength(5);
    expect(stop.code).toBe(0);
    expect(stop.seconds).toBeLessThan(10);
    await shop.json('run', 'crowd', '--jobs', 'jobs');
    expect(shop.writes()).toBe(floor);
    const { Lost, 'At risk': atRisk } = membershipOn(new Date().toISOString().slice(0, 10));
    await expectExact(shop, atRisk.length > 0 ? { Lost, 'At risk': atRisk } : { Lost }, {
      destinations: PLATFORMS,
    });
  },
);

test(
  'runs missed while it was off are made up for as each job says; a plan is no run',
  {
    timeout: 90_000,
  },
  async () => {
    const shop = await openCrowd(['csv']);
    const modes = ['once', 'all', 'skip'];
    // Half a day away, so that three days hold this hour three times whenever the test runs.
    const hour = (new Date().getUTCHours() + 12) % 24;
    for (const mode of modes) {
      await scheduled(shop, mode, `schedule: "0 ${hour} * * *"\ncatch_up: ${mode}`);
      await shop.json('plan', mode, '--jobs', 'jobs');
    }
    const engine = await openEngine({ state: join(shop.folder, 'state') });
    const at = (days: number) => new Date(Date.now() - days * DAY_MS).toISOString();
    const event = 'finished';
    const past = { run_id: 'a', event, at: at(3), as_of: at(3).slice(0, 10), detail: '{"status":"done"}' };
    await engine.insert(
      'runs',
      modes.map((job) => ({ job, ...past })),
    );

    const daemon = await start(shop);
    await daemon.logged('run finished', 4);
    const { code } = await stopped(daemon.process);

    const runs = await engine.query<{ job: string; days: string[] }>(
      `SELECT job, arraySort(groupArray(toString(as_of))) AS days FROM runs
     WHERE event = 'finished' AND run_id != 'a' GROUP BY job ORDER BY job`,
    );
    await engine.close();
    const lastDue = hour < new Date().getUTCHours() ? 0 : 1;
    const dueDays = [2, 1, 0].map((back) => at(back + lastDue).slice(0, 10));
    expect(code).toBe(0);
    expect(runs).toEqual([
      { job: 'all', days: dueDays },
      { job: 'once', days: [at(0).slice(0, 10)] },
    ]);
  },
);

test('a job file that cannot be used keeps it from being ready, not from running the others', async () => {
  const shop = await openCrowd(['csv']);
  await scheduled(shop, 'crowd', 'schedule: "0 5 * * *"');
  await shop.write('jobs/broken.yaml', 'name: broken\n');

  const daemon = await start(shop);
  const ready = await fetch(`http://127.0.0.1:${daemon.port}/readyz`);

  expect(ready.status).toBe(503);
  expect(await ready.text()).toContain('broken');
  const { code, seconds } = await stopped(daemon.process);
  expect(code).toBe(0);
  expect(seconds).toBeLessThan(5);
});

test('without a schedule, or on a port that is taken, it says so and does not stay', async () => {
  const shop = await openCrowd(['csv']);
  await mkdir(join(shop.folder, 'jobs'));
  const none = await shop.cli('start', '--jobs', 'jobs');
  await scheduled(shop, 'crowd', 'schedule: "0 5 * * *"');
  const { port } = new URL(shop.sandbox.url);
  const taken = await Promise.all([
    shop.cli('start', '--jobs', 'jobs', '--port', port, '--json'),
    shop.cli('sandbox', '--port', port, '--json'),
  ]);

  expect(none).toMatchObject({ code: 2, stdout: '' });
  expect(none.stderr).toContain('CONFIG_NO_SCHEDULE');
  for (const { code, stdout } of taken) {
    expect(code).toBe(2);
    expect(JSON.parse(stdout)).toMatchObject({
      errors: [{ code: 'ARGUMENT_WRONG', where: `--port ${port}` }],
    });
  }
});
