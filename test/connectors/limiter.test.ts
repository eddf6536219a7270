import fc from 'fast-check';
import { describe, expect, onTestFinished, test } from 'vitest';
import { pause, type Clock } from '../../connectors/clock.ts';
import { createLimiter, limiterOf, TooLong, type Limiter } from '../../connectors/limiter.ts';
import { quota, type Told, type Window } from '../../connectors/quota.ts';
import { onWait, type Wait } from '../../connectors/waits.ts';
import { virtualClock } from './limiter-clock.ts';

const never = new AbortController().signal;
/** What answers take on the way back, one after the other. */
const answers = fc.array(fc.nat(400), { minLength: 20, maxLength: 20 });
const M: Window[] = [
  { requests: 10, ms: 1_000 },
  { requests: 150, ms: 60_000 },
];

type Answer = { status: number; told: Told };

/** A platform with fixed windows that began `phase` before the clock did. It counts a request when it arrives. */
function platform(clock: Clock, windows: readonly Window[], phase = 0) {
  const counts = windows.map(() => ({ number: -1, count: 0 }));
  const statuses: number[] = [];

  function arrive(): Answer {
    const at = clock.now() + phase;
    const now = windows.map(({ requests, ms }, index) => {
      const window = counts[index]!;
      if (window.number !== Math.floor(at / ms))
        Object.assign(window, { number: Math.floor(at / ms), count: 0 });
      return { window, requests, seconds: Math.ceil((ms - (at % ms)) / 1_000), ms };
    });
    const full = now.filter(({ window, requests }) => window.count >= requests);
    statuses.push(full.length > 0 ? 429 : 200);
    if (full.length > 0) {
      return { status: 429, told: { wait_ms: Math.max(...full.map(({ seconds }) => seconds)) * 1_000 } };
    }
    for (const { window } of now) window.count += 1;
    const last = now.at(-1)!;
    const left = { requests: last.requests - last.window.count, ms: last.seconds * 1_000 };
    return { status: 200, told: { left, windows: [{ requests: last.requests, ms: last.ms }] } };
  }

  return { arrive, statuses };
}

/** One request that takes its time on the way there and back. */
function request(limiter: Limiter, windows: readonly Window[], arrive: () => Answer, way = [0, 0]) {
  const send = async () => {
    await pause(limiter.clock, way[0]!, never);
    const answer = arrive();
    await pause(limiter.clock, way[1]!, never);
    return answer;
  };
  const told = (answer: { value: Answer } | { error: unknown }) =>
    'value' in answer ? answer.value.told : {};
  return limiter.run({ name: 'e', windows }, { signal: never, send, told });
}

/** The least time for that many requests, in milliseconds: full bursts until the minute is used up, and again. */
function floor(count: number, [burst, steady]: readonly Window[]): number {
  const minutes = Math.floor((count - 1) / steady!.requests);
  const seconds = Math.floor(((count - 1) % steady!.requests) / burst!.requests);
  return minutes * steady!.ms + seconds * burst!.ms;
}

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

describe('connections', () => {
  /** A platform that takes so many requests at the same time, each for a second. */
  function crowd(clock: Clock, most: () => number) {
    const seen = { open: 0, top: 0, refused: 0 };
    const send = async (): Promise<Answer> => {
      if (seen.open >= most()) {
        seen.refused += 1;
        await pause(clock, 1, never);
        return { status: 429, told: { crowded: true } };
      }
      seen.open += 1;
      seen.top = Math.max(seen.top, seen.open);
      await pause(clock, 1_000, never);
      seen.open -= 1;
      return { status: 200, told: {} };
    };
    const told = (answer: { value: Answer } | { error: unknown }) =>
      'value' in answer ? answer.value.told : {};
    const insist = async (limiter: Limiter): Promise<void> => {
      const { status } = await limiter.run({ name: 'e', windows: [] }, { signal: never, send, told });
      if (status === 429) await insist(limiter);
    };
    return { seen, insist };
  }

  test('are all used, and never one more', async () => {
    const { clock, during } = virtualClock();
    const limiter = createLimiter({ clock, connections: 10 });
    const { seen, insist } = crowd(clock, () => 10);

    await during(Promise.all(Array.from({ length: 100 }, () => insist(limiter))));

    expect(seen).toEqual({ open: 0, top: 10, refused: 0 });
    expect(clock.now()).toBe(10_000);
  });

  test('are given up as far as others use them, one by one as they come', async () => {
    const { clock, during } = virtualClock();
    const limiter = createLimiter({ clock, connections: 10 });
    const { seen, insist } = crowd(clock, () => (clock.now() < 30_000 ? 9 : 6));

    await during(Promise.all(Array.from({ length: 500 }, () => insist(limiter))));

    const least = 30_000 + ((500 - 30 * 9) / 6) * 1_000;
    expect(least / clock.now()).toBeGreaterThan(0.95);
    // Those that are one too many at the change, and one each time that one more is tried.
    expect(seen.refused).toBeLessThan(15);
  });

  test('are counted from those that were under way, where there was not work for all', async () => {
    const { clock, during } = virtualClock();
    const limiter = createLimiter({ clock, connections: 10 });
    const { seen, insist } = crowd(clock, () => 2);
    const three = () => during(Promise.all(Array.from({ length: 3 }, () => insist(limiter))));

    for (let times = 0; times < 3; times += 1) await three();

    expect(seen).toMatchObject({ refused: 1, top: 2 });
  });

  test('are given up when others need them, and taken again afterwards', async () => {
    const { clock, during } = virtualClock();
    const limiter = createLimiter({ clock, connections: 10 });
    const places = { most: 4 };
    const { seen, insist } = crowd(clock, () => places.most);
    const push = (count: number) => during(Promise.all(Array.from({ length: count }, () => insist(limiter))));

    await push(200);
    const { refused } = seen;
    expect(((200 / 4) * 1_000) / clock.now()).toBeGreaterThan(0.95);
    places.most = 10;
    await push(400);
    const before = clock.now();
    await push(100);

    // Six at once at the start, then one for each time that one more was tried.
    expect(refused).toBeLessThan(12);
    expect(seen.refused).toBe(refused);
    expect(clock.now() - before).toBe(10_000);
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
