import { execFile } from 'node:child_process';
import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import type { SyncError } from '../../connectors/error.ts';
import { openEngine } from '../../src/engine/engine.ts';
import { thrown } from './reading.ts';
import { end, ownerPid, stateDir, until } from './state-dir.ts';

const run = promisify(execFile);
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
    const { pid, socket } = JSON.parse(readFileSync(join(long, 'engine.json'), 'utf8'));
    await engine.close();
    await end(pid, 'SIGTERM');
    rmSync(dirname(socket), { recursive: true });
  });

  test.each(['{shop}', 'file/below'])(
    'a state directory that cannot be used is refused in words: %s',
    async (name) => {
      await using state = stateDir();
      writeFileSync(join(state.path, 'file'), '');
      const where = join(state.path, name);

      expect(await thrown(openEngine({ state: where }))).toMatchObject({
        problem: { code: 'ENGINE_PATH_INVALID', where },
      });
    },
  );

  test('nothing of inserts and results stays in the spool directory', async () => {
    await using state = stateDir();
    const engine = await openEngine({ state: state.path });
    await engine.command('CREATE TABLE t (id UInt64) ENGINE = MergeTree ORDER BY id');
    await engine.insert('t', [{ id: 1 }]);
    await thrown(engine.insert('t', [{ id: 'x' }]));
    for await (const _ of engine.stream(ENDLESS)) break;

    for await (const _ of engine.stream('SELECT 1'));

    // Named pipes hold no data; a few wait to be used again.
    const spool = join(state.path, 'spool');
    const files = () => readdirSync(spool).filter((name) => !statSync(join(spool, name)).isFIFO());
    await until(() => files().length === 0);
    expect(readdirSync(spool).length).toBeLessThanOrEqual(4);
    await engine.close();
  });
});

test('a server that is not there is a loss to retry', async () => {
  const error = await thrown(openEngine({ url: 'http://user:secret@127.0.0.1:9' }));

  expect(error).toMatchObject({ problem: { code: 'ENGINE_LOST', where: '127.0.0.1:9' }, retry: 'now' });
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
