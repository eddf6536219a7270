import { lstat, readdir, statfs } from 'node:fs/promises';
import { totalmem } from 'node:os';
import { join } from 'node:path';
import { SyncError } from '../../../connectors/index.ts';
import { everywhere } from '../../engine/cluster.ts';
import type { Engine } from '../../engine/engine.ts';
import { memoryBytes } from '../../engine/memory.ts';
import { isDaemonRunning } from '../../run/lock.ts';
import type { CommandContext } from '../command.ts';
import { found, look, type Finding, type Warning } from './finding.ts';

/** The oldest Node that runs this program. */
const NODE = 24;
const GIB = 2 ** 30;
/** The engine merges what it stores into new files before it takes the old ones away. */
const LEAST_FREE_BYTES = GIB;

/** What every job stands on: the runtime, the engine, the store and the disk it is on, the settings. */
export async function checkMachine(context: CommandContext): Promise<Finding[]> {
  return [
    await look('runtime', async () => runtimeFacts(context)),
    await look('engine', async () => ({ facts: await engineFacts(context) })),
    ...(context.settings.engine.url ? [] : [await look('store', async () => storeFacts(context))]),
    found('settings', { facts: [settingsFact(context)] }),
  ];
}

function runtimeFacts({ node, settings }: CommandContext) {
  if (Number(node.split('.')[0]) < NODE) {
    throw new SyncError({
      code: 'CONFIG_NODE_TOO_OLD',
      where: 'runtime',
      what: `This is Node ${node}.`,
      why: `The program needs Node ${NODE} or newer.`,
      fix: `Install Node ${NODE}, or use the image.`,
    });
  }
  const facts = [`Node ${node}`];
  if (settings.engine.url) return { facts };
  const [may, there] = [memoryBytes(settings.engine.max_memory), totalmem()];
  facts.push(`the engine may use ${size(may)} of ${size(there)} of memory`);
  const tooMuch = { what: 'the engine may use more memory than there is', fix: 'Lower `engine.max_memory`.' };
  return { facts, warnings: may > there ? [tooMuch] : [] };
}

/** Asks the engine, which proves that its binary runs and that the store can be read. */
async function engineFacts(context: CommandContext): Promise<string[]> {
  const engine = await context.engine();
  const [row] = await engine.query<{ version: string; damaged: string }>(
    `SELECT version() AS version, (SELECT count() FROM ${everywhere(engine, 'system.detached_parts')}
       WHERE database = currentDatabase() AND startsWith(ifNull(reason, ''), 'broken')) AS damaged`,
  );
  const { version, damaged } = row!;
  if (damaged !== '0') throw damagedStore(damaged);
  return [`ClickHouse ${version}, ${context.settings.engine.url ? 'a server' : 'embedded'}`];
}

async function storeFacts(context: CommandContext) {
  const { state } = context;
  const bytes = await storedBytes(await context.engine());
  const { bavail, bsize } = await statfs(state);
  const free = bavail * bsize;
  const daemon = await isDaemonRunning(state);
  const warnings: Warning[] = [];
  if (free < Math.max(LEAST_FREE_BYTES, bytes)) {
    const what = `${size(free)} are free on its disk, and it holds ${size(bytes)} itself`;
    warnings.push({ what, fix: 'Make room, shorten `retention`, or put it elsewhere with --state.' });
  }
  const open = await openToOthers(state);
  if (open.length > 0) {
    const what = `others on this machine may look into ${open.join(', ')}`;
    warnings.push({ what, fix: `chmod -R go= '${state}'` });
  }
  const facts = [
    `${state} holds ${size(bytes)}, ${size(free)} are free on its disk`,
    ...(open.length === 0 ? ['only this user may look into it'] : []),
    daemon ? 'a daemon keeps it: `segment-sync start` runs' : 'no daemon keeps it just now',
  ];
  return { facts, warnings };
}

async function storedBytes(engine: Engine): Promise<number> {
  const [row] = await engine.query<{ bytes: string }>(
    `SELECT toString(sum(bytes_on_disk)) AS bytes FROM ${everywhere(engine, 'system.parts')} WHERE database = currentDatabase()`,
  );
  return Number(row!.bytes);
}

/** What in a state directory others than its owner may read or change; whatever a closed folder holds is closed. */
async function openToOthers(state: string): Promise<string[]> {
  const paths = [state, ...(await readdir(state)).map((name) => join(state, name))];
  const modes = await Promise.all(paths.map(async (path) => ({ path, mode: (await lstat(path)).mode })));
  const open = modes.filter(({ mode }) => (mode & 0o077) !== 0).map(({ path }) => path);
  return (modes[0]!.mode & 0o077) === 0 ? [] : open;
}

function settingsFact({ settings_file, settings }: CommandContext): string {
  const url = settings.engine.url ? ', the engine is a server' : '';
  return settings_file
    ? `read from ${settings_file}${url}`
    : 'no config/settings.yaml: everything is as it usually is';
}

function damagedStore(parts: string): SyncError {
  return new SyncError({
    code: 'ENGINE_DAMAGED',
    where: 'engine',
    what: `${parts} pieces of the store could not be read and were set aside, as after a full disk or a power cut.`,
    why: 'Records in them, or what was known of members, may be missing.',
    fix: 'Read the sources again with `segment-sync run JOB --full --reconcile`. If all is in order then, delete the pieces: folders called `broken…` in `detached` folders of the state directory.',
  });
}

function size(bytes: number): string {
  if (bytes >= GIB) return `${(bytes / GIB).toFixed(1)} GiB`;
  return `${Math.ceil(bytes / 2 ** 20)} MiB`;
}
