import { readdirSync, readFileSync } from 'node:fs';

/** The most memory that processes held at one moment, in MB. */
export type Peak = { program_mb: number; engine_mb: number };

const LOOK_MS = 200;

/**
 * Watches a process and all that it starts: what is an engine process, and what is not.
 * @returns what ends the watch, and tells the peaks
 */
export function watchMemory(pid: number): () => Peak {
  const peak: Peak = { program_mb: 0, engine_mb: 0 };
  const look = () => {
    const now: Peak = { program_mb: 0, engine_mb: 0 };
    for (const one of familyOf(pid)) now[one.engine ? 'engine_mb' : 'program_mb'] += one.mb;
    peak.program_mb = Math.max(peak.program_mb, now.program_mb);
    peak.engine_mb = Math.max(peak.engine_mb, now.engine_mb);
  };
  const timer = setInterval(look, LOOK_MS);
  return () => {
    clearInterval(timer);
    return peak;
  };
}

type Process = { pid: number; parent: number; engine: boolean; mb: number };

function familyOf(pid: number): Process[] {
  const all = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => readProcess(Number(name)) ?? []);
  const family = new Set([pid]);
  // A process has a larger number than its parent, but for the rare turn of the numbers.
  for (const one of all) if (family.has(one.parent)) family.add(one.pid);
  return all.filter((one) => family.has(one.pid));
}

function readProcess(pid: number): Process | undefined {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    const figure = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status)?.[1] ?? 0);
    const engine = readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('embedded.ts');
    return { pid, parent: figure('PPid'), engine, mb: figure('VmRSS') / 1024 };
  } catch {
    // It ended meanwhile.
    return undefined;
  }
}
