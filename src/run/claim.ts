import { SyncError } from '../../connectors/index.ts';
import type { Engine } from '../engine/engine.ts';
import { isLeased, takeLease } from './lease.ts';
import { isRunning, jobRunning, lockJob } from './lock.ts';

/** The right to run a job, which one process has at a time. */
export type Claim = {
  /** Aborted when the right was lost on the way: nothing more may be begun. */
  lost: AbortSignal;
  release(): Promise<void>;
};

/**
 * Takes the right to run a job. With the embedded engine it is a lock of this machine, which ends with the process; with
 * a ClickHouse server it is a lease besides, since other machines may share the store.
 * @throws SyncError `JOB_RUNNING` while another has it
 */
export async function claimJob(engine: Engine, state: string, job: string): Promise<Claim> {
  const unlock = await lockJob(state, job);
  const lost = new AbortController();
  if (!engine.server) return { lost: lost.signal, release: async () => unlock() };
  try {
    const leave = await takeLease(engine, job, lost);
    if (!leave) throw jobRunning(job);
    return { lost: lost.signal, release: () => leave().finally(unlock) };
  } catch (error) {
    unlock();
    throw error;
  }
}

/** As `claimJob`, for work that can wait. @returns undefined while another has the job */
export async function claimIfFree(engine: Engine, state: string, job: string): Promise<Claim | undefined> {
  try {
    return await claimJob(engine, state, job);
  } catch (error) {
    if (error instanceof SyncError && error.problem.code === 'JOB_RUNNING') return undefined;
    throw error;
  }
}

/** Whether some process runs the job just now. */
export async function isClaimed(engine: Engine, state: string, job: string): Promise<boolean> {
  return (await isRunning(state, job)) || (engine.server !== undefined && (await isLeased(engine, job)));
}
