import { pause, type Clock } from '../clock.ts';
import { waited as tellOfWait } from '../waits.ts';
import type { Cost } from './replies.ts';

/** A turn further away than this is left to the next run. */
const LONGEST_WAIT_MS = 120_000;
/** Points a call is taken to cost until an answer told its price. */
const FIRST_GUESS = 100;
/** Where Shopify throttles without saying how much there is. */
const BLIND_WAIT_MS = 2_000;

/** The shop gives this app no room for so long that the next run had better go on. */
export class NoRoom extends Error {}

/**
 * The points that an app may spend in one shop: a bucket that fills with time. Shopify says after each call what is in
 * it and what the call was held to cost; others of the same app may draw from it too, so its word always stands.
 * Calls go one after the other, first come, first served.
 */
export type Bucket = {
  /**
   * Sends one call once there is room for it, and again for as long as Shopify answers that there was none: that is a
   * wait and no failure.
   * @param told what an answer says of its cost, and whether it was throttled
   * @throws NoRoom when it would have to wait for more than two minutes in all, AbortError, or what `send` throws
   */
  spend<T>(call: Call<T>): Promise<T>;
};

type Call<T> = {
  /** Calls of one name cost about the same. */
  name: string;
  signal: AbortSignal;
  send(): Promise<T>;
  told(answer: T): { cost?: Cost; throttled: boolean };
};

export function createBucket(clock: Clock): Bucket {
  const prices = new Map<string, number>();
  let level = { available: Infinity, maximum: Infinity, rate: 1, at: 0 };
  let queue: Promise<unknown> = Promise.resolve();

  function missing(points: number): number {
    const { available, maximum, rate, at } = level;
    const now = Math.min(maximum, available + ((clock.now() - at) / 1000) * rate);
    return Math.max(0, Math.ceil(((Math.min(points, maximum) - now) / rate) * 1000));
  }

  function learn(name: string, cost: Cost | undefined): void {
    if (cost?.requestedQueryCost !== undefined) prices.set(name, cost.requestedQueryCost);
    const status = cost?.throttleStatus;
    if (!status) return;
    const { currentlyAvailable: available, maximumAvailable: maximum, restoreRate: rate } = status;
    level = { available, maximum, rate, at: clock.now() };
  }

  async function whenThereIsRoom<T>({ name, signal, send, told }: Call<T>): Promise<T> {
    let waited = 0;
    const wait = async (ms: number) => {
      waited += ms;
      if (waited > LONGEST_WAIT_MS) throw new NoRoom();
      await pause(clock, ms, signal);
      tellOfWait('shopify', ms);
    };
    for (;;) {
      signal.throwIfAborted();
      const ms = missing(prices.get(name) ?? FIRST_GUESS);
      if (ms > 0) await wait(ms);
      const answer = await send();
      const { cost, throttled } = told(answer);
      learn(name, cost);
      if (!throttled) return answer;
      if (missing(prices.get(name) ?? FIRST_GUESS) === 0) await wait(BLIND_WAIT_MS);
    }
  }

  return {
    spend(call) {
      const turn = queue.then(() => whenThereIsRoom(call));
      queue = turn.catch(() => undefined);
      return turn;
    },
  };
}

const buckets = new Map<string, Bucket>();

/** The one bucket of an app in a shop in this process, whoever asks: all jobs share it. */
export function bucketOf(account: string, clock: Clock): Bucket {
  const bucket = buckets.get(account) ?? createBucket(clock);
  buckets.set(account, bucket);
  return bucket;
}
