import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { isRunning, lockJob } from '../../src/run/lock.ts';

test('a job is one process’s until that ends, however it ends, and then goes to one of many at once', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'lock-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  // Longer than the path of a socket could be.
  const state = join(folder, 'x'.repeat(150));
  const code = `
    const { lockJob } = await import(${JSON.stringify(resolve('src/run/lock.ts'))});
    await lockJob(${JSON.stringify(state)}, 'shop');
    console.log('locked');
    setInterval(() => {}, 1000);`;
  const other = spawn(process.execPath, ['--input-type=module', '-e', code], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(other.stdout, 'data');

  expect(await isRunning(state, 'shop')).toBe(true);
  expect(await isRunning(state, 'another')).toBe(false);
  await expect(lockJob(state, 'shop')).rejects.toThrow('JOB_RUNNING');

  other.kill('SIGKILL');
  await once(other, 'exit');
  const locks = await Promise.allSettled([1, 2, 3, 4].map(() => lockJob(state, 'shop')));

  const taken = locks.filter((lock) => lock.status === 'fulfilled');
  expect(taken).toHaveLength(1);
  taken[0]!.value();
  expect(await isRunning(state, 'shop')).toBe(false);
});
