import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, openSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { SyncError } from '../../connectors/error.ts';
import { openEngine } from '../../src/engine/engine.ts';
import { end, isAlive, ownerPid, type StateDir, stateDir, until } from './state-dir.ts';

const run = promisify(execFile);
const EMBEDDED = fileURLToPath(new URL('../../src/engine/embedded.ts', import.meta.url));
const ENGINE = new URL('../../src/engine/engine.ts', import.meta.url).href;
const ENDLESS = 'SELECT number FROM numbers(1000000000000)';

/** Asks the engine of a state directory from another process. */
async function askElsewhere(state: string, sql: string): Promise<unknown> {
  const program = `
    import { openEngine } from '${ENGINE}';
    const engine = await openEngine({ state: process.argv[1] });
    console.log(JSON.stringify(await engine.query(process.argv[2])));
    await engine.close();`;
  const { stdout } = await run(process.execPath, ['--input-type=module', '-e', program, state, sql]);
  return JSON.parse(stdout);
}

/** An engine process whose end can be watched; engines opened on the directory find it. */
async function watchedProcess(state: StateDir): Promise<ChildProcess> {
  const spool = join(state.path, 'spool');
  mkdirSync(spool);
  const log = join(state.path, 'engine.log');
  const settings = {
    state: state.path,
    socket: join(state.path, 'engine.sock'),
    log,
    max_memory: 2 ** 30,
    idle_seconds: 60,
  };
  const child = spawn(process.execPath, [EMBEDDED, JSON.stringify(settings)], {
    cwd: spool,
    stdio: ['ignore', openSync(log, 'a'), 'ignore'],
    env: { ...process.env, TZ: 'UTC', PGTZ: 'UTC', UV_THREADPOOL_SIZE: '64' },
  });
  await until(() => ownerPid(state.path) !== undefined);
  return child;
}

async function thrown(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => undefined,
    (error: unknown) => error,
  );
}

describe('sharing', () => {
  test('another process reads while the first one streams', async () => {
    await using state = stateDir();
    const engine = await openEngine({ state: state.path });
    await engine.command('CREATE TABLE t (id UInt64) ENGINE = MergeTree ORDER BY id');
    await engine.insert('t', [{ id: 7 }]);
    const stream = engine.stream(ENDLESS)[Symbol.asyncIterator]();
    await stream.next();

    expect(await askElsewhere(state.path, 'SELECT id FROM t')).toEqual([{ id: '7' }]);
    expect((await stream.next()).done).toBe(false);

    await stream.return!();
    await engine.close();
  });

  test('of processes that start at the same time one owns the data and all are answered', async () => {
    await using state = stateDir();
    const answers = await Promise.all([1, 2, 3].map((n) => askElsewhere(state.path, `SELECT ${n} AS n`)));

    expect(answers).toEqual([[{ n: 1 }], [{ n: 2 }], [{ n: 3 }]]);
    expect(readFileSync(join(state.path, 'engine.log'), 'utf8')).not.toContain('SyntaxError');
  });

  test('a store whose owner cannot be reached is refused in words', async () => {
    await using state = stateDir();
    const engine = await openEngine({ state: state.path });
    const pid = ownerPid(state.path);
    rmSync(join(state.path, 'engine.sock'));

    const error = (await thrown(openEngine({ state: state.path }))) as SyncError;

    expect(error.problem).toMatchObject({ code: 'ENGINE_IN_USE', where: state.path });
    expect(error.problem.what).toContain(`process ${pid}`);
    await engine.close();
  });
});

describe('files', () => {
  test('nobody else can read the store, its log or its socket', async () => {
    await using state = stateDir();
    const inside = join(state.path, 'new', 'state');
    const engine = await openEngine({ state: inside });
    await engine.command('CREATE TABLE t (id UInt64) ENGINE = MergeTree ORDER BY id');
    await engine.insert('t', [{ id: 1 }]);

    const modes = ['', ...readdirSync(inside, { recursive: true, encoding: 'utf8' })]
      .map((name) => statSync(join(inside, name), { throwIfNoEntry: false })?.mode ?? 0)
      .map((mode) => mode & 0o077);

    expect(new Set(modes)).toEqual(new Set([0]));
    expect(statSync(inside).mode & 0o777).toBe(0o700);
    expect(statSync(join(inside, 'engine.sock')).mode & 0o777).toBe(0o600);
    await engine.close();
    await end(ownerPid(inside)!, 'SIGTERM');
  });

  test('a state directory with a path too long for a socket works', async () => {
    await using state = stateDir();
    const long = join(state.path, 'a directory with a long name '.repeat(5), "it's here");
    const engine = await openEngine({ state: long });
    await engine.command('CREATE TABLE t (id UInt64) ENGINE = MergeTree ORDER BY id');
    await engine.insert('t', [{ id: 1 }]);
    for await (const rows of engine.stream('SELECT id FROM t')) expect(rows).toEqual([{ id: '1' }]);

    expect(await askElsewhere(long, 'SELECT count() AS n FROM t')).toEqual([{ n: '1' }]);
    await engine.close();
    await end(ownerPid(long)!, 'SIGTERM');
  });

  test('a state directory whose path reads as a pattern is refused in words', async () => {
    const error = (await thrown(openEngine({ state: '/tmp/{shop}' }))) as SyncError;

    expect(error.problem).toMatchObject({ code: 'ENGINE_PATH_INVALID', where: '/tmp/{shop}' });
  });

  test('nothing of inserts and results stays in the spool directory', async () => {
    await using state = stateDir();
    const engine = await openEngine({ state: state.path });
    await engine.command('CREATE TABLE t (id UInt64) ENGINE = MergeTree ORDER BY id');
    await engine.insert('t', [{ id: 1 }]);
    await thrown(engine.insert('t', [{ id: 'x' }]));
    for await (const _ of engine.stream(ENDLESS)) break;

    await until(() => readdirSync(join(state.path, 'spool')).length === 0);
    await engine.close();
  });
});

