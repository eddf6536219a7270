import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { SyncError } from '../../../connectors/index.ts';
import { openActiveShop } from '../../run/active-shop.ts';
import { openStage } from '../../run/stage.ts';
import { openReceiver, type Receiver } from './receiver.ts';
import { HOUR, watch } from './watch.ts';

const stage = openStage();
const AS_OF = '2026-03-31';
const TEN = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j'];

function down(): never {
  throw new SyncError({
    code: 'SOURCE_DOWN',
    where: 'source shelf',
    what: 'The shop does not answer.',
    fix: 'Try again later.',
  });
}

/** A shop whose runs fail as long as its source is down, with a channel. */
async function openWatched(more: object = {}, settings: object = {}) {
  const receiver = await openReceiver();
  const alerts = [{ type: 'webhook', url: receiver.url, ...more }];
  const opened = openActiveShop(stage, { alerts, ...settings });
  return {
    ...opened,
    receiver,
    fails: () => {
      opened.shop.holds(() => down());
      return opened.shop.run(AS_OF);
    },
    works: () => {
      opened.sells(TEN);
      return opened.shop.run(AS_OF);
    },
  };
}

const told = ({ taken }: Receiver) => taken.map(({ body }) => `${body.state} ${body.key}`);

describe('a run that failed', () => {
  test('is told once with what to do, however often it is looked at and the daemon is started', async () => {
    const { shop, receiver, fails } = await openWatched();
    const { run_id, error } = await fails();
    const { look, restart } = watch(stage);

    for (let times = 0; times < 3; times += 1) {
      await look([shop]);
      restart();
    }

    expect(error?.code).toBe('SOURCE_DOWN');
    expect(receiver.taken).toHaveLength(1);
    expect(receiver.taken[0]).toMatchObject({
      path: '/T0P-SECRET/hook',
      headers: { 'content-type': 'application/json' },
      body: {
        job: shop.job.name,
        kind: 'failed',
        key: 'failed:SOURCE_DOWN',
        state: 'open',
        what: 'The run failed: The shop does not answer.',
        why: expect.stringContaining('SOURCE_DOWN'),
        fix: 'Try again later.',
        run_id,
        since: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
        at: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
      },
    });
  });

  test('is told again once a day, and another failure at once', async () => {
    const { shop, receiver, fails } = await openWatched();
    await fails();
    const { look, later } = watch(stage);
    await look([shop]);
    later(23 * HOUR);
    await look([shop]);
    const early = receiver.taken.length;
    later(2 * HOUR);
    await look([shop]);
    shop.holds([]);
    await shop.run(AS_OF);
    await look([shop]);

    expect(early).toBe(1);
    expect(told(receiver)).toEqual([
      'open failed:SOURCE_DOWN',
      'open failed:SOURCE_DOWN',
      'open failed:SOURCE_EMPTY',
      'recovered failed:SOURCE_DOWN',
    ]);
    expect(receiver.taken[1]!.body.since).toBe(receiver.taken[0]!.body.since);
  });

  test('is told to be over once a run went well', async () => {
    const { shop, receiver, fails, works } = await openWatched();
    const { look } = watch(stage);
    await fails();
    await look([shop]);
    await works();
    await look([shop]);
    await look([shop]);

    expect(told(receiver)).toEqual(['open failed:SOURCE_DOWN', 'recovered failed:SOURCE_DOWN']);
    expect(receiver.taken[1]!.body).toMatchObject({ what: receiver.taken[0]!.body.what, fix: null });
  });

  test('is told again where the daemon died after it was sent and before that was noted', async () => {
    const { shop, receiver, fails } = await openWatched();
    await fails();
    const dying = watch({
      ...stage,
      engine: { ...stage.engine, insert: () => Promise.reject(new Error('killed here')) },
    });
    await dying.look([shop]);
    const { look } = watch(stage);
    await look([shop]);
    await look([shop]);

    expect(told(receiver)).toEqual(['open failed:SOURCE_DOWN', 'open failed:SOURCE_DOWN']);
  });

  test('is not told where the channel is for something else', async () => {
    const { shop, receiver, fails } = await openWatched({ on: ['held', 'recovered'] });
    await fails();

    await watch(stage).look([shop]);

    expect(receiver.requests).toBe(0);
  });
});

