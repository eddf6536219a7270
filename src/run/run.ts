import { SyncError } from '../../connectors/index.ts';
import type { Engine } from '../engine/engine.ts';
import { framesOf } from '../engine/frames.ts';
import { dropOldRuns } from '../engine/partitions.ts';
import type { Job } from '../job/load.ts';
import type { Retention } from '../job/retention-settings.ts';
import { destinationsWith } from './audiences.ts';
import { planDestinations, type PlannedDestination } from './destinations.ts';
import { checkModel, computeSegments, type Timed } from './compute.ts';
import { forgetOld } from './forget-old.ts';
import { breachesOf, jobBreachesOf } from './guard.ts';
import { heldRun, recordHeld } from './held.ts';
import { claimJob } from './claim.ts';
import type { Reach } from './marks.ts';
import { newRun } from './new-run.ts';
import { asProblem } from './problem.ts';
import type { Part, Progress, Step } from './progress.ts';
import { filledAudiences, pastRuns } from './past-audiences.ts';
import { pull } from './pull.ts';
import { changesOf, pushPlanned, type Outcome } from './push-planned.ts';
import { segmentedDetail } from './dated.ts';
import {
  audienceReport,
  emptyReport,
  isHeld,
  orphanReports,
  outcomeStatus,
  type RunReport,
} from './report.ts';
import { checkSqlFile } from './sql-segments.ts';
import { closeInterrupted, recordRun, type ScheduledFor } from './state.ts';

/** What every stage of a run needs. */
export type RunContext = {
  engine: Engine;
  job: Job;
  run_id: string;
  /** ISO date; the day belongs to the run. */
  as_of: string;
  /** Aborted by a wish to stop: the batch in flight is finished, nothing more is begun. */
  signal: AbortSignal;
  /** Aborted a while after `signal`: a batch in flight that waits for its platform is given up. */
  cut: AbortSignal;
  /** So long at most it waits for the counts of one destination, in milliseconds. */
  counting_ms: number;
  /** Milliseconds since 1970, growing from call to call. */
  clock(): number;
  log(message: string, fields?: Record<string, unknown>): void;
  /** Begins a part of a stage, for whoever follows the run. */
  progress(part: Part, total?: number | null): Step;
};

export type RunOptions = {
  /** ISO date; default today in the job's time zone. */
  as_of?: string;
  /** Directory of the store; one run of a job at a time is allowed per store. */
  state: string;
  /** False: everything but the sending. */
  send: boolean;
  /** How far back the sources are read; what is new since the last run unless given. */
  reach?: Reach;
  /** Whether to read first who is in the audiences, where the platforms tell, and put back who was lost. */
  reconcile?: boolean;
  /** How long to wait at most for the platforms' counts of a destination's audiences; a minute unless given. */
  counting_ms?: number;
  /** How long records are kept; for ever unless given. */
  retention?: Pick<Retention, 'orders' | 'events'>;
  /** The time that a run of the daemon is for, and whether it is still to be seen to once the job is this process's. */
  scheduled?: ScheduledFor & { still_due(): Promise<boolean> };
  /** Called when a stage or a part of one begins or ends, with each page that was stored and each answer of a platform. */
  progress?: (progress: Progress) => void;
  signal: AbortSignal;
  log: RunContext['log'];
};

/** A run whose engine was lost is begun anew this often; every stage is safe to repeat. */
const ATTEMPTS = 3;

/** What a batch in flight gets to end once the run is asked to stop. Containers are killed after ten seconds. */
const GRACE_MS = 5000;

/**
 * One run of a job: pull → profile → predict → segment → plan → push → report.
 *
 * @returns the report, also when the run failed: then `status` says so and `error` why
 * @throws SyncError `JOB_RUNNING` while another run of this job goes on; `JOB_DONE` where another process has seen to the
 *   scheduled time
 */
export async function runJob(engine: Engine, job: Job, options: RunOptions): Promise<RunReport> {
  const claim = await claimJob(engine, options.state, job.name);
  try {
    if (options.scheduled && !(await options.scheduled.still_due())) throw jobDone(job, options.scheduled);
    const signal = AbortSignal.any([options.signal, claim.lost]);
    return await graceful(signal, async (cut) => {
      for (let attempt = 1; ; attempt += 1) {
        const report = await attemptRun(engine, job, { ...options, signal, cut });
        if (report.error?.code !== 'ENGINE_LOST' || attempt === ATTEMPTS) return report;
        options.log('the engine was lost; the run begins anew', { job: job.name, attempt });
      }
    });
  } finally {
    await claim.release();
  }
}

function jobDone(job: Job, { due }: ScheduledFor): SyncError {
  return new SyncError({
    code: 'JOB_DONE',
    where: `job ${job.name}`,
    what: `Another process has seen to the time ${due}.`,
    fix: 'Nothing to do; `segment-sync status` shows its run.',
  });
}

