import { aborted, systemClock, type Clock } from './clock.ts';
import { quota, type Quota, type Told, type Window } from './quota.ts';

/** An endpoint as quotas know it; without windows only the connections count. */
export type Endpoint = { name: string; windows: readonly Window[] };

type Paced<T> = {
  /** Ends the waiting for a turn, never a request under way. */
  signal: AbortSignal;
  send(): Promise<T>;
  /** Reads what the platform says of its quota, from an answer or from what was thrown. */
  told(answer: { value: NoInfer<T> } | { error: unknown }): Told;
};

export type Limiter = {
  clock: Clock;
  /** Requests under way. */
  running(): number;
  /**
   * Sends one request when its turn comes: first come, first served at each endpoint.
   * @throws TooLong when that is further away than a run should wait, AbortError, or what `send` throws
   */
  run<T>(endpoint: Endpoint, request: Paced<T>): Promise<T>;
};

/** A turn further away than this is left to the next run. */
const LONGEST_WAIT_MS = 120_000;
/** After a narrowing, one connection more is tried once each of the present ones did this many requests well. */
const CALM = 10;

/** The platform allows the next request only in `wait_ms`: a day's quota is used up, for example. */
export class TooLong extends Error {
  readonly wait_ms: number;
  constructor(wait_ms: number) {
    super('The next request may go only after a long wait.');
    this.wait_ms = wait_ms;
  }
}

type Turn = { quota: Quota; go(): void; giveUp(error: Error): void };

/**
 * Keeps one account's requests within what its platform takes. A platform that finds them too many at a time gets
 * half as many, and then slowly more again: other programs may share the account.
 */
export function createLimiter(options: { connections?: number; clock?: Clock } = {}): Limiter {
  const { connections: most = Infinity, clock = systemClock } = options;
  const quotas = new Map<string, Quota>();
  const waiting = new Set<Turn>();
  let connections = most;
  let running = 0;
  let begun = 0;
  let calm = 0;
  /** Requests begun before this one ran beside more others than now: what they tell is no news. */
  let narrowedAt = 0;
  let callOff: (() => void) | undefined;

  async function run<T>(endpoint: Endpoint, { signal, send, told }: Paced<T>): Promise<T> {
    const own = quotas.get(endpoint.name) ?? quota(endpoint.windows);
    quotas.set(endpoint.name, own);
    await turn(own, signal);
    begun += 1;
    const request = { number: begun, began: clock.now() };
    try {
      const value = await send();
      finish(own, request, told({ value }));
      return value;
    } catch (error) {
      finish(own, request, told({ error }));
      throw error;
    }
  }

  /** Resolves when the request may go, and has counted it by then. */
  function turn(own: Quota, signal: AbortSignal): Promise<void> {
    return new Promise<void>((resolve, reject) => {
      if (signal.aborted) return reject(aborted(signal));
      const leave = () => {
        waiting.delete(entry);
        reject(aborted(signal));
        next();
      };
      const left = () => signal.removeEventListener('abort', leave);
      const entry: Turn = {
        quota: own,
        go: () => (left(), resolve()),
        giveUp: (error) => (left(), reject(error)),
      };
      signal.addEventListener('abort', leave, { once: true });
      waiting.add(entry);
      next();
    });
  }

  /** Lets go whoever may, and comes back when the first of the others may. */
  function next(): void {
    callOff?.();
    callOff = undefined;
    const now = clock.now();
    const blocked = new Set<Quota>();
    let soonest = Infinity;
    for (const entry of waiting) {
      if (running >= connections) break;
      if (blocked.has(entry.quota)) continue;
      const wait = entry.quota.wait(now);
      if (wait > 0 && (wait <= LONGEST_WAIT_MS || wait === Infinity)) {
        blocked.add(entry.quota);
        soonest = Math.min(soonest, wait);
        continue;
      }
      waiting.delete(entry);
      if (wait > 0) {
        entry.giveUp(new TooLong(wait));
        continue;
      }
      running += 1;
      entry.quota.begin();
      entry.go();
    }
    if (soonest < Infinity) callOff = clock.after(soonest, next);
  }

  function finish(own: Quota, { number, began }: { number: number; began: number }, told: Told): void {
    running -= 1;
    own.end(clock.now(), told, began);
    if (told.crowded) narrow(number);
    else if (connections < most) widen();
    next();
  }

  function narrow(number: number): void {
    if (number < narrowedAt) return;
    connections = Math.max(1, Math.floor(Math.min(connections, running + 1) / 2));
    narrowedAt = begun + 1;
    calm = 0;
  }

  function widen(): void {
    calm += 1;
    if (calm < CALM * connections) return;
    connections += 1;
    calm = 0;
  }

  return { clock, running: () => running, run };
}

const limiters = new Map<string, Limiter>();

/** The one limiter of an account in this process, whoever asks: all jobs share what the platform gives. */
export function limiterOf(account: string, options: { connections?: number } = {}): Limiter {
  const limiter = limiters.get(account) ?? createLimiter(options);
  limiters.set(account, limiter);
  return limiter;
}
