import { createHash } from 'node:crypto';
import { access, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { SyncError } from '../../connectors/index.ts';

/** Outlasts a look by `isRunning`. */
const PATIENCE_MS = 200;

/**
 * Takes the right to run a job: one process at a time, on this machine, per state directory. The right is SQLite's
 * lock on an empty file: taking it is atomic, and it ends with the process however it ends.
 * @returns gives the right back
 * @throws SyncError `JOB_RUNNING` while another run has it
 */
export async function lockJob(state: string, job: string): Promise<() => void> {
  const unlock = await takeLock(state, job);
  if (!unlock) throw jobRunning(job);
  return unlock;
}

/**
 * Takes the right to be the daemon of a state directory.
 * @returns gives the right back
 * @throws SyncError `DAEMON_RUNNING` while another process has it
 */
export async function lockDaemon(state: string): Promise<() => void> {
  const unlock = await takeLock(state, DAEMON);
  if (unlock) return unlock;
  throw new SyncError({
    code: 'DAEMON_RUNNING',
    where: state,
    what: 'A daemon keeps this store already.',
    why: 'With the embedded engine one daemon runs all jobs; several need a ClickHouse server (engine.url).',
    fix: 'Leave it to that one, which reads job files anew by itself, or stop it first.',
  });
}

/** No job can be called so. */
const DAEMON = ':daemon';

async function takeLock(state: string, name: string): Promise<(() => void) | undefined> {
  // With a ClickHouse server nothing else is kept here, so nobody may have made it yet.
  await mkdir(state, { recursive: true, mode: 0o700 });
  await writeFile(lockFile(state, name), '', { flag: 'a', mode: 0o600 });
  const lock = new DatabaseSync(lockFile(state, name), { timeout: PATIENCE_MS });
  if (attempt(lock, 'BEGIN EXCLUSIVE')) return () => lock.close();
  lock.close();
  return undefined;
}

/** The error of whoever comes second. */
export function jobRunning(job: string): SyncError {
  return new SyncError(
    {
      code: 'JOB_RUNNING',
      where: `job ${job}`,
      what: 'This job is running already, started by another command or by the daemon.',
      fix: 'Wait until it has ended; `segment-sync status` shows it.',
    },
    { retry: 'next_run' },
  );
}

/** Whether a daemon of this machine keeps a state directory just now. */
export function isDaemonRunning(state: string): Promise<boolean> {
  return isRunning(state, DAEMON);
}

/** Whether a process of this machine runs the job just now. */
export async function isRunning(state: string, job: string): Promise<boolean> {
  const path = lockFile(state, job);
  const there = await access(path).then(
    () => true,
    () => false,
  );
  if (!there) return false;
  const lock = new DatabaseSync(path, { readOnly: true, timeout: 0 });
  const free = attempt(lock, 'SELECT count(*) FROM sqlite_schema');
  lock.close();
  return !free;
}

function lockFile(state: string, job: string): string {
  const name = createHash('sha256').update(job).digest('hex').slice(0, 12);
  return join(state, `${name}.lock`);
}

const BUSY = 5;

/** @returns false where another process has the lock */
function attempt(lock: DatabaseSync, sql: string): boolean {
  try {
    lock.exec(sql);
    return true;
  } catch (error) {
    if ((error as { errcode?: number }).errcode === BUSY) return false;
    throw error;
  }
}
