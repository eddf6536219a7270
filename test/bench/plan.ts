import { execFile } from 'node:child_process';
import { mkdtemp } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { sandboxes, serveSandbox } from '../../connectors/index.ts';
import { end, ownerPid } from '../engine/state-dir.ts';
import { type Figure, median, seconds } from './figure.ts';

const REPOSITORY = resolve(import.meta.dirname, '../..');
/** The last day of the sample shop. */
const AS_OF = '2026-11-15';
const LIMIT_SECONDS = 2;
const TIMES = 3;

/**
 * The command `plan` on the sample shop, from its start to its end, each time with an empty store and no engine process
 * running: the very first time, and once Node has kept the compiled code.
 */
export async function planFigures(folder: string): Promise<Figure[]> {
  const platforms = await Promise.all(Object.values(sandboxes).map((open) => open({})));
  const sandbox = await serveSandbox(platforms);
  try {
    const first: number[] = [];
    const further: number[] = [];
    for (let time = 0; time < TIMES; time++) {
      const compiled = await mkdtemp(join(folder, 'compiled-'));
      first.push(await plan(sandbox.url, folder, compiled));
      further.push(await plan(sandbox.url, folder, compiled));
    }
    return [figure('for the first time', first), figure('with an empty store', further)];
  } finally {
    await sandbox.close();
  }
}

async function plan(url: string, folder: string, compiled: string): Promise<number> {
  const state = await mkdtemp(join(folder, 'plan-'));
  const args = ['src/cli.ts', 'plan', 'config/jobs/demo.yaml', '--as-of', AS_OF, '--state', state];
  const env = {
    ...process.env,
    MAILCHIMP_API_KEY: 'sandbox-us1',
    KLAVIYO_API_KEY: 'sandbox',
    META_ACCESS_TOKEN: 'sandbox',
    SANDBOX_URL: url,
    NODE_COMPILE_CACHE: compiled,
  };
  try {
    return await seconds(() => promisify(execFile)(process.execPath, args, { cwd: REPOSITORY, env }));
  } finally {
    const pid = ownerPid(state);
    if (pid !== undefined) await end(pid, 'SIGTERM');
  }
}

function figure(when: string, times: readonly number[]): Figure {
  const took = median(times);
  return {
    work: `plan of the sample shop ${when}`,
    measured: `${took.toFixed(2)} s`,
    against: `${LIMIT_SECONDS} s`,
    ratio: took / LIMIT_SECONDS,
  };
}
