import { describe, expect, test } from 'vitest';
import { pause } from '../../connectors/clock.ts';
import { createLimiter, TooLong } from '../../connectors/limiter.ts';
import { quota } from '../../connectors/quota.ts';
import { floor, M, never, platform, request } from './limited-platform.ts';
import { virtualClock } from './limiter-clock.ts';

describe('what the platform says', () => {
  test('that another program used half the minute, is believed at once', async () => {
    const { clock, during } = virtualClock();
    const limiter = createLimiter({ clock });
    const { arrive, statuses } = platform(clock, M);
    await during(
      (async () => {
        for (let others = 0; others < 75; others += 1) {
          if (others % 10 === 9) await pause(clock, 1_000, never);
          arrive();
        }
        await pause(clock, 1_000, never);
      })(),
    );
    const start = clock.now();

    await during(Promise.all(Array.from({ length: 80 }, () => request(limiter, M, arrive))));

    expect(statuses.filter((status) => status === 429)).toEqual([]);
    expect(start).toBeLessThan(10_000);
    expect(clock.now()).toBe(60_000);
  });

  test('that its windows are smaller than described, too', async () => {
    const { clock, during } = virtualClock();
    const limiter = createLimiter({ clock });
    const smaller = [M[0]!, { requests: 100, ms: 60_000 }];
    const { arrive, statuses } = platform(clock, smaller);

    await during(Promise.all(Array.from({ length: 250 }, () => request(limiter, M, arrive))));

    expect(statuses.filter((status) => status === 429)).toEqual([]);
    expect(clock.now()).toBe(floor(250, smaller));
  });

  test('that they are larger, is used', async () => {
    const { clock, during } = virtualClock();
    const limiter = createLimiter({ clock });
    const larger = [M[0]!, { requests: 300, ms: 60_000 }];
    const { arrive, statuses } = platform(clock, larger);

    await during(Promise.all(Array.from({ length: 250 }, () => request(limiter, M, arrive))));

    expect(statuses.filter((status) => status === 429)).toEqual([]);
    expect(clock.now()).toBe(floor(250, larger));
  });

  test("of a longer window, is not believed where it is a shorter one's number", () => {
    const own = quota(M);
    for (let sent = 0; sent < 9; sent += 1) own.begin();
    for (let answers = 0; answers < 9; answers += 1)
      own.end(0, { windows: [{ requests: 10, ms: 60_000 }] }, 0);

    expect(own.wait(0)).toBe(0);
    own.begin();
    own.end(0, {}, 0);
    expect(own.wait(0)).toBe(1_000);
  });

  test('in answers that overtake each other, is what is least', () => {
    const own = quota(M);
    own.begin();
    own.begin();
    own.end(100, { left: { requests: 0, ms: 30_000 } }, 0);
    own.end(200, { left: { requests: 1, ms: 31_000 } }, 0);

    expect(own.wait(200)).toBe(29_900);
  });

  test('to wait, is kept to by all; the limit is never hit twice in a row', async () => {
    const { clock, during } = virtualClock();
    const limiter = createLimiter({ clock });
    const { arrive, statuses } = platform(clock, M);
    for (let others = 0; others < 10; others += 1) arrive();
    statuses.length = 0;
    const insist = async (): Promise<void> => {
      const { status } = await request(limiter, M, arrive);
      if (status === 429) await insist();
    };

    await during(insist());
    await during(Promise.all(Array.from({ length: 9 }, insist)));

    expect(statuses).toEqual([429, ...Array.from({ length: 10 }, () => 200)]);
    expect(clock.now()).toBe(1_000);
  });

  test('to wait for a day, is nothing to wait for', async () => {
    const { clock, during } = virtualClock();
    const limiter = createLimiter({ clock });
    const daily = [{ requests: 2, ms: 86_400_000 }];
    const { arrive } = platform(clock, daily);

    const results = await during(
      Promise.allSettled(Array.from({ length: 4 }, () => request(limiter, daily, arrive))),
    );

    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected', 'rejected']);
    expect(results[3]).toMatchObject({ reason: { wait_ms: 86_400_000 } });
    expect((results[3] as PromiseRejectedResult).reason).toBeInstanceOf(TooLong);
    expect(clock.now()).toBe(0);
  });
});
