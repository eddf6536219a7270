import fc from 'fast-check';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createLimiter, limiterOf } from '../../connectors/limiter.ts';
import { onWait, type Wait } from '../../connectors/waits.ts';
import { floor, M, never, platform, request } from './limited-platform.ts';
import { virtualClock } from './limiter-clock.ts';

/** What answers take on the way back, one after the other. */
const answers = fc.array(fc.nat(400), { minLength: 20, maxLength: 20 });

describe('two windows', () => {
  test('are used up to the last request, and never over', async () => {
    const { clock, during } = virtualClock();
    const limiter = createLimiter({ clock });
    const { arrive, statuses } = platform(clock, M);

    await during(Promise.all(Array.from({ length: 460 }, () => request(limiter, M, arrive))));

    expect(statuses).toEqual(Array.from({ length: 460 }, () => 200));
    expect(clock.now()).toBe(floor(460, M));
  });

  test('are used up to the last request by answers that all take the same time, less than a second', async () => {
    const property = fc.asyncProperty(
      fc.nat(499),
      fc.nat(499),
      fc.integer({ min: 1, max: 400 }),
      async (...given) => {
        const [there, back, count] = given;
        const { clock, during } = virtualClock();
        const limiter = createLimiter({ clock });
        const { arrive, statuses } = platform(clock, M);
        const sent = Array.from({ length: count }, () => request(limiter, M, arrive, [there, back]));

        await during(Promise.all(sent));

        expect(statuses.filter((status) => status === 429)).toEqual([]);
        // Once a minute, and once because the first answers are not trusted.
        expect(clock.now()).toBeLessThanOrEqual(
          floor(count, M) + (there + back) * (1 + Math.ceil(count / 150)),
        );
      },
    );
    await fc.assert(property, { numRuns: 30 });
  });

  test('hold wherever they began and whatever time answers take, at 95 % of the rate and more', async () => {
    const property = fc.asyncProperty(answers, fc.nat(400), fc.nat(60_000), async (backs, there, phase) => {
      const { clock, during } = virtualClock();
      const limiter = createLimiter({ clock });
      const { arrive, statuses } = platform(clock, M, phase);
      const sent = Array.from({ length: 750 }, (_, index) =>
        request(limiter, M, arrive, [there, backs[index % 20]!]),
      );

      await during(Promise.all(sent));

      expect(statuses.filter((status) => status === 429)).toEqual([]);
      expect(floor(750, M) / clock.now()).toBeGreaterThan(0.95);
    });
    await fc.assert(property, { numRuns: 20 });
  });

  test('are not run into because the first requests had connections to open', async () => {
    const { clock, during } = virtualClock();
    const limiter = createLimiter({ clock });
    const { arrive, statuses } = platform(clock, M, 800);
    const sent = Array.from({ length: 140 }, (_, index) =>
      request(limiter, M, arrive, index < 10 ? [250, 20] : [20, 20]),
    );

    await during(Promise.all(sent));

    expect(statuses).toEqual(Array.from({ length: 140 }, () => 200));
    expect(floor(140, M) / clock.now()).toBeGreaterThan(0.95);
  });

  test('are met at most once where the way there takes now long, now no time', async () => {
    const ways = fc.array(fc.tuple(fc.nat(400), fc.nat(400)), { minLength: 20, maxLength: 20 });
    const property = fc.asyncProperty(ways, fc.nat(60_000), async (given, phase) => {
      const { clock, during } = virtualClock();
      const limiter = createLimiter({ clock });
      const { arrive, statuses } = platform(clock, M, phase);
      const refusals: number[] = [];
      const insist = async (index: number, refused = 0): Promise<void> => {
        const { status } = await request(limiter, M, arrive, given[(index + refused) % 20]);
        if (status === 200) refusals.push(refused);
        else await insist(index, refused + 1);
      };

      await during(Promise.all(Array.from({ length: 750 }, (_, index) => insist(index))));

      // Those on their way when the first is refused are refused with it.
      expect(Math.max(...refusals)).toBeLessThanOrEqual(1);
      expect(statuses.filter((status) => status === 429).length).toBeLessThanOrEqual(10);
      expect(floor(750, M) / clock.now()).toBeGreaterThan(0.95);
    });
    await fc.assert(property, { numRuns: 20 });
  });

  test('of different endpoints are used side by side', async () => {
    const { clock, during } = virtualClock();
    const limiter = createLimiter({ clock });
    const one = { requests: 1, ms: 1_000 };
    const run = (name: string) =>
      limiter.run(
        { name, windows: [one] },
        { signal: never, send: async () => clock.now(), told: () => ({}) },
      );

    const times = await during(Promise.all([run('a'), run('a'), run('b'), run('b')]));

    expect(times).toEqual([0, 1_000, 0, 1_000]);
  });
});

test('who no longer wants to wait lets the others pass', async () => {
  const { clock, during } = virtualClock();
  const limiter = createLimiter({ clock });
  const stop = new AbortController();
  const windows = [{ requests: 1, ms: 1_000 }];
  const run = (signal: AbortSignal) =>
    limiter.run({ name: 'e', windows }, { signal, send: async () => clock.now(), told: () => ({}) });

  const results = Promise.allSettled([run(never), run(stop.signal), run(never)]);
  stop.abort();
  const late = Promise.allSettled([run(stop.signal)]);

  expect(await during(results)).toMatchObject([
    { value: 0 },
    { reason: { name: 'AbortError' } },
    { value: 1_000 },
  ]);
  expect(await late).toMatchObject([{ reason: { name: 'AbortError' } }]);
});

test('one account has one limiter, two accounts have two', () => {
  expect(limiterOf('klaviyo one')).toBe(limiterOf('klaviyo one'));
  expect(limiterOf('klaviyo one')).not.toBe(limiterOf('klaviyo two'));
});

test('whoever listens hears how long requests of an account wait, and nothing of the account but its platform', async () => {
  const waits: Wait[] = [];
  onTestFinished(onWait((wait) => waits.push(wait)));
  const limiter = limiterOf('klaviyo https://a.klaviyo.com pk_secret');
  const windows = [{ requests: 1, ms: 20 }];
  const send = async () => {};

  for (let times = 0; times < 2; times += 1)
    await limiter.run({ name: 'e', windows }, { signal: never, send, told: () => ({}) });

  expect(waits).toEqual([{ platform: 'klaviyo', ms: expect.any(Number) }]);
  expect(waits[0]!.ms).toBeGreaterThan(10);
});
