import { setImmediate } from 'node:timers/promises';
import type { Clock } from '../../connectors/clock.ts';

/** So many turns of the event loop without anything going on mean that all wait for time. */
const QUIET_TURNS = 3;

/**
 * A clock that jumps to the next timer whenever nothing else goes on.
 * @param idle false while something goes on that time does not wait for, such as a request over a socket
 */
export function virtualClock(idle: () => boolean = () => true) {
  let time = 0;
  const timers = new Set<{ at: number; callback: () => void }>();

  const clock: Clock = {
    now: () => time,
    after(ms, callback) {
      const timer = { at: time + ms, callback };
      timers.add(timer);
      return () => timers.delete(timer);
    },
  };

  function jump(): void {
    const [first, ...others] = timers;
    if (!first) return;
    const timer = others.reduce((soonest, other) => (other.at < soonest.at ? other : soonest), first);
    timers.delete(timer);
    time = Math.max(time, timer.at);
    timer.callback();
  }

  async function passUntil(done: () => boolean): Promise<void> {
    for (let quiet = 0; !done();) {
      await setImmediate();
      quiet = idle() ? quiet + 1 : 0;
      if (quiet < QUIET_TURNS || done()) continue;
      jump();
      quiet = 0;
    }
  }

  /** Lets time pass until the work is done. */
  async function during<Result>(work: Promise<Result>): Promise<Result> {
    const state = { done: false };
    const ended = () => void (state.done = true);
    work.then(ended, ended);
    await passUntil(() => state.done);
    return work;
  }

  /** Lets time pass until the function returned is called. */
  function start(): () => Promise<void> {
    const state = { done: false };
    const passing = passUntil(() => state.done);
    return () => {
      state.done = true;
      return passing;
    };
  }

  return { clock, during, start };
}
