import { everywhere } from '../../engine/cluster.ts';
import type { Engine } from '../../engine/engine.ts';
import type { Job } from '../../job/load.ts';
import { countHeld } from '../../ledger/ledger.ts';
import { withFoundAudiences } from '../../run/audiences.ts';
import { heldRun } from '../../run/held.ts';
import { accountOf } from '../../run/plan.ts';
import type { RunStatus } from '../../run/report.ts';
import { exactCount, freshSince } from '../alerts/freshness.ts';
import { openPast, type Past } from '../alerts/past.ts';
import { alertStore } from '../alerts/told.ts';

/** What the store says of a job; times in milliseconds since 1970. */
type JobFacts = {
  name: string;
  last?: { status: RunStatus; at: number };
  plan_held: boolean;
  audiences: AudienceFacts[];
};

type AudienceFacts = {
  destination: string;
  audience: string;
  members: number;
  /** When it was last brought up to date, or first tried; undefined where no run has met it. */
  since?: number;
  /** The platform's exact count less ours. */
  drift?: number;
};

export type Facts = {
  jobs: JobFacts[];
  /** Ids of the channels that take no alerts. */
  failing: ReadonlySet<string>;
  bytes: number;
  parts: number;
  /** Bytes; undefined where a server does not tell. */
  memory?: number;
};

/**
 * Reads from the store what metrics tell of it. Of a job of which no run has ended since, that is one small statement.
 * @returns the reading; it throws while the store does not answer
 */
export function openFacts(engine: Engine): (jobs: readonly Job[]) => Promise<Facts> {
  const read = openPast(engine);
  const counts = openCounts(engine);

  async function factsOf(job: Job): Promise<JobFacts> {
    const past = await read(job.name);
    const { newest, runs, served } = past;
    const status = newest?.report.status ?? 'failed';
    const finds = job.destinations.some(({ open }) => open.length > 0);
    const { destinations } = finds ? await withFoundAudiences(engine, job) : job;
    const audiences: AudienceFacts[] = [];
    for (const destination of destinations) {
      const { name: at } = destination;
      const held = await counts(past, accountOf(job.name, destination));
      for (const { name: audience } of destination.audiences) {
        const { since } = freshSince(served, at, audience);
        const id = idOf(past, at, audience);
        audiences.push({
          destination: at,
          audience,
          members: (id !== undefined && held.get(id)?.held) || 0,
          since: since === undefined ? undefined : Date.parse(since),
          drift: exactCount(runs, at, audience)?.drift,
        });
      }
    }
    return {
      name: job.name,
      last: newest && { status, at: Date.parse(newest.at) },
      plan_held: status === 'held' && (await heldRun(engine, job.name)) !== undefined,
      audiences,
    };
  }

  return async (jobs) => {
    const facts: JobFacts[] = [];
    for (const job of jobs) facts.push(await factsOf(job));
    const failing = new Set((await alertStore(engine).failing()).keys());
    return { jobs: facts, failing, ...(await sizeOf(engine)), memory: await memoryOf(engine) };
  };
}

type Counts = Awaited<ReturnType<typeof countHeld>>;

/** Counting reads the whole ledger of an account, so it is done once after each run. */
function openCounts(engine: Engine) {
  const kept = new WeakMap<Past, Map<string, Counts>>();
  return async (past: Past, account: Parameters<typeof countHeld>[1]): Promise<Counts> => {
    const known = kept.get(past) ?? new Map<string, Counts>();
    kept.set(past, known);
    const key = JSON.stringify(account);
    const counts = known.get(key) ?? (await countHeld(engine, account));
    known.set(key, counts);
    return counts;
  };
}

/** The platform's id of an audience, as the last run that knew one says. */
function idOf({ runs }: Past, destination: string, audience: string): string | undefined {
  const all = runs.flatMap(({ audiences }) => audiences);
  const met = all.filter((one) => one.destination === destination && one.audience === audience);
  return met.find(({ remote_id }) => remote_id !== null)?.remote_id ?? undefined;
}

async function sizeOf(engine: Engine): Promise<Pick<Facts, 'bytes' | 'parts'>> {
  const [size] = await engine.query<{ bytes: string; parts: string }>(
    `SELECT toString(sum(bytes_on_disk)) AS bytes, toString(count()) AS parts FROM ${everywhere(engine, 'system.parts')}
     WHERE active AND database = currentDatabase()`,
  );
  return { bytes: Number(size?.bytes), parts: Number(size?.parts) };
}

/** A server may keep that from its users. */
async function memoryOf(engine: Engine): Promise<number | undefined> {
  const sql = `SELECT toString(value) AS value FROM system.metrics WHERE metric = 'MemoryTracking'`;
  const rows = await engine.query<{ value: string }>(sql).catch(() => []);
  return rows[0] && Number(rows[0].value);
}
