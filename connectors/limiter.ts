import { aborted, systemClock, type Clock } from './clock.ts';
import { quota, type Quota, type Told, type Window } from './quota.ts';
import { waited } from './waits.ts';

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
/** After a refusal, one connection more is tried once each of the present ones did this many requests well. */
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
 * Keeps one account's requests within what its platform takes. Other programs may share the account: for each request
 * that the platform finds one too many at a time, one fewer is under way from then on, and then slowly more again.
 * @param options.waited is told of every request that did not go at once, in milliseconds
 */
export function createLimiter(
  options: { connections?: number; clock?: Clock; waited?: (ms: number) => void } = {},
): Limiter {
  const { connections: most = Infinity, clock = systemClock } = options;
  const quotas = new Map<string, Quota>();
  const waiting = new Set<Turn>();
  let connections = most;
  let running = 0;
  /** The most that were under way at a time since the last refusal. */
  let peak = 0;
  let calm = 0;
  let callOff: (() => void) | undefined;

  async function run<T>(endpoint: Endpoint, { signal, send, told }: Paced<T>): Promise<T> {
    const own = quotas.get(endpoint.name) ?? quota(endpoint.windows);
    quotas.set(endpoint.name, own);
    const wait = await turn(own, signal);
    if (wait > 0) options.waited?.(wait);
    const began = clock.now();
    try {
      const value = await send();
      finish(own, began, told({ value }));
      return value;
    } catch (error) {
      finish(own, began, told({ error }));
      throw error;
    }
  }

  /**
   * Resolves when the request may go, and has counted it by then.
   * @returns how long it waited, in milliseconds; 0 where it goes at once
   */
  function turn(own: Quota, signal: AbortSignal): Promise<number> {
    return new Promise<number>((resolve, reject) => {
      if (signal.aborted) return reject(aborted(signal));
      const leave = () => {
        waiting.delete(entry);
        reject(aborted(signal));
        next();
      };
      const left = () => signal.removeEventListener('abort', leave);
      const asked = clock.now();
      let at_once = true;
      const entry: Turn = {
        quota: own,
        go: () => (left(), resolve(at_once ? 0 : clock.now() - asked)),
        giveUp: (error) => (left(), reject(error)),
      };
      signal.addEventListener('abort', leave, { once: true });
      waiting.add(entry);
      next();
      at_once = false;
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
      peak = Math.max(peak, running);
      entry.quota.begin();
      entry.go();
    }
    if (soonest < Infinity) callOff = clock.after(soonest, next);
  }

  function finish(own: Quota, began: number, told: Told): void {
    running -= 1;
    own.end(clock.now(), told, began);
    if (told.crowded) narrow();
    else if (connections < most) widen();
    next();
  }

  /** Whoever else does not fit is refused as well: so this gives up as many places as others took. */
  function narrow(): void {
    connections = Math.max(1, Math.min(connections, peak) - 1);
    peak = connections;
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

/**
 * The one limiter of an account in this process, whoever asks: all jobs share what the platform gives.
 * @param account begins with the platform; the rest, which may be secret, is told to nobody
 */
export function limiterOf(account: string, options: { connections?: number } = {}): Limiter {
  const [platform = ''] = account.split(' ', 1);
  const limiter =
    limiters.get(account) ?? createLimiter({ ...options, waited: (ms) => waited(platform, ms) });
  limiters.set(account, limiter);
  return limiter;
}