/** Does work that gets a while to end after `signal`, until `cut`. */
export async function graceful<T>(signal: AbortSignal, work: (cut: AbortSignal) => Promise<T>): Promise<T> {
  const cut = new AbortController();
  const stopping = () => void setTimeout(() => cut.abort(signal.reason), GRACE_MS).unref();
  signal.addEventListener('abort', stopping, { once: true });
  try {
    return await work(cut.signal);
  } finally {
    signal.removeEventListener('abort', stopping);
  }
}

type AttemptOptions = RunOptions & Pick<RunContext, 'cut'>;

async function attemptRun(engine: Engine, job: Job, options: AttemptOptions): Promise<RunReport> {
  const run = await newRun(engine, job, options);
  const ids = { job: job.name, run_id: run.run_id, as_of: run.as_of };
  const report = emptyReport(run);
  const timed = stopwatch(run, report);
  try {
    await closeInterrupted(engine, job.name);
    await recordRun(engine, ids, 'started', { send: options.send, scheduled: options.scheduled });
    run.log('run started', { run_id: run.run_id, as_of: run.as_of });
    for (const file of job.sql_files) await checkSqlFile(run, file);

    report.pulled = await timed('pull', () => pull(run, options.reach));
    await forgetOld(engine, options.retention ?? {}, Date.now());
    report.warnings = [...report.pulled.warnings];
    const profiled = await computeSegments(run, report, timed);
    refuseEmpty(run, report);
    await timed('backtest', () => checkModel(run, report, profiled));
    await recordRun(engine, ids, 'segmented', segmentedDetail(job, report), job.secrets);
    const waiting = await heldRun(engine, job.name);
    await dropOldRuns(engine, job.name, [run.run_id, ...(waiting ? [waiting.run_id] : [])]);

    const { destinations, warnings } = destinationsWith(job, report.categories);
    report.warnings.push(...warnings);
    const planned = await timed('plan', () => planDestinations(run, destinations, options));
    report.orphans = planned.flatMap(orphanReports);
    const past = await pastRuns(engine, job.name);
    report.guard = [
      ...(await jobBreachesOf(run, report, past)),
      ...breachesOf(job, planned, filledAudiences(past)),
    ];
    const held = isHeld(report);
    const sends = options.send && !held;
    const outcome = sends
      ? await timed('push', () => pushPlanned(run, planned), changesOf(planned))
      : foretold(planned);
    Object.assign(report, outcome);
    report.warnings.push(...planned.flatMap(({ warnings }) => warnings));
    report.status = held ? 'held' : outcomeStatus(outcome);
    if (held && options.send) await recordHeld(engine, job, ids, planned);
  } catch (error) {
    report.status = 'failed';
    report.error = asProblem(error, `job ${job.name}`);
    const stack = error instanceof SyncError ? undefined : framesOf(error).join(' ');
    run.log('run failed', { code: report.error.code, stack });
  }
  await recordRun(engine, ids, options.send ? 'finished' : 'planned', report, job.secrets);
  return report;
}

/** What a run would do, for a plan and for one that is held. */
function foretold(planned: readonly PlannedDestination[]): Outcome {
  return {
    audiences: planned.flatMap(({ plans }) => plans.map((plan) => audienceReport(plan, { error: null }))),
    properties: planned.flatMap(({ properties }) => properties ?? []),
  };
}

/** Runs a stage, notes its seconds in the report and writes its one line of log. */
function stopwatch(run: RunContext, report: RunReport): Timed {
  return async (stage, work, total) => {
    run.signal.throwIfAborted();
    const start = performance.now();
    const step = run.progress({ stage }, total);
    try {
      return await work();
    } finally {
      step(0, total ?? null, true);
      report.seconds[stage] = Math.round(performance.now() - start) / 1000;
      run.log(stage, { run_id: run.run_id, seconds: report.seconds[stage] });
    }
  };
}

/**
 * Nobody left to send is taken for a fault of the source, not for a shop without customers: mirroring it would
 * empty every audience.
 */
function refuseEmpty(run: RunContext, report: RunReport): void {
  if (report.customers > 0) return;
  const { rejected, rejections } = report.pulled;
  const first = rejections[0];
  throw new SyncError({
    code: 'SOURCE_EMPTY',
    where: `job ${run.job.name}`,
    what: `No customer with a purchase up to ${run.as_of} was found; nothing was sent.`,
    why: first
      ? `${rejected} rows were rejected, the first at ${first.source}:${first.line}: ${first.reason}.`
      : (report.warnings[0] ?? 'The sources hold no order that counts.'),
    fix: 'Look at the rejected rows, at the mapping of the source, and at --as-of; then run again.',
  });
}
