import { setTimeout as wait } from 'node:timers/promises';
import pRetry from 'p-retry';
import type { SyncError } from './error.ts';

/** A failed call as the platform means it; `wait_ms` is the wait it asked for. */
export type Failure = { error: SyncError; wait_ms?: number };

/** Retries after the first attempt. With the default first wait of 500 ms they end within about five seconds. */
const RETRIES = 3;
/** A platform that asks for a longer wait than this is left to the next run. */
const LONGEST_WAIT_MS = 120_000;

/**
 * Calls until it succeeds, an error says that trying again is of no use, or the attempts are used up.
 * A wait the platform asks for is kept to; aborting ends the waiting, never a request in flight.
 *
 * @param call one request
 * @param explain turns what an SDK threw into our error, which says whether to retry (`retry: 'now'`)
 * @returns the answer, and how many requests it took
 * @throws SyncError as `explain` made it from the last failure
 */
export async function withRetries<T>(
  call: () => Promise<T>,
  options: { signal: AbortSignal; backoff_ms: number; explain(error: unknown): Failure },
): Promise<{ value: T; requests: number }> {
  let requests = 0;
  let last: Failure | undefined;
  const attempt = async (): Promise<T> => {
    if (last?.wait_ms) await wait(last.wait_ms, undefined, { signal: options.signal });
    requests += 1;
    try {
      return await call();
    } catch (error) {
      last = options.explain(error);
      throw last.error;
    }
  };
  const value = await pRetry(attempt, {
    retries: RETRIES,
    minTimeout: options.backoff_ms,
    randomize: true,
    signal: options.signal,
    shouldRetry: () => last?.error.retry === 'now' && (last.wait_ms ?? 0) <= LONGEST_WAIT_MS,
  });
  return { value, requests };
}
