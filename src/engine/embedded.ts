/**
 * The engine process: chDB behind ClickHouse's HTTP protocol on a Unix socket. Started by `start.ts` with one
 * argument, an `EmbeddedSettings` as JSON; its working directory is the spool directory.
 */
import { Session, drainPending } from 'chdb';
import {
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { keepHeapSmall } from '../heap.ts';
import { type EmbeddedSettings, LOCKED, ownerFile } from './start.ts';
import { framesOf } from './frames.ts';
import { startsAnew } from './damage.ts';
import { literal } from './literal.ts';
import { turnLog } from './log-file.ts';
import { LITTLE_MEMORY } from './memory.ts';
import { DATABASE, protocolServer, type Statement } from './protocol.ts';

/** Below UV_THREADPOOL_SIZE (start.ts): a KILL must find a free thread while every statement waits for its reader. */
const STATEMENTS_AT_ONCE = 48;
const IDLE_SESSIONS = 16;
const KILL_AGAIN_MS = 250;
const LEAVE_SECONDS = 10;
/** Reading small parts through thread pools costs more than the reading. */
const READING = {
  local_filesystem_read_method: 'pread',
  merge_tree_use_prefixes_deserialization_thread_pool: '0',
};

const settings = JSON.parse(process.argv[2] ?? '{}') as EmbeddedSettings;
const data = join(settings.state, 'engine');
/**
 * Rows are written once so many bytes of them have come together, and the writing takes more again: the default of
 * 256 MB leaves no room for the statement itself where there is little memory.
 */
const WRITING =
  settings.max_memory < LITTLE_MEMORY
    ? { min_insert_block_size_bytes: String(Math.floor(settings.max_memory / 64)) }
    : {};

keepHeapSmall();
process.umask(0o077);
mkdirSync(data, { recursive: true, mode: 0o700 });

/**
 * One connection of chDB. What a statement SETs stays on it, so the names are kept: settings go back to their
 * defaults before the next statement; a parameter cannot be unset.
 */
type Connection = { session: Session; settings: Set<string>; params: Set<string>; database: string };

const logged = statSync(settings.log).size;
const root = openRoot();
// Owning chDB's lock means that whoever left these files is gone.
for (const file of [ownerFile(settings.state), settings.socket, ...readdirSync('.')])
  rmSync(file, { force: true });
const idle: Connection[] = [];
const waiting: (() => void)[] = [];
let free = STATEMENTS_AT_ONCE;
let idleTimer: NodeJS.Timeout | undefined;
let leaving = false;

function openRoot(): Session {
  try {
    return new Session(data, {
      connectionArgs: [
        `--max_server_memory_usage=${settings.max_memory}`,
        // The default of 5 GB alone would exceed a small container.
        `--mark_cache_size=${Math.round(settings.max_memory / 10)}`,
        // It keeps what each part answered to each condition, long after the part is gone: hundreds of bytes for each of
        // the statements that runs make by the million.
        '--query_condition_cache_size=0',
        // Runs compile conditions with their own dates and names: ten thousand of them, the default, are never asked again.
        '--compiled_expression_cache_elements_size=256',
        // Each idle thread keeps memory of the allocator's.
        '--max_thread_pool_free_size=8',
      ],
    });
  } catch (error) {
    // chDB names the reason only on stderr, which is the log.
    const locked = readFileSync(settings.log).subarray(logged).includes('Cannot lock file');
    if (!locked) console.error(error);
    return process.exit(locked ? LOCKED : 1);
  }
}

/** Takes an idle connection on which no parameter of an earlier statement could stand in for one this caller forgot. */
function connectionFor(statement: Statement): Connection {
  const clean = ({ params }: Connection) =>
    [...params].every(
      (name) => name in statement.params || !new RegExp(`\\{\\s*${name}\\s*:`).test(statement.sql),
    );
  const index = idle.findLastIndex(clean);
  if (index >= 0) return idle.splice(index, 1)[0]!;
  return { session: new Session(data), settings: new Set(), params: new Set(), database: 'default' };
}

async function prepare(connection: Connection, statement: Statement): Promise<void> {
  const wanted = { ...READING, ...WRITING, ...statement.settings, log_comment: statement.tag };
  const changes = [
    ...[...connection.settings].filter((name) => !(name in wanted)).map((name) => `${name} = DEFAULT`),
    ...Object.entries(wanted).map(([name, value]) => `${name} = ${literal(value)}`),
    ...Object.entries(statement.params).map(([name, value]) => `param_${name} = ${literal(value)}`),
  ];
  connection.settings = new Set([...connection.settings, ...Object.keys(wanted)]);
  connection.params = new Set([...connection.params, ...Object.keys(statement.params)]);
  await connection.session.queryAsync(`SET ${changes.join(', ')}`);
  connection.settings = new Set(Object.keys(wanted));
  if (connection.database !== statement.database) {
    await connection.session.queryAsync(`USE \`${statement.database.replaceAll('`', '``')}\``);
    connection.database = statement.database;
  }
}

async function slot(): Promise<void> {
  if (free > 0) free -= 1;
  else await new Promise<void>((resolve) => waiting.push(resolve));
}

function giveSlot(): void {
  const next = waiting.shift();
  if (next) next();
  else free += 1;
}

/**
 * Runs one statement to its end.
 *
 * @param gone aborted when nobody waits for the answer any more: the statement is then killed
 * @returns what it printed, in `statement.format`
 */
async function run(statement: Statement, gone: AbortSignal): Promise<Uint8Array> {
  await slot();
  let killing: NodeJS.Timeout | undefined;
  // Again until it has ended: the first KILL may come before the engine has registered the statement.
  const startKilling = () => {
    void kill(statement.tag);
    killing = setInterval(() => void kill(statement.tag), KILL_AGAIN_MS);
  };
  try {
    gone.throwIfAborted();
    const connection = connectionFor(statement);
    let reusable = false;
    try {
      await prepare(connection, statement);
      // A statement like SET or USE would change the next caller's answers, and `readonly` cannot be taken back.
      reusable =
        !('readonly' in statement.settings) && !/^\s*(set|use|create\s+temporary)\b/i.test(statement.sql);
      gone.throwIfAborted();
      gone.addEventListener('abort', startKilling, { once: true });
      return (await connection.session.queryAsync(statement.sql, { format: statement.format })).bytes();
    } catch (error) {
      if (startsAnew(settings.state, error)) {
        console.error('A part of the store cannot be read; the engine starts anew and sets it aside.');
        void leave(1);
      }
      throw error;
    } finally {
      if (reusable && !gone.aborted && idle.length < IDLE_SESSIONS) idle.push(connection);
      else connection.session.close();
    }
  } finally {
    gone.removeEventListener('abort', startKilling);
    clearInterval(killing);
    giveSlot();
  }
}

/** Never SYNC: that does not return. */
async function kill(tag: string): Promise<void> {
  await root
    .queryAsync(`KILL QUERY WHERE Settings['log_comment'] = ${literal(tag)} ASYNC`)
    .catch((error: unknown) => console.error('KILL failed', error));
}

/** Leaves after a while without callers; called whenever their number changes, which is also when the log is looked at. */
function callersChanged(count: number): void {
  turnLog(settings.log);
  clearTimeout(idleTimer);
  if (count === 0) idleTimer = setTimeout(() => void leave(0), settings.idle_seconds * 1000);
}

/** The order matters: chDB crashes or hangs when its connections go while statements run (see `drainPending`). */
async function leave(code: number): Promise<void> {
  if (leaving) return;
  leaving = true;
  setTimeout(() => process.kill(process.pid, 'SIGKILL'), LEAVE_SECONDS * 1000);
  rmSync(ownerFile(settings.state), { force: true });
  server.close();
  server.closeAllConnections();
  await drainPending();
  for (const connection of idle) connection.session.close();
  root.close();
  process.exit(code);
}

const server = protocolServer({ run, callersChanged });

process.on('SIGTERM', () => void leave(0));
process.on('SIGINT', () => void leave(0));
process.on('SIGHUP', () => void leave(0));
process.on('uncaughtException', (error) => {
  console.error(`An unexpected ${error.name}.`, ...framesOf(error));
  void leave(1);
});

const zone = (await root.queryAsync('SELECT timezone()', { format: 'TabSeparatedRaw' })).text().trim();
if (zone !== 'UTC') {
  console.error(`The engine's time zone is ${zone}; TZ=UTC must be set before it starts.`);
  process.exit(1);
}
await root.queryAsync(`CREATE DATABASE IF NOT EXISTS ${DATABASE}`);

server.listen(settings.socket, () => {
  chmodSync(settings.socket, 0o600);
  const owner = { pid: process.pid, host: hostname(), socket: settings.socket, started_at: new Date() };
  const file = ownerFile(settings.state);
  writeFileSync(`${file}.new`, JSON.stringify(owner), { mode: 0o600 });
  renameSync(`${file}.new`, file);
  callersChanged(0);
});