describe('an outage of a platform', () => {
  test('is one alert that names the audiences, and one mail or message for all that is wrong', async () => {
    const chat = await openReceiver();
    const { shop, platform, sells, receiver } = await openWatched(
      {},
      {
        segments: { lifecycle: {}, value_engagement: {} },
        destinations: [{ type: 'platform', audiences: [{ segment: '*' }] }],
      },
    );
    shop.change({
      alerts: [
        { type: 'webhook', url: receiver.url },
        { type: 'slack', url: chat.url },
      ],
    });
    sells(TEN);
    platform.breaks = { after: 0, batch: 'taken' };
    const { audiences } = await shop.run(AS_OF);
    const failed = audiences.filter(({ error }) => error);
    await watch(stage).look([shop], { missed: new Map([[shop.job.name, MISSED]]) });

    expect(failed.length).toBeGreaterThan(1);
    expect(told(receiver)).toEqual(['open failed:platform:PUSH_UNREACHABLE', 'open missed']);
    for (const { audience } of failed) expect(receiver.taken[0]!.body.what).toContain(`"${audience}"`);
    expect(chat.taken).toHaveLength(1);
    expect(chat.taken[0]!.body).toEqual({
      text: expect.stringContaining(`*${shop.job.name}: failed, missed*`),
    });
  });
});

const MISSED = { due: '2026-03-31T05:00:00.000Z', why: 'The program was off.' };

describe('a held plan', () => {
  test('is told with the guard’s reasons and the command that sends it, and is over once approved', async () => {
    const receiver = await openReceiver();
    const { shop, sells, leaves } = openActiveShop(stage, {
      guard: { from_members: 5 },
      alerts: [{ type: 'webhook', url: receiver.url }],
    });
    sells(TEN);
    await shop.run(AS_OF);
    const { run_id } = await leaves(['a', 'b', 'c']);
    const { look } = watch(stage);
    await look([shop]);
    await shop.approve();
    await look([shop]);

    expect(told(receiver)).toEqual([`open held:${run_id}`, `recovered held:${run_id}`]);
    expect(receiver.taken[0]!.body).toMatchObject({
      kind: 'held',
      why: 'platform, Active: it would lose 7 of its 10 members (70 %); at most 30 % may.',
      fix: expect.stringContaining(`segment-sync approve ${shop.job.name}`),
      run_id,
    });
  });
});

describe('a channel that fails', () => {
  test('is told through the others, left alone for a while, and told to be back', async () => {
    const other = await openReceiver();
    const { shop, receiver, fails, works } = await openWatched();
    shop.change({
      alerts: [
        { type: 'webhook', url: receiver.url },
        { type: 'webhook', url: other.url, name: 'other' },
      ],
    });
    receiver.answer = () => ({ status: 410 });
    const { look, later, restart, logged } = watch(stage);
    await fails();
    await look([shop]);
    await look([shop]);
    restart();
    await look([shop]);
    const asked = receiver.requests;
    const [, channel] = other.taken;
    receiver.answer = () => ({ status: 204 });
    await works();
    later(2 * 60_000);
    await look([shop]);
    await look([shop]);

    expect(asked).toBe(1);
    expect(channel!.body).toMatchObject({
      kind: 'channel',
      what: 'Alerts cannot be sent through the channel webhook.',
      why: expect.stringContaining('HTTP 410'),
      fix: expect.stringContaining('webhook'),
    });
    expect(told(other)).toEqual([
      'open failed:SOURCE_DOWN',
      `open ${channel!.body.key}`,
      'recovered failed:SOURCE_DOWN',
      `recovered ${channel!.body.key}`,
    ]);
    expect(receiver.taken.map(({ body }) => [body.kind, body.state])).toEqual([['channel', 'recovered']]);
    expect(logged.join('\n')).toContain('ALERT_REFUSED');
  });

  test('is asked again at once where that may help, and nothing of it is a failure then', async () => {
    const { shop, receiver, fails } = await openWatched();
    receiver.answer = () => ({ status: receiver.requests < 3 ? 503 : 200 });
    await fails();
    const { look, logged } = watch(stage);

    await look([shop]);

    expect(receiver.requests).toBe(3);
    expect(receiver.taken).toHaveLength(1);
    expect(logged).toEqual([]);
  });

  test.each([
    ['redirects elsewhere', 'HTTP 307'],
    ['never answers', 'within 1 seconds'],
    ['is not there', 'ECONNREFUSED'],
  ])('because it %s is logged without its address', async (how, words) => {
    const elsewhere = await openReceiver();
    const { shop, receiver, fails } = await openWatched({ timeout: 1 });
    const answers = {
      'redirects elsewhere': () => ({ status: 307, headers: { location: elsewhere.url } }),
      'never answers': () => undefined,
    };
    receiver.answer = answers[how as keyof typeof answers] ?? receiver.answer;
    if (how === 'is not there') await receiver.close();
    await fails();
    const { look, logged } = watch(stage);

    await look([shop]);

    expect(logged).toHaveLength(1);
    expect(logged[0]).toContain(words);
    expect(logged[0]).not.toContain('SECRET');
    expect(elsewhere.requests).toBe(0);
  });

  test('of the settings is told in the jobs whose messages it lost, and no other', async () => {
    const [lost, works] = [await openReceiver(), await openReceiver()];
    lost.answer = () => ({ status: 404 });
    const alerts = [lost, works].map(({ url }) => ({ type: 'webhook', url }));
    const [one, other] = [openActiveShop(stage), openActiveShop(stage)];
    for (const { shop } of [one, other]) {
      shop.holds(() => down());
      await shop.run(AS_OF);
    }
    const { look } = watch(stage, { alerts });

    await look([one.shop, other.shop]);

    expect(works.taken.map(({ body }) => [body.job, body.kind])).toEqual([
      [one.shop.job.name, 'failed'],
      [one.shop.job.name, 'channel'],
      [other.shop.job.name, 'failed'],
    ]);
  });
});

