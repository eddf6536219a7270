import type { Clock } from '../../connectors/facebook/pace.ts';

export const MINUTE = 60_000;

/** A clock that stands still but for the waits asked of it. */
export function openClock(start = Date.UTC(2026, 10, 22)) {
  const waits: number[] = [];
  let at = start;
  const clock: Clock = {
    now: () => at,
    wait: async (ms) => {
      waits.push(ms);
      at += ms;
    },
  };
  return { clock, waits, now: () => at, pass: (ms: number) => (at += ms) };
}

/** A header on the use of an account. */
export const business = (entry: object) => ({ 'x-business-use-case-usage': JSON.stringify({ 7: [entry] }) });
