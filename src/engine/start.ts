import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { accessSync, closeSync, constants, lstatSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { request } from 'node:http';
import { hostname, tmpdir } from 'node:os';
import { extname, join, resolve } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { SyncError } from '../../connectors/error.ts';
import { turnLog } from './log-file.ts';
import { memoryBytes } from './memory.ts';

/** What the engine process is started with. */
export type EmbeddedSettings = {
  state: string;
  socket: string;
  log: string;
  /** Bytes. */
  max_memory: number;
  /** How long it stays without callers. */
  idle_seconds: number;
};

/** Exit code of an engine process that found the data in use: the one that holds it answers instead. */
export const LOCKED = 3;

/** The engine process as its caller holds it: it stays as long as one is held. */
export type Hold = { socket: string; lost(): boolean; release(): void };

type Owner = { pid: number; host: string; socket: string };

/** Linux takes 107, macOS 103. */
const LONGEST_SOCKET_BYTES = 103;
/** Opening a large store after a crash takes a while. */
const START_MS = 60_000;
/** How long an owner that says it is there may leave its socket unanswered. */
const UNREACHABLE_MS = 2000;
const ANSWER_MS = 10_000;
const POLL_MS = 10;

/** Where the owner of a state directory says who it is. */
export function ownerFile(state: string): string {
  return join(state, 'engine.json');
}

/**
 * Finds the engine process of a state directory, or starts it, and keeps it from leaving.
 *
 * @throws SyncError `ENGINE_PATH_INVALID`; `ENGINE_IN_USE` when another process holds the data and does not answer,
 *   `ENGINE_START_FAILED` when it cannot be started
 */
export async function holdEngine(options: {
  state: string;
  max_memory?: string | number;
  idle_seconds?: number;
}): Promise<Hold> {
  const state = resolve(options.state);
  if (/[*?{}]/.test(state)) throw patternInPath(state);
  makeDirectories(state);
  const settings = {
    state,
    socket: socketPath(state),
    log: join(state, 'engine.log'),
    max_memory: memoryBytes(options.max_memory),
    idle_seconds: options.idle_seconds ?? 60,
  };
  const started = Date.now();
  let refusedAt: number | undefined;
  let child: ReturnType<typeof startProcess> | undefined;
  for (;;) {
    const owner = readOwner(state);
    const hold = await holdSocket(owner?.socket ?? settings.socket);
    if (hold) return hold;
    child ??= startProcess(settings);
    const exit = child.exit();
    if (exit === LOCKED) {
      refusedAt ??= Date.now();
      const patience = owner && isThere(owner) ? UNREACHABLE_MS : START_MS;
      if (Date.now() - refusedAt > patience) throw inUse(state, owner);
      // The owner is starting or leaving: its socket will answer, or its data become free.
      child = undefined;
      await wait(POLL_MS * 10);
    } else if (exit !== undefined || Date.now() - started > START_MS) {
      throw startFailed(settings.log, exit);
    }
    await wait(POLL_MS);
  }
}

function startProcess(settings: EmbeddedSettings) {
  turnLog(settings.log);
  const log = openSync(settings.log, 'a', 0o600);
  const file = fileURLToPath(new URL(`./embedded${extname(import.meta.url)}`, import.meta.url));
  const child = spawn(process.execPath, [file, JSON.stringify(settings)], {
    cwd: spoolDirectory(settings.state),
    detached: true,
    stdio: ['ignore', log, log],
    // Read by chDB and libuv as they load. Without PGTZ, times from PostgreSQL are off by its server's zone. Each
    // running statement holds one of libuv's threads, for a stream until its reader is done.
    env: { ...process.env, TZ: 'UTC', PGTZ: 'UTC', UV_THREADPOOL_SIZE: '64' },
  });
  closeSync(log);
  child.unref();
  let failed: string | undefined;
  child.on('error', (error) => (failed = error.message));
  return { exit: () => child.exitCode ?? child.signalCode ?? failed };
}

function spoolDirectory(state: string): string {
  return join(state, 'spool');
}

function makeDirectories(state: string): void {
  try {
    mkdirSync(spoolDirectory(state), { recursive: true, mode: 0o700 });
    accessSync(state, constants.W_OK);
  } catch (error) {
    throw new SyncError(
      {
        code: 'ENGINE_PATH_INVALID',
        where: state,
        what: 'The state directory cannot be made or written to.',
        why: error instanceof Error && 'code' in error ? String(error.code) : undefined,
        fix: 'Name a directory on a local disk that this user may write to.',
      },
      { cause: error },
    );
  }
}

/** @returns nothing when nobody answers there */
function holdSocket(socket: string): Promise<Hold | undefined> {
  return new Promise((resolve) => {
    let lost = false;
    const holding = request({ socketPath: socket, path: '/hold', agent: false, timeout: ANSWER_MS });
    holding.on('timeout', () => holding.destroy());
    holding.on('error', () => resolve(undefined));
    holding.on('close', () => {
      lost = true;
      resolve(undefined);
    });
    holding.on('response', (response) => {
      holding.setTimeout(0);
      // A caller that forgets to close must still be able to end.
      response.socket.unref();
      response.on('error', () => {});
      response.resume();
      resolve({ socket, lost: () => lost, release: () => holding.destroy() });
    });
    holding.end();
  });
}

/** In the state directory, or, where that path is too long for a socket, in a private directory beside the temporary files. */
function socketPath(state: string): string {
  const usual = join(state, 'engine.sock');
  if (Buffer.byteLength(usual) <= LONGEST_SOCKET_BYTES) return usual;
  const name = createHash('sha256').update(state).digest('hex').slice(0, 16);
  const directory = join(tmpdir(), `segment-sync-${name}`);
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const found = lstatSync(directory);
  if (!found.isDirectory() || found.uid !== process.getuid?.() || (found.mode & 0o077) !== 0) {
    throw new SyncError({
      code: 'ENGINE_SOCKET_UNSAFE',
      where: directory,
      what: 'The directory for the engine’s socket belongs to somebody else or is open to others.',
      fix: 'Remove it, or choose a state directory with a shorter path.',
    });
  }
  return join(directory, 'engine.sock');
}

function readOwner(state: string): Owner | undefined {
  try {
    return JSON.parse(readFileSync(ownerFile(state), 'utf8')) as Owner;
  } catch {
    return undefined;
  }
}

function isThere(owner: Owner): boolean {
  if (owner.host !== hostname()) return true;
  try {
    process.kill(owner.pid, 0);
    return true;
  } catch {
    return false;
  }
}

function patternInPath(state: string): SyncError {
  return new SyncError({
    code: 'ENGINE_PATH_INVALID',
    where: state,
    what: 'The path of the state directory holds one of * ? { }, which ClickHouse takes for a pattern of file names.',
    fix: 'Name a directory without these characters.',
  });
}

function inUse(state: string, owner: Owner | undefined): SyncError {
  const who = owner ? `process ${owner.pid} on ${owner.host}` : 'a process that has not said who it is';
  return new SyncError({
    code: 'ENGINE_IN_USE',
    where: state,
    what: `The store is in use by ${who}, which does not answer from here.`,
    why: 'One process holds the store at a time; others reach it over its socket, on the same machine only.',
    fix: 'Run this where that process runs, end that process, or name another state directory.',
  });
}

function startFailed(log: string, exit: number | string | undefined): SyncError {
  return new SyncError(
    {
      code: 'ENGINE_START_FAILED',
      where: log,
      what: 'The engine process did not start.',
      why: exit === undefined ? 'It did not answer in time.' : `It ended with ${exit}.`,
      fix: 'Its log says why.',
    },
    { retry: 'next_run' },
  );
}
