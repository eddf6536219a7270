import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';

export type StateDir = { path: string; [Symbol.asyncDispose](): Promise<void> };

/** A state directory of its own; its engine process ends and it is removed at the end of the scope. */
export function stateDir(): StateDir {
  const path = mkdtempSync(join(tmpdir(), 'engine-test-'));
  return {
    path,
    async [Symbol.asyncDispose]() {
      const pid = ownerPid(path);
      if (pid !== undefined) await end(pid, 'SIGTERM');
      rmSync(path, { recursive: true, force: true });
    },
  };
}

/** The process id of the engine process of a state directory, while there is one. */
export function ownerPid(state: string): number | undefined {
  try {
    return (JSON.parse(readFileSync(join(state, 'engine.json'), 'utf8')) as { pid: number }).pid;
  } catch {
    return undefined;
  }
}

/** Sends a signal and waits until the process has gone. */
export async function end(pid: number, signal: NodeJS.Signals): Promise<void> {
  if (!isAlive(pid)) return;
  process.kill(pid, signal);
  await until(() => !isAlive(pid));
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** Asks until the answer is yes, for at most 20 seconds. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 20_000;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`Not so after 20 seconds: ${condition}`);
    await wait(10);
  }
}
