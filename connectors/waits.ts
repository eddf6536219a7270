import { channel } from 'node:diagnostics_channel';

/** That a request waited for its turn, because of what its platform takes at a time. */
export type Wait = { platform: string; ms: number };

const waits = channel('segment-sync:wait');

/** Tells whoever in this process listens. */
export function waited(platform: string, ms: number): void {
  waits.publish({ platform, ms } satisfies Wait);
}

/** @returns how to listen no more */
export function onWait(listener: (wait: Wait) => void): () => void {
  const heard = (wait: unknown) => listener(wait as Wait);
  waits.subscribe(heard);
  return () => {
    waits.unsubscribe(heard);
  };
}
