import { setTimeout as delay } from 'node:timers/promises';

/** What was last read, if ever, and whether reading works. */
export type Kept<Value> = { value?: Value; up: boolean };

/** What is no older is not read anew. */
const FRESH_MS = 5000;
/** A reading that takes longer goes on without whoever asked; Prometheus waits for ten seconds. */
const PATIENCE_MS = 5000;

/**
 * Keeps what is costly to read for a few seconds, and what was last read for as long as reading fails or takes too long.
 * @returns the way to ask; it never throws
 */
export function kept<Value>(
  read: () => Promise<Value>,
  failed: (error: unknown) => void,
  { fresh_ms = FRESH_MS, patience_ms = PATIENCE_MS } = {},
): () => Promise<Kept<Value>> {
  let last: { value: Value; at: number } | undefined;
  let reading: Promise<boolean> | undefined;
  let works = true;

  async function readAnew(): Promise<boolean> {
    try {
      last = { value: await read(), at: performance.now() };
      works = true;
    } catch (error) {
      if (works) failed(error);
      works = false;
    }
    reading = undefined;
    return works;
  }

  return async () => {
    if (works && last && performance.now() - last.at < fresh_ms) return { value: last.value, up: true };
    reading ??= readAnew();
    const enough = new AbortController();
    const late = delay(patience_ms, false, { signal: enough.signal, ref: false }).catch(() => false);
    const up = await Promise.race([reading, late]);
    enough.abort();
    return { value: last?.value, up };
  };
}
