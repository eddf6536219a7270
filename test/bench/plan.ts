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
const MONTHS = 24;
/** What "two years in seconds" may mean. */
const BACKFILL_SECONDS = 10;

/**
 * The command `plan` on the sample shop, from its start to its end, each time with an empty store and no engine process
 * running: the very first time, and once Node has kept the compiled code. Then the segments of the last two years.
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
    const backfilled = await backfill(sandbox.url, folder);
    return [
      figure('plan of the sample shop for the first time', median(first), LIMIT_SECONDS),
      figure('plan of the sample shop with an empty store', median(further), LIMIT_SECONDS),
      figure(`backfill of ${MONTHS} months of the sample shop`, backfilled, BACKFILL_SECONDS),
    ];
  } finally {
    await sandbox.close();
  }
}

async function plan(url: string, folder: string, compiled: string): Promise<number> {
  const state = await mkdtemp(join(folder, 'plan-'));
  try {
    return await command(['plan', '--as-of', AS_OF], { url, state, compiled });
  } finally {
    await endEngine(state);
  }
}

async function backfill(url: string, folder: string): Promise<number> {
  const [state, compiled] = [join(folder, 'backfill'), join(folder, 'backfill-compiled')];
  try {
    await command(['plan', '--as-of', AS_OF], { url, state, compiled });
    return await command(['segments', '--backfill', String(MONTHS)], { url, state, compiled });
  } finally {
    await endEngine(state);
  }
}

/** @returns the seconds that a command on the sample shop takes */
async function command(
  [name = '', ...options]: readonly string[],
  { url, state, compiled }: { url: string; state: string; compiled: string },
): Promise<number> {
  const args = ['src/cli.ts', name, 'config/jobs/demo.yaml', ...options, '--state', state];
  const env = {
    ...process.env,
    MAILCHIMP_API_KEY: 'sandbox-us1',
    KLAVIYO_API_KEY: 'sandbox',
    META_ACCESS_TOKEN: 'sandbox',
    SANDBOX_URL: url,
    NODE_COMPILE_CACHE: compiled,
  };
  return seconds(() => promisify(execFile)(process.execPath, args, { cwd: REPOSITORY, env }));
}

async function endEngine(state: string): Promise<void> {
  const pid = ownerPid(state);
  if (pid !== undefined) await end(pid, 'SIGTERM');
}

function figure(work: string, took: number, limit: number): Figure {
  return { work, measured: `${took.toFixed(2)} s`, against: `${limit} s`, ratio: took / limit };
}
