import { randomUUID } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import { settled } from '../engine/cluster.ts';
import type { Engine } from '../engine/engine.ts';

/** How long a lease lasts that nobody renews: a process that dies is waited for so long. */
const LEASE_SECONDS = 60;
const RENEW_MS = 15_000;
/** Who could not renew it for so long stops, while it is still theirs: a batch in flight gets a while to end. */
const GIVE_UP_MS = LEASE_SECONDS * 1000 - RENEW_MS;
/** Two who ask at once both step back; one of them soon finds nobody else. */
const ATTEMPTS = 5;

/**
 * Takes the right to run a job among the processes that share a ClickHouse server, wherever they run. Each writes down
 * its wish and then looks: who sees any other's steps back. Of two, the one that wrote last must see the other, so never
 * both go on. All times are the server's own.
 * @param lost aborted when the right could not be renewed in time and may be another's
 * @returns gives the right back; undefined where another process has it
 */
export async function takeLease(
  engine: Engine,
  job: string,
  lost: AbortController,
): Promise<(() => Promise<void>) | undefined> {
  const owner = randomUUID();
  let seq = 0;
  const tell = (event: 'wanted' | 'renewed' | 'left') => tellOnce(engine, { job, owner, event, seq: ++seq });
  for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
    await tell('wanted');
    const others = await holders(engine, job, owner);
    if (others.length === 0) return renewed(tell, lost);
    await tell('left');
    if (others.includes('renewed')) return undefined;
    await wait(Math.random() * 100 * 2 ** attempt);
  }
  return undefined;
}

/** Said again with the same token, it is told once. */
function tellOnce(engine: Engine, word: { job: string; owner: string; event: string; seq: number }) {
  const token = `${word.owner}:${word.seq}`;
  return settled(() => engine.insert('leases', [word], { token, decides: true }));
}

/** Whether any process has the right to run the job just now. */
export async function isLeased(engine: Engine, job: string): Promise<boolean> {
  return (await holders(engine, job, '')).length > 0;
}

async function renewed(
  tell: (event: 'renewed' | 'left') => Promise<void>,
  lost: AbortController,
): Promise<() => Promise<void>> {
  let last = performance.now();
  const renew = async () => {
    const begun = performance.now();
    await tell('renewed');
    last = begun;
  };
  await renew();
  const timer = setInterval(() => {
    // Looked at first: a process that slept wakes here, when another may have the job.
    if (performance.now() - last >= GIVE_UP_MS) return lost.abort();
    renew().catch(() => undefined);
  }, RENEW_MS);
  return async () => {
    clearInterval(timer);
    // Where the server is gone, the lease ends by itself.
    await tell('left').catch(() => undefined);
  };
}

/** The latest words of everybody else whose lease is not over. */
async function holders(engine: Engine, job: string, owner: string): Promise<string[]> {
  const sql = `SELECT argMax(event, seq) AS event FROM leases
     WHERE job = {job:String} AND owner != {owner:String} AND at > now64(3) - INTERVAL ${LEASE_SECONDS} SECOND
     GROUP BY owner HAVING event != 'left'`;
  const rows = await settled(() => engine.query<{ event: string }>(sql, { job, owner }, { decides: true }));
  return rows.map(({ event }) => event);
}
