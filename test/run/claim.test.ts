import { afterEach, expect, onTestFinished, test, vi } from 'vitest';
import { openEngine, type Engine } from '../../src/engine/engine.ts';
import { createTables } from '../../src/engine/tables.ts';
import { claimJob, isClaimed } from '../../src/run/claim.ts';
import { stateDir, until } from '../engine/state-dir.ts';

afterEach(() => vi.useRealTimers());

/** The store as machines see it that share a server: each has a state directory of its own. */
async function openShared(machines: number): Promise<{ engine: Engine; states: string[] }> {
  const [store, ...others] = Array.from({ length: machines + 1 }, stateDir);
  const local = await openEngine({ state: store!.path, idle_seconds: 1 });
  onTestFinished(async () => {
    await local.close();
    for (const one of [store!, ...others]) await one[Symbol.asyncDispose]();
  });
  await createTables(local);
  const server = { host: 'db.example', port: 8443, user: 'default', database: 'segment_sync' };
  return { engine: { ...local, server }, states: others.map(({ path }) => path) };
}

const RUNNING = { problem: { code: 'JOB_RUNNING' } };

test('of machines that share a server one gets the job, and another when that gives it back', async () => {
  const { engine, states } = await openShared(6);
  for (let round = 0; round < 3; round += 1) {
    const claims = await Promise.allSettled(states.map((state) => claimJob(engine, state, 'shop')));
    const taken = claims.filter((claim) => claim.status === 'fulfilled');

    expect(taken.length).toBeLessThanOrEqual(1);
    const first = taken[0]?.value ?? (await claimJob(engine, states[0]!, 'shop'));
    expect(await isClaimed(engine, states[5]!, 'shop')).toBe(true);
    expect(await isClaimed(engine, states[5]!, 'another')).toBe(false);
    for (const state of states) await expect(claimJob(engine, state, 'shop')).rejects.toMatchObject(RUNNING);
    await first.release();
    expect(await isClaimed(engine, states[5]!, 'shop')).toBe(false);
  }
});

test('a machine that died has the job for a minute more, by the clock of the server', async () => {
  const { engine, states } = await openShared(1);
  const dead = async (owner: string, seconds: number) => {
    const at = new Date(Date.now() - seconds * 1000).toISOString();
    await engine.insert('leases', [{ job: 'shop', owner, event: 'renewed', seq: 1, at }]);
  };
  await dead('long-gone', 61);
  const claim = await claimJob(engine, states[0]!, 'shop');
  await claim.release();
  await dead('just-gone', 55);

  await expect(claimJob(engine, states[0]!, 'shop')).rejects.toMatchObject(RUNNING);
});

test('who cannot renew the right any more is told to stop before another may have it', async () => {
  const { engine, states } = await openShared(1);
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'performance'] });
  let cut = false;
  const insert: Engine['insert'] = (...args) =>
    cut ? Promise.reject(new Error('no way there')) : engine.insert(...args);
  const claim = await claimJob({ ...engine, insert }, states[0]!, 'shop');

  const words = async () => (await engine.query('SELECT * FROM leases')).length;
  for (let beats = await words(); beats < 8; beats += 1) {
    await vi.advanceTimersByTimeAsync(15_000);
    await until(async () => (await words()) > beats);
  }
  const renewed = claim.lost.aborted;
  cut = true;
  await vi.advanceTimersByTimeAsync(30_000);
  const still = claim.lost.aborted;
  await vi.advanceTimersByTimeAsync(15_000);

  expect([renewed, still, claim.lost.aborted]).toEqual([false, false, true]);
  await claim.release();
});

test('without a server the right is a lock of the machine, and leaves nothing in the store', async () => {
  const { engine, states } = await openShared(1);
  const { server: _, ...embedded } = engine;
  const claim = await claimJob(embedded, states[0]!, 'shop');

  await expect(claimJob(embedded, states[0]!, 'shop')).rejects.toMatchObject(RUNNING);
  await claim.release();
  expect(await engine.query('SELECT * FROM leases')).toEqual([]);
});
