import type { Engine } from '../engine/engine.ts';
import type { Job } from '../job/load.ts';
import { countHeld } from '../ledger/ledger.ts';
import { withFoundAudiences } from './audiences.ts';
import { isClaimed } from './claim.ts';
import { fromMemory } from './find.ts';
import { heldRun, type HeldRun } from './held.ts';
import { countsOf, pastRuns, type PastCount, type PastRun } from './past-audiences.ts';
import { accountOf } from './plan.ts';
import { countRefused, type RefusedGroup } from './refused.ts';
import { rememberedOf } from './remembered.ts';
import { orphanReports, type AudienceReport, type OrphanReport, type RunReport } from './report.ts';
import { isUnderWay, lastRun } from './state.ts';

export type AudienceStatus = {
  destination: string;
  audience: string;
  segment: string;
  remote_id: string | null;
  /** Members the platform acknowledged. */
  held: number;
  /** Members it refused for good, left alone for a while. */
  parked: number;
  /** What the platform itself counted, in the runs of late, the newest first; `drift` is its count less ours then. */
  counts: PastCount[];
  /** How many the last run that sent wanted in it; null where it knows none. */
  wanted: number | null;
  /** The last run that changed it, of those of late: ISO time. */
  changed: { at: string; added: number; removed: number; updated: number } | null;
  /** The last run after which it was as the run wanted it, of those of late: ISO time. */
  synced_at: string | null;
};

export type HeldStatus = Pick<HeldRun, 'run_id' | 'as_of' | 'at'> &
  Pick<RunReport, 'guard'> & {
    incomplete: string[];
    audiences: Pick<AudienceReport, 'destination' | 'audience' | 'to_remove' | 'to_add' | 'to_update'>[];
  };

/** What the last runs of a job left behind. */
export type JobStatus = {
  job: string;
  /** The plan that waits for `approve`: why, and what it would change. */
  held: HeldStatus | null;
  last: Pick<RunReport, 'run_id' | 'status' | 'as_of' | 'customers' | 'error'> | null;
  finished_at: string | null;
  /** Whether it runs just now, by a command or the daemon of this machine. */
  running: boolean;
  audiences: AudienceStatus[];
  /** Audiences that the job file names no more and that still have members of ours. */
  orphans: OrphanReport[];
  /** Whom platforms refuse, the parked ones among them. */
  refused: RefusedGroup[];
};

/** @param state directory of the store */
export async function jobStatus(engine: Engine, job: Job, state: string): Promise<JobStatus> {
  const { destinations } = await withFoundAudiences(engine, job);
  const [finished, past, held, running, refused, holdings] = await Promise.all([
    lastRun(engine, job.name, 'finished'),
    pastRuns(engine, job.name),
    heldStatus(engine, job.name),
    isRunning(engine, state, job.name),
    countRefused(engine, job.name, destinations),
    Promise.all(
      destinations.map(async (destination) => {
        const [remembered, ledger] = await Promise.all([
          rememberedOf(engine, job.name, destinations, destination),
          countHeld(engine, accountOf(job.name, destination)),
        ]);
        return { destination, found: fromMemory(remembered), ledger };
      }),
    ),
  ]);
  const audiences = holdings.flatMap(({ destination, found, ledger }) =>
    destination.audiences.map(({ name, segment }) => {
      const remote_id = found.ids.get(name) ?? null;
      const { held, parked } = ledger.get(remote_id ?? '') ?? { held: 0, parked: 0 };
      const one = { destination: destination.name, audience: name, segment, remote_id };
      return { ...one, held, parked, ...pastOf(past, remote_id) };
    }),
  );
  return {
    job: job.name,
    last: finished ? lastOf(finished.run_id, JSON.parse(finished.detail) as Partial<RunReport>) : null,
    held,
    finished_at: finished?.at ?? null,
    running,
    audiences,
    orphans: holdings.flatMap(({ destination, found }) =>
      orphanReports({ destination, orphans: found.orphans }),
    ),
    refused,
  };
}

/** Whether a run has begun and not ended while some process has the job: it is also had for a moment to be tidied. */
async function isRunning(engine: Engine, state: string, job: string): Promise<boolean> {
  return (await isClaimed(engine, state, job)) && (await isUnderWay(engine, job));
}

function pastOf(
  past: readonly PastRun[],
  remote_id: string | null,
): Pick<AudienceStatus, 'counts' | 'wanted' | 'changed' | 'synced_at'> {
  if (remote_id === null) return { counts: [], wanted: null, changed: null, synced_at: null };
  const sent = past.flatMap(({ at, status, audiences }) => {
    const mine = status === 'held' ? undefined : audiences.find((one) => one.remote_id === remote_id);
    return mine ? [{ at, ...mine }] : [];
  });
  const changed = sent.find(({ added = 0, removed = 0, updated = 0 }) => added + removed + updated > 0);
  return {
    counts: countsOf(past, remote_id),
    wanted: sent[0]?.wanted ?? null,
    changed: changed
      ? {
          at: changed.at,
          added: changed.added ?? 0,
          removed: changed.removed ?? 0,
          updated: changed.updated ?? 0,
        }
      : null,
    synced_at: sent.find(({ error }) => error === null)?.at ?? null,
  };
}

/** The plan of a job that waits, if one does. */
export async function heldStatus(engine: Engine, job: string): Promise<HeldStatus | null> {
  const run = await heldRun(engine, job);
  if (!run) return null;
  const { run_id, as_of, at, report } = run;
  const audiences = report.audiences
    .filter(({ to_add, to_remove, to_update }) => to_add + to_remove + to_update > 0)
    .map(({ destination, audience, to_remove, to_add, to_update }) => ({
      destination,
      audience,
      to_remove,
      to_add,
      to_update,
    }));
  return { run_id, as_of, at, guard: report.guard, incomplete: report.pulled.incomplete, audiences };
}

/** A run that was killed left no report of its own, so only its end is known. */
function lastOf(run_id: string, report: Partial<RunReport>): NonNullable<JobStatus['last']> {
  const { status: ended = 'failed', as_of = '', customers = 0, error = null } = report;
  return { run_id, status: ended, as_of, customers, error };
}
