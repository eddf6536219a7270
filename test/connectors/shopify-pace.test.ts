import { describe, expect, onTestFinished, test } from 'vitest';
import { createBucket, NoRoom } from '../../connectors/shopify/pace.ts';
import { onWait, type Wait } from '../../connectors/waits.ts';
import { virtualClock } from './limiter-clock.ts';
import { openStand, problemOf } from './shopify-stand.ts';

const never = new AbortController().signal;

/** A platform that counts as Shopify does, and what it was asked. */
function platform(clock: { now(): number }, { maximum = 1_000, rate = 50 } = {}) {
  let available = maximum;
  let at = 0;
  const throttled: number[] = [];
  const refill = () => {
    available = Math.min(maximum, available + ((clock.now() - at) / 1000) * rate);
    at = clock.now();
  };
  const ask = async (requestedQueryCost: number) => {
    refill();
    const isThrottled = requestedQueryCost > available;
    if (isThrottled) throttled.push(at);
    else available -= requestedQueryCost;
    const throttleStatus = {
      maximumAvailable: maximum,
      currentlyAvailable: Math.floor(available),
      restoreRate: rate,
    };
    return { cost: { requestedQueryCost, throttleStatus }, throttled: isThrottled };
  };
  return {
    ask,
    throttled,
    take: (points: number) => (refill(), void (available = Math.max(0, available - points))),
  };
}

describe('the bucket of points', () => {
  test('lets calls go as fast as the points come back, and none too early', async () => {
    const { clock, during } = virtualClock();
    const { ask, throttled } = platform(clock);
    const bucket = createBucket(clock);
    const call = (cost: number) =>
      bucket.spend({ name: `of ${cost}`, signal: never, send: () => ask(cost), told: (answer) => answer });

    await during(Promise.all(Array.from({ length: 50 }, () => call(100))));

    // 1,000 points are there, 4,000 have to come back at 50 a second.
    expect(clock.now()).toBeGreaterThanOrEqual(80_000);
    expect(clock.now()).toBeLessThan(82_000);
    expect(throttled).toEqual([]);
  });

  test('tells whoever listens how long calls wait', async () => {
    const heard: Wait[] = [];
    onTestFinished(onWait((wait) => heard.push(wait)));
    const { clock, during } = virtualClock();
    const { ask } = platform(clock);
    const bucket = createBucket(clock);
    const call = () =>
      bucket.spend({ name: 'x', signal: never, send: () => ask(600), told: (answer) => answer });

    await during(Promise.all([call(), call()]));

    // 400 points are left after the first, and 200 more come back at 50 a second.
    expect(heard).toEqual([{ platform: 'shopify', ms: 4000 }]);
  });

  test('waits where another program of the same app was faster, and counts it for no failure', async () => {
    const { clock, during } = virtualClock();
    const { ask, throttled, take } = platform(clock);
    const bucket = createBucket(clock);
    const call = () =>
      bucket.spend({ name: 'x', signal: never, send: () => ask(300), told: (answer) => answer });

    await during(call());
    take(10_000);
    await during(call());

    expect(throttled).toHaveLength(1);
    expect(clock.now()).toBeGreaterThanOrEqual(6_000);
    expect(clock.now()).toBeLessThan(6_200);
  });

  test('gives up where the bucket stays empty for two minutes, and goes on with the next call', async () => {
    const { clock, during } = virtualClock();
    const { ask, take } = platform(clock);
    const bucket = createBucket(clock);
    const call = (drain: boolean) =>
      bucket.spend({
        name: 'x',
        signal: never,
        send: () => {
          if (drain) take(10_000);
          return ask(300);
        },
        told: (answer) => answer,
      });

    await expect(during(call(true))).rejects.toThrow(NoRoom);
    await expect(during(call(false))).resolves.toMatchObject({ throttled: false });
  });
});

test('a pull of many pages is never throttled, at the speed that the plan allows', async () => {
  const { shop, sandbox, source, clock } = await openStand();
  for (let id = 1; id <= 4_000; id += 1) shop.putOrder({ id, processedAt: '2026-01-01T00:00:00Z' });
  const since = new Map(
    ['orders', 'customers', 'products'].map((part) => [part, '1970-01-01T00:00:00.000Z']),
  );
  let orders = 0;

  for await (const page of source.pull({ marks: new Map(), since })) orders += page.orders?.length ?? 0;

  const costs = sandbox.exchanges.map(({ reply }) => {
    const { extensions } = reply.body as {
      extensions: { cost: { requestedQueryCost: number; actualQueryCost: number | null } };
    };
    return extensions.cost;
  });
  const points = costs.reduce((sum, cost) => sum + cost.requestedQueryCost, 0);
  expect(orders).toBe(4_000);
  expect(costs.filter((cost) => cost.actualQueryCost === null)).toEqual([]);
  // 2,000 points are there at first, 100 come back a second.
  expect(clock.now() / 1000).toBeGreaterThanOrEqual((points - 2_000) / 100 - 1);
  expect(clock.now() / 1000).toBeLessThan((points - 2_000) / 100 + 5);
});

test('a pull that is throttled in the middle waits and goes on', async () => {
  const { shop, pull, source, sandbox } = await openStand();
  for (let id = 1; id <= 300; id += 1) shop.putOrder({ id, processedAt: '2026-01-01T00:00:00Z' });
  const since = new Map(
    ['orders', 'customers', 'products'].map((part) => [part, '1970-01-01T00:00:00.000Z']),
  );
  let orders = 0;

  for await (const page of source.pull({ marks: new Map(), since })) {
    orders += page.orders?.length ?? 0;
    shop.drain(5_000);
  }

  expect(orders).toBe(300);
  expect(
    sandbox.exchanges.filter(({ reply }) => JSON.stringify(reply.body).includes('THROTTLED')).length,
  ).toBeGreaterThan(0);
  expect((await pull()).incomplete).toEqual([]);
});

test('a pull that is throttled for too long is left to the next run', async () => {
  const { pull, sandbox } = await openStand();
  const body = { errors: [{ message: 'Throttled', extensions: { code: 'THROTTLED' } }] };
  sandbox.fault({ platform: 'shopify', path: 'graphql', times: 10_000, status: 200, body });

  expect(await problemOf(pull())).toMatchObject({
    code: 'SOURCE_THROTTLED',
    fix: expect.stringContaining('next run'),
  });
});