describe('a killed engine process', () => {
  test('keeps every acknowledged insert, and the next call starts it again', async () => {
    await using state = stateDir();
    const engine = await openEngine({ state: state.path });
    await engine.command(
      'CREATE TABLE t (batch UInt64) ENGINE = MergeTree ORDER BY batch SETTINGS non_replicated_deduplication_window = 1000',
    );
    const killed = ownerPid(state.path)!;
    let acknowledged = 0;
    for (let batch = 0; batch < 60; batch++) {
      const rows = Array.from({ length: 1000 }, () => ({ batch }));
      const sending = engine.insert('t', rows, { token: `batch ${batch}` });
      if (batch === 30) process.kill(killed, 'SIGKILL');
      await sending;
      acknowledged += 1;
    }

    expect(acknowledged).toBe(60);
    expect(ownerPid(state.path)).not.toBe(killed);
    expect(await engine.query('SELECT count() AS n, uniqExact(batch) AS batches FROM t')).toEqual([
      { n: '60000', batches: '60' },
    ]);
    await engine.close();
  });

  test('is a loss to retry for whoever was reading or writing, and none for a query', async () => {
    await using state = stateDir();
    const engine = await openEngine({ state: state.path });
    await engine.command('CREATE TABLE t (number UInt64) ENGINE = MergeTree ORDER BY number');
    const stream = engine.stream(ENDLESS)[Symbol.asyncIterator]();
    await stream.next();
    const command = thrown(engine.command(`INSERT INTO t ${ENDLESS}`));
    const query = engine.query('SELECT sleep(1) AS slept');
    await until(
      async () =>
        (await engine.query(`SELECT 1 FROM system.processes WHERE query LIKE '%sleep(1)%'`)).length > 0,
    );

    process.kill(ownerPid(state.path)!, 'SIGKILL');
    const reading = await thrown(
      (async () => {
        while (!(await stream.next()).done);
      })(),
    );

    for (const error of [reading, await command]) {
      expect(error).toBeInstanceOf(SyncError);
      expect(error).toMatchObject({ problem: { code: 'ENGINE_LOST' }, retry: 'now' });
    }
    expect(await query).toEqual([{ slept: 0 }]);
    await engine.close();
  });
});

describe('leaving', () => {
  test('the engine process leaves by itself after its last caller, and the next one starts it again', async () => {
    await using state = stateDir();
    const first = await openEngine({ state: state.path, idle_seconds: 0.1 });
    const second = await openEngine({ state: state.path });
    const pid = ownerPid(state.path)!;
    await first.close();
    expect(await second.query('SELECT sleep(0.5) AS slept')).toEqual([{ slept: 0 }]);

    await second.close();
    await until(() => !isAlive(pid));
    expect(readdirSync(state.path).toSorted()).toEqual(['engine', 'engine.log', 'spool']);

    const third = await openEngine({ state: state.path });
    expect(await third.query('SELECT 1 AS one')).toEqual([{ one: 1 }]);
    await third.close();
  });

  test('it leaves cleanly 50 times out of 50, whatever runs', async () => {
    async function leave(): Promise<string> {
      await using state = stateDir();
      const child = await watchedProcess(state);
      const engine = await openEngine({ state: state.path });
      await engine.query('SELECT 1');
      const stream = engine.stream(ENDLESS)[Symbol.asyncIterator]();
      await stream.next();
      const writing = thrown(engine.command(`INSERT INTO FUNCTION null('number UInt64') ${ENDLESS}`));
      child.kill('SIGTERM');
      const [code, signal] = (await once(child, 'exit')) as [number | null, string | null];
      await Promise.all([writing, thrown(stream.return!())]);
      await engine.close();
      return `${code} ${signal}`;
    }
    const ends: string[] = [];
    async function several(): Promise<void> {
      while (ends.push('') <= 50) ends[ends.indexOf('')] = await leave();
    }
    await Promise.all([several(), several(), several(), several()]);

    expect(new Set(ends.filter(Boolean))).toEqual(new Set(['0 null']));
  });
});

test('a statement that needs more memory than the limit fails, and the engine goes on', async () => {
  await using state = stateDir();
  const engine = await openEngine({ state: state.path, max_memory: '700MiB' });
  const pid = ownerPid(state.path);

  expect(
    await thrown(engine.query('SELECT length(groupArray(number)) FROM numbers(200000000)')),
  ).toMatchObject({
    type: 'MEMORY_LIMIT_EXCEEDED',
  });
  expect(await engine.query('SELECT 1 AS one')).toEqual([{ one: 1 }]);
  expect(ownerPid(state.path)).toBe(pid);
  await engine.close();
});
