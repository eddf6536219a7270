import { lstatSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Engine } from '../../src/engine/engine.ts';

/** What may grow. Memory and disk are in MB. */
export type Measures = {
  'program MB': number;
  'program files': number;
  'engine MB': number;
  'engine files': number;
  parts: number;
  'inactive parts': number;
  tables: number;
  rows: number;
  'disk MB': number;
  'log kB': number;
  spooled: number;
};

/** Looks at this process, at the engine process of a state directory, and at what both keep there. */
export async function measure(engine: Engine, state: string): Promise<Measures> {
  globalThis.gc?.();
  const { pid } = JSON.parse(readFileSync(join(state, 'engine.json'), 'utf8')) as { pid: number };
  const [store] = await engine.query<{ parts: number; inactive: number; tables: number; rows: number }>(
    `SELECT toUInt32(countIf(active)) AS parts, toUInt32(countIf(NOT active)) AS inactive,
       toFloat64(sumIf(system.parts.rows, active)) AS rows,
       (SELECT toUInt32(count()) FROM system.tables WHERE database = currentDatabase()) AS tables
     FROM system.parts WHERE database = currentDatabase()`,
  );
  return {
    'program MB': memoryOf('self'),
    'program files': filesOf('self'),
    'engine MB': memoryOf(pid),
    'engine files': filesOf(pid),
    parts: store!.parts,
    'inactive parts': store!.inactive,
    tables: store!.tables,
    rows: store!.rows,
    'disk MB': bytesIn(state) / 2 ** 20,
    'log kB': statSync(join(state, 'engine.log')).size / 1024,
    // Named pipes hold no data; a few wait to be used again.
    spooled: readdirSync(join(state, 'spool')).filter((name) => !name.endsWith('.pipe')).length,
  };
}

function memoryOf(pid: number | 'self'): number {
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]) / 1024;
}

function filesOf(pid: number | 'self'): number {
  return readdirSync(`/proc/${pid}/fd`).length;
}

/** On disk; files and folders that go while they are counted count as nothing, links between parts once each. */
function bytesIn(folder: string): number {
  const inodes = new Map<number, number>();
  const count = (path: string): void => {
    const found = lstatSync(path, { throwIfNoEntry: false });
    if (found?.isFile()) inodes.set(found.ino, found.blocks * 512);
    if (found?.isDirectory()) for (const name of namesIn(path)) count(join(path, name));
  };
  count(folder);
  return [...inodes.values()].reduce((sum, bytes) => sum + bytes, 0);
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}
