import { DateTime } from 'luxon';
import { SyncError } from '../../connectors/index.ts';
import type { Engine } from '../engine/engine.ts';
import type { Job } from '../job/load.ts';
import { listFlows, modelFlows, type ListFlows, type ModelFlows } from '../report/flows.ts';
import { modelMoves, type ModelMoves } from '../report/moves.ts';
import { runsOn, type BackfillOptions } from './backfill.ts';
import type { DatedRun } from './dated.ts';
import { lastRun } from './state.ts';

export type OverviewOptions = BackfillOptions & {
  /** ISO date; that of the last run unless given. */
  as_of?: string;
  /** ISO date to compare with; a month before `as_of` unless given. */
  since?: string;
  /** So many ends of months before `as_of` are told too. */
  months: number;
  /** Names of the models to compare, `custom` for the lists. */
  models: readonly string[];
};

/** What a job's segments are, who moved between two days, and what that is worth: the answer of `segments --json`. */
export type Overview = DatedRun & {
  job: string;
  currency: string;
  since: Pick<DatedRun, 'as_of' | 'run_id' | 'backfilled' | 'customers'>;
  flows: ModelFlows[];
  lists: ListFlows[];
  moves: ModelMoves[];
  /** The month ends asked for, the oldest first, and `as_of`. */
  history: Pick<DatedRun, 'as_of' | 'run_id' | 'backfilled' | 'customers' | 'segments'>[];
};

/**
 * Looks at a job's segments on a day and since an earlier one. Days that no run has sorted by the job's present rules
 * are computed first, from the records in the store.
 *
 * @throws SyncError `ARGUMENT_WRONG` where the job has not run or the days are in the wrong order, `JOB_RUNNING` where
 *   a day has to be computed while the job runs
 */
export async function overviewOf(engine: Engine, job: Job, options: OverviewOptions): Promise<Overview> {
  const last = await lastRun(engine, job.name, 'segmented');
  if (!last) throw notRunYet(job.name);
  const as_of = options.as_of ?? last.as_of;
  const since = options.since ?? monthsBefore(as_of, 1);
  if (since >= as_of) throw wrongOrder(since, as_of);
  const ends = monthEnds(as_of, options.months);
  const [before, now, ...history] = await runsOn(engine, job, [since, as_of, ...ends, as_of], options);
  const days = { before: before!, after: now!, names: last.run_id };
  return {
    job: job.name,
    currency: job.currency,
    ...now!,
    since: dayOf(before!),
    ...(await compareDays(engine, job, days, options.models)),
    history: options.months > 0 ? history.map((run) => ({ ...dayOf(run), segments: run.segments })) : [],
  };
}

type Compared = Pick<Overview, 'flows' | 'lists' | 'moves'>;

/**
 * Who moved between two days, and what that is worth.
 * @param days `names` is the run whose labels say who is who today
 * @param models names of the models to compare, `custom` for the lists
 */
export async function compareDays(
  engine: Engine,
  job: Job,
  { before, after, names }: Record<'before' | 'after', DatedRun> & { names: string },
  models: readonly string[],
): Promise<Compared> {
  const span = { job: job.name, before: before.run_id, after: after.run_id, names };
  // Lists by category are known by the runs alone.
  const known = [...new Set([...after.segments, ...before.segments].map(({ segment }) => segment))];
  const chosen = known.filter((name) => models.includes(name.split('.')[0]!));
  const [lists, segments] = [true, false].map((own) =>
    chosen.filter((name) => name.startsWith('custom.') === own),
  );
  const flows = await modelFlows(engine, span, segments!);
  return {
    flows,
    lists: await listFlows(engine, span, lists!),
    moves: await modelMoves(engine, span, flows),
  };
}

function dayOf({ as_of, run_id, backfilled, customers }: DatedRun): Overview['since'] {
  return { as_of, run_id, backfilled, customers };
}

/** A month before the 31st is the last day of a shorter month. */
function monthsBefore(date: string, months: number): string {
  return DateTime.fromISO(date, { zone: 'utc' }).minus({ months }).toISODate()!;
}

/** The last days of the months before that of `date`, the oldest first. */
function monthEnds(date: string, months: number): string[] {
  const first = DateTime.fromISO(date, { zone: 'utc' }).startOf('month');
  return Array.from({ length: months }, (_, index) =>
    first
      .minus({ months: months - 1 - index })
      .minus({ days: 1 })
      .toISODate()!,
  );
}

/** The error of commands that look at a job's last run. */
export function notRunYet(job: string): SyncError {
  return new SyncError({
    code: 'ARGUMENT_WRONG',
    what: `The job ${job} has not run yet.`,
    fix: `Run it first: segment-sync plan ${job} sends nothing.`,
  });
}

function wrongOrder(since: string, as_of: string): SyncError {
  return new SyncError({
    code: 'ARGUMENT_WRONG',
    what: `The day to compare with, ${since}, is not before ${as_of}.`,
    fix: 'Name an earlier day with --since, or a later one with --as-of.',
  });
}
