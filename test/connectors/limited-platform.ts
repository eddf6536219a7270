import { pause, type Clock } from '../../connectors/clock.ts';
import type { Limiter } from '../../connectors/limiter.ts';
import type { Told, Window } from '../../connectors/quota.ts';

export const never = new AbortController().signal;
export const M: Window[] = [
  { requests: 10, ms: 1_000 },
  { requests: 150, ms: 60_000 },
];

export type Answer = { status: number; told: Told };

/** A platform with fixed windows that began `phase` before the clock did. It counts a request when it arrives. */
export function platform(clock: Clock, windows: readonly Window[], phase = 0) {
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
export function request(limiter: Limiter, windows: readonly Window[], arrive: () => Answer, way = [0, 0]) {
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
export function floor(count: number, [burst, steady]: readonly Window[]): number {
  const minutes = Math.floor((count - 1) / steady!.requests);
  const seconds = Math.floor(((count - 1) % steady!.requests) / burst!.requests);
  return minutes * steady!.ms + seconds * burst!.ms;
}
