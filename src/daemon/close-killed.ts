import type { Engine } from '../engine/engine.ts';
import { claimIfFree } from '../run/claim.ts';
import { closeInterrupted } from '../run/state.ts';

/** A run whose process was killed is closed as failed as soon as somebody looks, not only when the next one begins. */
export async function closeKilled(engine: Engine, state: string, job: string): Promise<void> {
  const claim = await claimIfFree(engine, state, job);
  if (!claim) return;
  try {
    await closeInterrupted(engine, job);
  } finally {
    await claim.release();
  }
}
