import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, mkdirSync, openSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { SyncError } from '../../connectors/error.ts';
import { type Engine, openEngine } from '../../src/engine/engine.ts';
import { damage } from './damaged.ts';
import { thrown } from './reading.ts';
import { isAlive, ownerPid, type StateDir, stateDir, until } from './state-dir.ts';

const EMBEDDED = fileURLToPath(new URL('../../src/engine/embedded.ts', import.meta.url));
const ENDLESS = 'SELECT number FROM numbers(1000000000000)';

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

async function isRunning(engine: Engine, start: string): Promise<void> {
  const sql = 'SELECT query FROM system.processes WHERE position(query, {start:String}) > 0';
  await until(
    async () => (await engine.query(`${sql} AND NOT position(query, 'processes')`, { start })).length > 0,
  );
}

describe('a part of the store that cannot be read', () => {
  test('is set aside by an engine that starts anew by itself, and the rest is there', async () => {
    await using state = stateDir();
    const engine = await openEngine({ state: state.path });
    await engine.command('CREATE TABLE t (n UInt64) ENGINE = MergeTree ORDER BY n');
    for (const n of [1, 2]) await engine.insert('t', [{ n }]);
    const first = ownerPid(state.path);
    await damage(engine, 't');

    const rows = await engine.query('SELECT n FROM t');
    const aside = await engine.query('SELECT reason FROM system.detached_parts');

    expect(rows).toEqual([{ n: '1' }]);
    expect(ownerPid(state.path)).not.toBe(first);
    expect(aside).toEqual([{ reason: 'broken-on-start' }]);

    await engine.insert('t', [{ n: 3 }]);
    await damage(engine, 't');
    expect(await thrown(engine.query('SELECT n FROM t'))).toMatchObject({ code: '246' });
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
    await isRunning(engine, 'sleep(1)');

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

  test('it leaves cleanly 50 times out of 50, whatever runs', { timeout: 500_000 }, async () => {
    async function leave(): Promise<string> {
      await using state = stateDir();
      const child = await watchedProcess(state);
      const engine = await openEngine({ state: state.path });
      await engine.query('SELECT 1');
      const stream = engine.stream(ENDLESS)[Symbol.asyncIterator]();
      await stream.next();
      const writing = thrown(engine.command(`INSERT INTO FUNCTION null('number UInt64') ${ENDLESS}`));
      await isRunning(engine, 'INSERT INTO FUNCTION');
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

test('a log that has become large is begun anew while the engine process runs, and the one before is kept', async () => {
  await using state = stateDir();
  const engine = await openEngine({ state: state.path });
  const log = join(state.path, 'engine.log');
  appendFileSync(log, 'x'.repeat(1_000_001));

  await engine.query('SELECT 1');
  appendFileSync(log, 'later');
  await engine.query('SELECT 1');
  await engine.close();

  expect(statSync(log).size).toBe('later'.length);
  expect(statSync(`${log}.1`)).toMatchObject({ size: 1_000_001, mode: 0o100_600 });
});
