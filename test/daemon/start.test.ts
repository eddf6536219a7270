import { once } from 'node:events';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openEngine } from '../../src/engine/engine.ts';
import { lockJob } from '../../src/run/lock.ts';
import { expectExact, holdPush, membershipOn, openCrowd, type DestinationType } from '../end-to-end/crowd.ts';
import { scheduled, start, stopped } from './daemon-process.ts';

const DAY_MS = 86_400_000;
const PLATFORMS: DestinationType[] = ['mailchimp', 'klaviyo', 'facebook'];

test(
  'a job runs at its time; stopped in the middle of the push, the daemon leaves at once and nothing is lost',
  {
    timeout: 400_000,
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
    const answers = await Promise.all(['/healthz', '/readyz', '/else'].map((path) => daemon.ask(path)));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 404]);

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
    timeout: 400_000,
  },
  async () => {
    const shop = await openCrowd(['csv']);
    const modes = ['once', 'all', 'skip'];
    const began = new Date().toISOString().slice(0, 10);
    // Half a day away, so that three days hold this hour three times whenever the test runs.
    const hour = (new Date().getUTCHours() + 12) % 24;
    for (const mode of modes) {
      await scheduled(shop, mode, `schedule: "0 ${hour} * * *"\ncatch_up: ${mode}`);
      await shop.json('plan', mode, '--jobs', 'jobs');
    }
    const engine = await openEngine({ state: join(shop.folder, 'state') });
    const at = (days: number) => new Date(Date.now() - days * DAY_MS).toISOString();
    const past = (event: string, detail: object) => ({
      run_id: '20200101t050000000z-abcdef',
      event,
      at: at(3),
      as_of: at(3).slice(0, 10),
      detail: JSON.stringify(detail),
    });
    const rows = [past('started', { send: true }), past('finished', { status: 'done' })];
    await engine.insert(
      'runs',
      modes.flatMap((job) => rows.map((row) => ({ job, ...row }))),
    );

    const daemon = await start(shop);
    await daemon.logged('run finished', 4);
    const { code } = await stopped(daemon.process);

    const runs = await engine.query<{ job: string; days: string[] }>(
      `SELECT job, arraySort(groupArray(toString(as_of))) AS days FROM runs
     WHERE event = 'finished' AND run_id NOT LIKE '2020%' GROUP BY job ORDER BY job`,
    );
    await engine.close();
    const lastDue = hour < new Date().getUTCHours() ? 0 : 1;
    const dueDays = [2, 1, 0].map((back) => at(back + lastDue).slice(0, 10));
    expect(code).toBe(0);
    expect(runs).toMatchObject([
      { job: 'all', days: dueDays },
      { job: 'once', days: { length: 1 } },
    ]);
    // Midnight may come in between.
    expect([began, at(0).slice(0, 10)]).toContain(runs[1]!.days[0]);
  },
);

test(
  'killed in the middle of a push, the daemon takes the run up again as it is started, also where missed runs are skipped',
  { timeout: 400_000 },
  async () => {
    const shop = await openCrowd(PLATFORMS);
    await scheduled(shop, 'crowd', 'schedule: "* * * * *"\ncatch_up: skip');
    const first = await start(shop);
    shop.afterWrites(3, () => first.process.kill('SIGKILL'));
    await once(first.process, 'exit');
    // From here on its time comes once a year, so nothing but the broken run can make it run.
    await scheduled(shop, 'crowd', 'schedule: "0 0 29 2 *"\ncatch_up: skip');

    const second = await start(shop);
    await second.logged('run finished', 1);
    const { code } = await stopped(second.process);
    const [status] = await shop.json<{ last: { status: string } }[]>('status', '--jobs', 'jobs');

    expect(code).toBe(0);
    expect(status!.last.status).toBe('done');
    const { Lost } = membershipOn(new Date().toISOString().slice(0, 10));
    await expectExact(shop, { Lost }, { destinations: PLATFORMS });
  },
);

test(
  'jobs run side by side up to the setting, and the others wait for their turn',
  { timeout: 400_000 },
  async () => {
    const shop = await openCrowd(['mailchimp']);
    await mkdir(join(shop.folder, 'config'));
    await shop.write('config/settings.yaml', 'daemon: { parallel: 1 }\n');
    for (const name of ['one', 'two']) await scheduled(shop, name, 'schedule: "* * * * *"');
    const daemon = await start(shop);

    await daemon.logged('run finished', 2);
    await stopped(daemon.process);

    const runs = daemon.lines.flatMap(({ msg, job }) =>
      ['pull', 'run finished'].includes(msg) ? [`${job} ${msg}`] : [],
    );
    const [first, second] = runs[0] === 'one pull' ? ['one', 'two'] : ['two', 'one'];
    expect(runs.slice(0, 4)).toEqual([
      `${first} pull`,
      `${first} run finished`,
      `${second} pull`,
      `${second} run finished`,
    ]);
  },
);

test(
  'a time at which another command has the job is run for once that is done',
  { timeout: 400_000 },
  async () => {
    const shop = await openCrowd(['csv']);
    await scheduled(shop, 'crowd', 'schedule: "* * * * *"');
    const unlock = await lockJob(join(shop.folder, 'state'), 'crowd');
    const daemon = await start(shop);
    await daemon.logged('run could not begin', 1);
    await scheduled(shop, 'crowd', 'schedule: "0 0 29 2 *"');
    await daemon.logged('job file changed', 1);

    unlock();
    await daemon.logged('run finished', 1);

    await stopped(daemon.process);
    expect(daemon.lines.filter(({ msg }) => msg === 'run could not begin')).toHaveLength(1);
  },
);