describe('a job file that cannot be used', () => {
  test('is told through the channels of the settings until it is in order, and nothing else of it is over', async () => {
    const common = await openReceiver();
    const { shop } = openActiveShop(stage);
    shop.holds(() => down());
    await shop.run(AS_OF);
    const { look } = watch(stage, { alerts: [{ type: 'webhook', url: common.url }] });
    const problems = [
      { code: 'CONFIG_MISSING_KEY', where: 'shop.yaml:1:1', what: 'The setting "currency" is missing.' },
    ];
    const file = { job: shop.job.name, file: 'config/jobs/shop.yaml', problems };
    await look([shop]);
    await look([], { broken: [file] });
    await look([], { broken: [file] });
    await look([shop]);
    await look([shop]);

    expect(told(common)).toEqual([
      'open failed:SOURCE_DOWN',
      `open broken:${file.file}`,
      `recovered broken:${file.file}`,
    ]);
    expect(common.taken[1]!.body).toMatchObject({
      job: shop.job.name,
      why: expect.stringContaining('"currency"'),
    });
  });

  test('is told to be in order to who heard of it, also where its job has channels of its own', async () => {
    const common = await openReceiver();
    const { shop, receiver } = await openWatched();
    const { look } = watch(stage, { alerts: [{ type: 'webhook', url: common.url }] });
    const file = { job: shop.job.name, file: 'config/jobs/shop.yaml', problems: [] };

    await look([], { broken: [file] });
    await look([shop]);

    expect(told(common)).toEqual([`open broken:${file.file}`, `recovered broken:${file.file}`]);
    expect(receiver.requests).toBe(0);
  });

  test('whose job goes on as it was before is told through the channels of that job', async () => {
    const { shop, receiver } = await openWatched();
    const problems = [{ code: 'CONFIG_MISSING_KEY', what: 'The setting "currency" is missing.' }];
    const file = { job: shop.job.name, file: 'config/jobs/shop.yaml', problems };
    const { look } = watch(stage);

    await look([shop], { broken: [file] });
    await look([shop]);

    expect(told(receiver)).toEqual([`open broken:${file.file}`, `recovered broken:${file.file}`]);
    expect(receiver.taken[0]!.body.what).toContain('goes on as it said before');
  });

  test('and never could is told under its own name', async () => {
    const common = await openReceiver();
    const problems = [{ code: 'CONFIG_MISSING_KEY', what: 'The setting "name" is missing.' }];
    const { look } = watch(stage, { alerts: [{ type: 'webhook', url: common.url }] });

    await look([], { broken: [{ job: null, file: 'config/jobs/nameless.yaml', problems }] });

    expect(common.taken).toMatchObject([{ body: { job: 'nameless', kind: 'broken' } }]);
  });
});

describe('daemons that share a server', () => {
  test('tell everything once between them', async () => {
    const { shop, receiver, fails } = await openWatched();
    await fails();
    const server = { host: 'server', port: 8123, user: 'default', database: 'default' };
    const shared = { ...stage, engine: { ...stage.engine, server } };
    const daemons = [
      watch({ ...shared, state: join(stage.state, 'one') }),
      watch({ ...shared, state: join(stage.state, 'two') }),
    ];

    for (let times = 0; times < 3; times += 1) await Promise.all(daemons.map(({ look }) => look([shop])));

    expect(told(receiver)).toEqual(['open failed:SOURCE_DOWN']);
    expect(daemons.flatMap(({ logged }) => logged)).toEqual([]);
  });
});

