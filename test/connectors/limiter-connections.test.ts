import { describe, expect, test } from 'vitest';
import { pause, type Clock } from '../../connectors/clock.ts';
import { createLimiter, type Limiter } from '../../connectors/limiter.ts';
import { never, type Answer } from './limited-platform.ts';
import { virtualClock } from './limiter-clock.ts';

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
