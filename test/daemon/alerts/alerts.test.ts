import { describe, expect, test } from 'vitest';
import { openActiveShop } from '../../run/active-shop.ts';
import { openStage } from '../../run/stage.ts';
import { openReceiver } from './receiver.ts';
import { HOUR, watch } from './watch.ts';
import { AS_OF, down, MISSED, TEN, told, watchedShops } from './watched.ts';

const stage = openStage();
const openWatched = watchedShops(stage);

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
    expect(told(receiver)).toEqual(['open failed:platform:DESTINATION_DOWN', 'open missed']);
    for (const { audience } of failed) expect(receiver.taken[0]!.body.what).toContain(`"${audience}"`);
    expect(chat.taken).toHaveLength(1);
    expect(chat.taken[0]!.body).toEqual({
      text: expect.stringContaining(`*${shop.job.name}: failed, missed*`),
    });
  });
});

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

describe('a job file that cannot be used', () => {
  test('is told through the channels of the settings until it is in order, and nothing else of it is over', async () => {
    const common = await openReceiver();
    const { shop } = openActiveShop(stage);
    shop.holds(() => down());
    await shop.run(AS_OF);
    const { look } = watch(stage, { alerts: [{ type: 'webhook', url: common.url }] });
    const problems = [
      {
        code: 'CONFIG_MISSING_KEY' as const,
        where: 'shop.yaml:1:1',
        what: 'The setting "currency" is missing.',
      },
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
    const problems = [{ code: 'CONFIG_MISSING_KEY' as const, what: 'The setting "currency" is missing.' }];
    const file = { job: shop.job.name, file: 'config/jobs/shop.yaml', problems };
    const { look } = watch(stage);

    await look([shop], { broken: [file] });
    await look([shop]);

    expect(told(receiver)).toEqual([`open broken:${file.file}`, `recovered broken:${file.file}`]);
    expect(receiver.taken[0]!.body.what).toContain('goes on as it said before');
  });

  test('and never could is told under its own name', async () => {
    const common = await openReceiver();
    const problems = [{ code: 'CONFIG_MISSING_KEY' as const, what: 'The setting "name" is missing.' }];
    const { look } = watch(stage, { alerts: [{ type: 'webhook', url: common.url }] });

    await look([], { broken: [{ job: null, file: 'config/jobs/nameless.yaml', problems }] });

    expect(common.taken).toMatchObject([{ body: { job: 'nameless', kind: 'broken' } }]);
  });
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

  expect(told(receiver)).toEqual(['open failed:platform:DESTINATION_DOWN', `open held:${run_id}`]);
});