describe('what is sent', () => {
  test('names no secret and no e-mail address, whatever an error says', async () => {
    const { shop, receiver } = await openWatched();
    shop.holds(() => {
      throw new SyncError({
        code: 'SOURCE_DOWN',
        what: 'ana@example.com could not be read with hunter2hunter2.',
      });
    });
    await shop.run(AS_OF);

    await watch(stage, { secrets: new Set(['hunter2hunter2']) }).look([shop]);

    expect(receiver.taken[0]!.body.what).toBe('The run failed: *** could not be read with ***.');
  });

  test('names none of them where an audience is called so', async () => {
    const { shop, receiver } = await openWatched(
      {},
      {
        stale_after: '1d',
        destinations: [
          { type: 'platform', audiences: [{ segment: 'lifecycle.active', audience: 'jo@example.com' }] },
        ],
      },
    );
    shop.holds([]);
    const audience = { destination: 'platform', audience: 'jo@example.com', remote_id: 'r', error: null };
    const at = new Date(Date.now() - 2 * 24 * HOUR).toISOString();
    const detail = JSON.stringify({ status: 'done', audiences: [audience] });
    const run = { job: shop.job.name, run_id: 'run', event: 'finished', at, as_of: at.slice(0, 10), detail };
    await stage.engine.insert('runs', [run]);
    const { look } = watch(stage);

    await look([shop]);
    await look([shop]);

    expect(told(receiver)).toEqual(['open stale:platform:***']);
    expect(JSON.stringify(receiver.taken)).not.toContain('jo@');
  });

  test('has the user and password of the address as a header', async () => {
    const { shop, receiver, fails } = await openWatched();
    shop.change({ alerts: [{ type: 'webhook', url: receiver.url.replace('//', '//sync:p%40ss@') }] });
    await fails();

    await watch(stage).look([shop]);

    const { authorization } = receiver.taken[0]!.headers;
    expect(authorization).toBe(`Basic ${Buffer.from('sync:p@ss').toString('base64')}`);
  });

  test('has no signs for Slack that it takes for its own', async () => {
    const { shop, receiver } = await openWatched({ type: 'slack' });
    shop.holds(() => {
      throw new SyncError({ code: 'SOURCE_DOWN', what: 'A & B <!channel>' });
    });
    await shop.run(AS_OF);

    await watch(stage).look([shop]);

    expect(receiver.taken[0]!.body.text).toContain('The run failed: A &amp; B &lt;!channel&gt;\n');
  });

  test('has the headers of the channel', async () => {
    const { shop, receiver, fails } = await openWatched({ headers: { Authorization: 'Bearer t' } });
    await fails();

    await watch(stage).look([shop]);

    expect(receiver.taken[0]!.headers.authorization).toBe('Bearer t');
  });
});

test('a daemon that stops waits for no channel, and counts nothing as a failure of it', async () => {
  const { shop, receiver, fails } = await openWatched();
  await fails();
  const { look, stop, logged } = watch(stage);
  const asked = Promise.withResolvers<void>();
  receiver.answer = () => {
    asked.resolve();
    return undefined;
  };
  const looking = look([shop]);
  await asked.promise;
  stop();
  await looking;
  receiver.answer = () => ({ status: 200 });
  await watch(stage).look([shop]);

  expect(logged).toEqual([]);
  expect(told(receiver)).toEqual(['open failed:SOURCE_DOWN']);
});

test('a store that does not answer is logged, and nothing is thrown', async () => {
  const { shop, receiver, fails } = await openWatched();
  await fails();
  const lost = () => Promise.reject(new SyncError({ code: 'ENGINE_LOST', what: 'The engine went away.' }));
  const { look, logged } = watch({ ...stage, engine: { ...stage.engine, query: lost } });

  await look([shop]);

  expect(receiver.requests).toBe(0);
  expect(logged.join()).toContain('ENGINE_LOST');
});

test('a plan that is held says nothing of destinations that failed before it', async () => {
  const { shop, receiver, works, sells, leaves, platform } = await openWatched(
    {},
    { guard: { from_members: 5 } },
  );
  await works();
  sells([...TEN, 'k']);
  platform.breaks = { after: 0, batch: 'taken' };
  await shop.run(AS_OF);
  const { look } = watch(stage);
  await look([shop]);
  const { run_id } = await leaves(['a']);
  await look([shop]);

  expect(told(receiver)).toEqual(['open failed:platform:PUSH_UNREACHABLE', `open held:${run_id}`]);
});
