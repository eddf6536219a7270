import { execFileSync, type ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as wait } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import type { SandboxPerson, SandboxPlatform, SandboxReply, SandboxRequest } from '../../connectors/index.ts';
import type { Fault } from '../../connectors/sandbox-server.ts';
import { openEngine } from '../../src/engine/engine.ts';
import { openShop, type Shop } from '../end-to-end/shop.ts';
import { end, ownerPid } from '../engine/state-dir.ts';
import { openMoments, type Moments } from './moments.ts';
import { spoil } from './spoil.ts';
import type { FaultKind, Platform, StoryDay } from './story.ts';

type Line = { msg: string; status?: string; code?: string };

/** The daemon as a process, with what it has said. */
export type Daemon = { process: ChildProcess; lines: Line[]; exit: Promise<number | string>; over: boolean };

/** What a daemon came to: a run more has ended, it ended itself with a code or by a signal, or neither in time. */
export type Turn = 'finished' | 'nothing' | { exit: number | string };

/** A shop with a daemon, on a machine that can be hurt. */
export type Stand = {
  shop: Shop;
  moments: Moments;
  state: string;
  daemon?: Daemon;
  /** Whatever the daemons have said. */
  said: string[];
  /** Days that the clock has shown. */
  visited: Set<string>;
  /** What the clock shows, in milliseconds since 1970. */
  clock(): number;
  setClock(iso: string): void;
  moveClock(hours: number): void;
  /** Starts the daemon if none is there. */
  start(): Daemon;
  /** Waits until a daemon has ended a run more than so many, or has ended. */
  turn(daemon: Daemon, runs: number, ms: number): Promise<Turn>;
  /** Waits until something holds of a daemon, or it has ended. */
  until(daemon: Daemon, holds: () => boolean, ms: number): Promise<void>;
  /** Starts the engine process, so that the daemon need not wait for it. */
  warmUp(): Promise<void>;
  /** Kills the engine process, if there is one. */
  killEngine(): Promise<void>;
  /** What kind each fault is. */
  kinds: Map<Fault, FaultKind>;
  slow: StoryDay['slow'];
  spoilt: readonly Platform[];
  /** When so many exchanges were over, members were spoilt. */
  spoiltAt: number[];
  close(): Promise<void>;
};

const CLOCK = pathToFileURL(resolve(import.meta.dirname, 'clock.ts')).href;

