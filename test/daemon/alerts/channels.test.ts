import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { SyncError } from '../../../connectors/index.ts';
import { openActiveShop } from '../../run/active-shop.ts';
import { openStage } from '../../run/stage.ts';
import { openReceiver } from './receiver.ts';
import { HOUR, watch } from './watch.ts';
import { AS_OF, down, told, watchedShops } from './watched.ts';

const stage = openStage();
const openWatched = watchedShops(stage);

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
