import { createHash } from 'node:crypto';
import { rmSync } from 'node:fs';
import { createConnection, createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { SyncError } from '../../connectors/index.ts';

/** Unix socket paths end at 107 bytes. */
const LONGEST_PATH = 100;

/**
 * Takes the right to run a job: one process at a time, on this machine, per state directory. The right is a socket
 * that is listened on, so that it ends with the process however it ends.
 * @returns gives the right back
 * @throws SyncError `JOB_RUNNING` while another run has it
 */
export async function lockJob(socketFolder: string, job: string): Promise<() => Promise<void>> {
  const hash = createHash('sha256').update(job).digest('hex').slice(0, 12);
  const path = join(socketFolder, `${hash}.run`).slice(0, LONGEST_PATH);
  const server = (await listen(path)) ?? (await takeOver(path));
  if (!server) {
    throw new SyncError(
      {
        code: 'JOB_RUNNING',
        where: `job ${job}`,
        what: 'This job is running already, started by another command or by the daemon.',
        fix: 'Wait until it has ended; `segment-sync status` shows it.',
      },
      { retry: 'next_run' },
    );
  }
  return () => new Promise((resolve) => server.close(() => resolve()));
}

async function listen(path: string): Promise<Server | undefined> {
  const server = createServer((socket) => socket.destroy());
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) =>
      error.code === 'EADDRINUSE' ? resolve(undefined) : reject(error),
    );
    server.listen(path, () => resolve(server.unref()));
  });
}

/** A socket that nobody answers was left by a process that was killed. */
async function takeOver(path: string): Promise<Server | undefined> {
  if (await answers(path)) return undefined;
  rmSync(path, { force: true });
  return listen(path);
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