/** @param options `disk_mb` puts the store on a disk of its own of that size */
export async function openStand(options: {
  people: SandboxPerson[];
  prepare(platform: SandboxPlatform): void;
  disk_mb?: number;
}): Promise<Stand> {
  const { people, prepare, disk_mb } = options;
  const clockFile = join(tmpdir(), `chaos-clock-${randomUUID()}`);
  let offset = 0;
  let closeShop: (() => Promise<void>) | undefined;
  const shop = await openShop({
    people,
    prepare,
    env: { NODE_OPTIONS: `--import ${CLOCK}`, CHAOS_CLOCK: clockFile },
    between,
    delay,
    atEnd: (close) => (closeShop = close),
  });
  const state = join(shop.folder, 'state');
  mkdirSync(state, { mode: 0o700 });
  if (disk_mb !== undefined) mountDisk(state, disk_mb);
  const moments = openMoments(state);

  function between(platform: SandboxPlatform, request: SandboxRequest): SandboxReply {
    if (request.method === 'GET') return platform.handle(request);
    if (moments.wrote('before')) return { status: 503 };
    const isSpoilt = stand.spoilt.some((name) => name === platform.name);
    if (isSpoilt) stand.spoiltAt.push(shop.sandbox.exchanges.length);
    const reply = isSpoilt ? spoil(platform, request) : platform.handle(request);
    moments.wrote('taken');
    setImmediate(() => moments.wrote('answered'));
    return reply;
  }

  function delay(): Promise<void> | undefined {
    const { slow } = stand;
    if (!slow?.answers) return undefined;
    slow.answers -= 1;
    return wait(slow.ms);
  }

  function setOffset(ms: number): void {
    offset = ms;
    writeFileSync(`${clockFile}.new`, String(ms));
    renameSync(`${clockFile}.new`, clockFile);
    stand.visited.add(new Date(Date.now() + ms).toISOString().slice(0, 10));
  }

  const stand: Stand = {
    shop,
    moments,
    state,
    said: [],
    visited: new Set(),
    kinds: new Map(),
    slow: undefined,
    spoilt: [],
    spoiltAt: [],
    clock: () => Date.now() + offset,
    setClock: (iso) => setOffset(Date.parse(iso) - Date.now()),
    moveClock: (hours) => setOffset(offset + hours * 3_600_000),
    start() {
      if (stand.daemon && !stand.daemon.over) return stand.daemon;
      const child = shop.start('start', '--jobs', 'jobs');
      const daemon: Daemon = { process: child, lines: [], over: false, exit: exitOf(child) };
      void daemon.exit.then(() => (daemon.over = true));
      child.stdout!.resume();
      createInterface(child.stderr!).on('line', (text) => {
        stand.said.push(text);
        const line = lineOf(text);
        daemon.lines.push(line);
        moments.said(line.msg);
      });
      return (stand.daemon = daemon);
    },
    async turn(daemon, runs, ms) {
      const hasEnded = () => finishedRuns(daemon) > runs;
      await stand.until(daemon, hasEnded, ms);
      if (hasEnded()) return 'finished';
      return daemon.over ? { exit: await daemon.exit } : 'nothing';
    },
    async until(daemon, holds, ms) {
      const until = performance.now() + ms;
      while (!holds() && !daemon.over && performance.now() < until) await wait(5);
    },
    warmUp: async () => (await openEngine({ state })).close(),
    async killEngine() {
      const pid = ownerPid(state);
      if (pid !== undefined) await end(pid, 'SIGKILL');
    },
    async close() {
      moments.close();
      stand.daemon?.process.kill('SIGKILL');
      await stand.daemon?.exit;
      await stand.killEngine();
      if (disk_mb !== undefined) execFileSync('umount', ['--lazy', state]);
      rmSync(clockFile, { force: true });
      await closeShop?.();
    },
  };
  return stand;
}

/** Whether a daemon has looked what is due: it always does something then. */
export function hasLooked({ lines }: Daemon): boolean {
  const started = lines.findIndex(({ msg }) => msg === 'started');
  return started >= 0 && started < lines.length - 1;
}

/** How many runs a daemon has begun, or could not begin. */
export function begunRuns(daemon: Daemon): number {
  return daemon.lines.filter(({ msg }) => msg === 'run started').length + finishedRuns(daemon);
}

/** How many runs a daemon has ended, or could not begin. */
export function finishedRuns({ lines }: Daemon): number {
  const isOver = ({ msg, code }: Line) =>
    msg === 'run finished' ||
    msg === 'the daemon cannot look what is due' ||
    (msg === 'run could not begin' && code !== 'JOB_RUNNING' && code !== 'JOB_DONE');
  return lines.filter(isOver).length;
}

function exitOf(child: ChildProcess): Promise<number | string> {
  return new Promise((done) => child.once('close', (code, signal) => done(code ?? signal ?? 'nothing')));
}

function lineOf(text: string): Line {
  try {
    return JSON.parse(text) as Line;
  } catch {
    return { msg: text };
  }
}

/** Whether this user may give a directory a disk of its own. */
export const MAY_MOUNT = process.platform === 'linux' && process.getuid?.() === 0 && mayMount();

function mayMount(): boolean {
  const folder = join(tmpdir(), `chaos-mount-${randomUUID()}`);
  mkdirSync(folder);
  try {
    mountDisk(folder, 1);
    execFileSync('umount', [folder]);
    return true;
  } catch {
    return false;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function mountDisk(folder: string, mb: number): void {
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${mb}m,mode=700`, 'tmpfs', folder], { stdio: 'ignore' });
}
