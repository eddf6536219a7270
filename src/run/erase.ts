import {
  SyncError,
  type Change,
  type Destination,
  type Member,
  type Problem,
} from '../../connectors/index.ts';
import type { Engine } from '../engine/engine.ts';
import type { Job, JobDestination } from '../job/load.ts';
import { appendAcknowledged, LEDGER, rememberedAudiences } from '../ledger/ledger.ts';
import { OFFERED } from '../ledger/offered.ts';
import { beginErasing, beingErased, deleteErased, identitiesOf } from '../ledger/person.ts';
import { addTombstones } from '../ledger/tombstones.ts';
import { withFoundAudiences } from './audiences.ts';
import { openDestination } from './open.ts';
import { normaliseEmail } from './identity.ts';
import { claimJob, type Claim } from './claim.ts';
import { asMember, everyone } from './members.ts';
import { newRun } from './new-run.ts';
import { accountOf } from './plan.ts';
import { asProblem } from './problem.ts';
import type { RunContext } from './run.ts';
import { lastRun } from './state.ts';

/** What was done at one destination of one job, a sentence each; `error` where something is left to do. */
type ErasedThere = { job: string; destination: string; done: string[]; error: Problem | null };

/** The receipt of an erasure. It names nobody. */
export type Erasure = {
  /** How many identities of the person (addresses, customer ids, phone numbers) were known. */
  identities: number;
  destinations: ErasedThere[];
  /** Rows deleted from the store, by table. Empty while a destination still has the person. */
  deleted: Record<string, number>;
  complete: boolean;
};

export type EraseOptions = { state: string; signal: AbortSignal; log: RunContext['log'] };

/**
 * Removes a person from every destination of the jobs and from the store, and leaves salted tombstones so that the
 * next pull does not bring them back. Safe to repeat, and to be repeated where it was cut short or a destination
 * could not be reached: the store lets go of the person only once every destination has, since it is how they are
 * found there.
 *
 * @throws SyncError `ARGUMENT_WRONG` for what is no address, `JOB_RUNNING` while one of the jobs runs
 */
export async function erase(
  engine: Engine,
  jobs: readonly Job[],
  address: string,
  options: EraseOptions,
): Promise<Erasure> {
  const email = normaliseEmail(address);
  if (!email) {
    throw new SyncError({
      code: 'ARGUMENT_WRONG',
      what: 'This is no e-mail address.',
      fix: 'Write the address as the shop has it: segment-sync erase name@example.com',
    });
  }
  const claims: Claim[] = [];
  try {
    for (const job of jobs) claims.push(await claimJob(engine, options.state, job.name));
    const begun = await beingErased(engine);
    const identities = [...new Set([...begun, ...(await identitiesOf(engine, `email:${email}`))])].toSorted();
    await addTombstones(engine, identities);
    await beginErasing(engine, identities);
    const destinations: ErasedThere[] = [];
    for (const written of jobs) {
      const job = await withFoundAudiences(engine, written);
      const run = await lastContext(engine, job, options);
      for (const destination of job.destinations)
        destinations.push(await eraseThere(run, destination, identities));
    }
    const complete = destinations.every(({ error }) => error === null);
    const deleted = complete ? await deleteErased(engine) : {};
    return { identities: identities.length, destinations, deleted, complete };
  } finally {
    for (const claim of claims) await claim.release();
  }
}

/** The job's last run, whose customers are what a destination that writes whole files is written from. */
async function lastContext(engine: Engine, job: Job, options: EraseOptions): Promise<RunContext> {
  const last = await lastRun(engine, job.name, 'segmented');
  const run = await newRun(engine, job, { ...options, cut: options.signal, as_of: last?.as_of });
  return { ...run, run_id: last?.run_id ?? run.run_id };
}

async function eraseThere(
  run: RunContext,
  destination: JobDestination,
  identities: readonly string[],
): Promise<ErasedThere> {
  const there: ErasedThere = { job: run.job.name, destination: destination.name, done: [], error: null };
  try {
    const account = accountOf(run.job.name, destination);
    const names = new Map(
      [...(await rememberedAudiences(run.engine, account)).values()].map(({ name, remote_id }) => [
        remote_id,
        name,
      ]),
    );
    const connection = await openDestination(run, destination);
    const members = await membersOf(run, identities);
    if (connection.erase) {
      const audiences = [...names.keys()].map((remote_id) => ({ remote_id }));
      for (const member of members) there.done.push(...(await connection.erase(member, audiences)).done);
      return there;
    }
    const held = await run.engine.query<{ remote_id: string; member: string }>(
      `SELECT remote_id, member FROM (${LEDGER}) WHERE held AND member IN {identities:Array(String)}
       UNION DISTINCT SELECT remote_id, member FROM ${OFFERED} AND member IN {identities:Array(String)}`,
      { ...account, now_ms: Date.now(), identities },
    );
    for (const { remote_id, member } of held) {
      const audience = { name: names.get(remote_id) ?? remote_id, remote_id };
      const one = members.find(({ key }) => key === member) ?? asMember(member);
      await removeFrom(run, connection, destination, audience, one, identities);
      there.done.push(`taken out of ${audience.name}`);
    }
  } catch (error) {
    there.error = asProblem(error, `job ${run.job.name}, ${destination.name}`);
  }
  return there;
}

async function removeFrom(
  run: RunContext,
  connection: Destination,
  destination: JobDestination,
  audience: { name: string; remote_id: string },
  member: Member,
  identities: readonly string[],
): Promise<void> {
  const known = destination.audiences.find(({ name }) => name === audience.name);
  const change: Change = {
    audience,
    counts: { add: 0, remove: 1 },
    async *add() {},
    async *remove() {
      yield member;
    },
    async *wanted() {
      if (!known) return;
      for await (const one of everyone(run, { ...known, destination, index: 0 }))
        if (!identities.includes(one.key)) yield one;
    },
  };
  let batch = 0;
  for await (const acknowledged of connection.push(change)) {
    batch += 1;
    const at = {
      run_id: run.run_id,
      batch: `erase:${audience.remote_id}:${batch}:${run.clock()}`,
      clock: run.clock(),
    };
    const account = accountOf(run.job.name, destination);
    await appendAcknowledged(run.engine, { ...account, remote_id: audience.remote_id }, at, acknowledged);
    const left = acknowledged.removed.find(({ result }) => result !== 'done');
    if (left) {
      throw new SyncError({
        code: 'ERASE_INCOMPLETE',
        where: `${destination.name}, ${audience.name}`,
        what: 'The platform did not take the person out.',
        why: 'reason' in left ? left.reason : undefined,
        fix: 'Run the same command again; what is done already stays done.',
      });
    }
  }
}

/** Everything the last run knows of the person that a platform may know them by; one for each address and number. */
async function membersOf(run: RunContext, identities: readonly string[]): Promise<Member[]> {
  const rows = await run.engine.query<Omit<Member, 'key'>>(
    `SELECT customer, email, phone, first_name, last_name, city, region, zip, country FROM profiles
     WHERE job = {job:String} AND run_id = {run:String} AND customer IN {identities:Array(String)}`,
    { job: run.job.name, run: run.run_id, identities },
  );
  const known = Object.fromEntries(Object.entries(rows[0] ?? {}).filter(([, value]) => value !== ''));
  return identities
    .filter((identity) => /^(email|phone):/.test(identity))
    .map((identity) => ({ ...known, ...asMember(identity) }));
}
