import { mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openCrowd } from '../end-to-end/crowd.ts';
import { askAs } from '../web/ask-as.ts';
import { scheduled, start, stopped } from './daemon-process.ts';

test('a job file that cannot be used keeps it from being ready, not from running the others', async () => {
  const shop = await openCrowd(['csv']);
  await scheduled(shop, 'crowd', 'schedule: "0 5 * * *"');
  await shop.write('jobs/broken.yaml', 'name: broken\n');

  const daemon = await start(shop);
  const ready = await daemon.ask('/readyz');

  expect(ready.status).toBe(503);
  expect(ready.body).toContain('broken');
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

test('with the page it starts for a job that nothing is planned for', async () => {
  const shop = await openCrowd(['csv']);
  await scheduled(shop, 'crowd', '');

  const without = await shop.cli('start', '--jobs', 'jobs');
  const daemon = await start(shop);
  const page = await daemon.ask('/');
  await stopped(daemon.process);

  expect([without.code, page.status]).toEqual([2, 200]);
  expect(page.body).toContain('no schedule');
});

test('a store has one daemon, and a second one is told so', async () => {
  const shop = await openCrowd(['csv']);
  await scheduled(shop, 'crowd', 'schedule: "0 5 * * *"');
  const daemon = await start(shop);

  const second = await shop.cli('start', '--jobs', 'jobs', '--json');
  const { code } = await stopped(daemon.process);
  const third = await start(shop);

  expect(second.code).toBe(1);
  expect(JSON.parse(second.stdout)).toMatchObject({ errors: [{ code: 'DAEMON_RUNNING' }] });
  expect(code).toBe(0);
  expect((await stopped(third.process)).code).toBe(0);
});

test('what is wrong is told on this machine or for the token; another site in a browser here learns no more than that', async () => {
  const token = 'a-token-of-some-length';
  const shop = await openCrowd(['csv'], { env: { DAEMON_TOKEN: token } });
  await mkdir(join(shop.folder, 'config'));
  await shop.write('config/settings.yaml', 'daemon: { token: "${DAEMON_TOKEN}" }\n');
  await scheduled(shop, 'crowd', 'schedule: "0 5 * * *"');
  await shop.write('jobs/broken.yaml', 'name: broken\n');
  const daemon = await start(shop);
  const asked = (headers: Record<string, string>) => askAs(daemon.port, '/readyz', headers);

  const answers = [
    await asked({ host: 'localhost' }),
    await asked({ host: 'rebound.example' }),
    await asked({ host: 'rebound.example', authorization: 'Bearer another-token-here' }),
    await asked({ host: 'rebound.example', authorization: `Bearer ${token}` }),
  ];
  await stopped(daemon.process);

  expect(answers.map(({ status }) => status)).toEqual([503, 503, 503, 503]);
  expect(answers.map(({ body }) => body.includes('broken.yaml'))).toEqual([true, false, false, true]);
});

test(
  'job files are read anew while it runs: a broken one goes on as it was, a mended one as it is',
  { timeout: 400_000 },
  async () => {
    const shop = await openCrowd(['csv']);
    await scheduled(shop, 'crowd', 'schedule: "0 5 * * *"');
    const daemon = await start(shop);
    const good = await readFile(join(shop.folder, 'jobs', 'crowd.yaml'), 'utf8');

    await shop.write('jobs/crowd.yaml', good.replace('currency: EUR', 'currency: Taler'));
    await daemon.logged('job file cannot be used', 1);
    const broken = await daemon.ask('/readyz');
    const { stdout } = await shop.cli('status', '--jobs', 'jobs', '--json');
    // Its last good version comes due meanwhile.
    await shop.write('jobs/crowd.yaml', good.replace('0 5 * * *', '* * * * *'));
    await daemon.logged('job file changed', 1);
    const mended = await daemon.ask('/readyz');
    await shop.write('jobs/second.yaml', good.replace('name: crowd', 'name: second'));
    await daemon.logged('job file found', 2);
    await shop.write(
      'jobs/crowd.yaml',
      good.replace('0 5 * * *', '* * * * *').replace('currency: EUR', 'currency: Taler'),
    );
    await daemon.logged('job file cannot be used', 2);
    await daemon.logged('run finished', 1);
    await rm(join(shop.folder, 'jobs', 'second.yaml'));
    await daemon.logged('job file removed', 1);
    await stopped(daemon.process);

    expect(broken.status).toBe(503);
    expect(broken.body).toContain('crowd.yaml');
    expect(JSON.parse(stdout)).toMatchObject([{ job: null, problems: [{ code: 'CONFIG_WRONG_VALUE' }] }]);
    expect(mended).toEqual({ status: 200, body: '{"status":"ready"}' });
  },
);
