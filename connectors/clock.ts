/** Time as pacing and polling see it, in milliseconds from a moment of its own; tests hand in theirs. */
export type Clock = {
  now(): number;
  /** Calls back once, `ms` from now; the function returned calls it off. */
  after(ms: number, callback: () => void): () => void;
};

/** Time that nobody can set back. */
export const systemClock: Clock = {
  now: () => performance.now(),
  after(ms, callback) {
    const timer = setTimeout(callback, ms);
    return () => clearTimeout(timer);
  },
};

/** @throws AbortError once the signal is aborted */
export async function pause(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    if (signal.aborted) return reject(aborted(signal));
    const abort = () => {
      callOff();
      reject(aborted(signal));
    };
    const callOff = clock.after(ms, () => {
      signal.removeEventListener('abort', abort);
      resolve();
    });
    signal.addEventListener('abort', abort, { once: true });
  });
}

/** What ends a wait, whatever reason the signal carries. */
export function aborted(signal: AbortSignal): DOMException {
  return new DOMException('The wait was called off.', { name: 'AbortError', cause: signal.reason });
}
