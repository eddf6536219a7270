import { SyncError } from '../../connectors/index.ts';
import type { Engine } from '../engine/engine.ts';
import { dropPlan } from '../engine/partitions.ts';
import type { Job } from '../job/load.ts';
import { destinationsWith } from './audiences.ts';
import { planDestinations } from './destinations.ts';
import { heldRun, printOf, type HeldRun } from './held.ts';
import { claimJob } from './claim.ts';
import { newRun } from './new-run.ts';
import { openProgress } from './progress.ts';
import { changesOf, pushPlanned } from './push-planned.ts';
import { outcomeStatus, type RunReport } from './report.ts';
import { graceful, type RunOptions } from './run.ts';
import { recordRun } from './state.ts';

export type ApproveOptions = Pick<RunOptions, 'state' | 'counting_ms' | 'progress' | 'signal' | 'log'> & {
  /** The plan that was looked at; whichever is held unless given. */
  run_id?: string;
};

/**
 * Sends the plan that a guard held, once. It is made again of the same run's segments and must come out the same, to
 * the last member: what somebody looked at is what is sent.
 * @returns the run's report, with what was sent
 * @throws SyncError `APPROVE_NOTHING_HELD`, `APPROVE_PLAN_CHANGED`, `JOB_RUNNING`
 */
export async function approveHeld(engine: Engine, job: Job, options: ApproveOptions): Promise<RunReport> {
  const claim = await claimJob(engine, options.state, job.name);
  try {
    const signal = AbortSignal.any([options.signal, claim.lost]);
    return await graceful(signal, (cut) => release(engine, job, { ...options, signal, cut }));
  } finally {
    await claim.release();
  }
}

async function release(
  engine: Engine,
  job: Job,
  options: ApproveOptions & Parameters<typeof newRun>[2],
): Promise<RunReport> {
  const held = await heldRun(engine, job.name);
  if (!held || (options.run_id ?? held.run_id) !== held.run_id) throw nothingHeld(job);
  const { run_id, as_of, report } = held;
  const ids = { job: job.name, run_id, as_of };
  const progress = openProgress(ids, options.progress);
  const run = { ...(await newRun(engine, job, { ...options, as_of })), run_id, progress };
  await dropPlan(engine, ids);
  const planning = run.progress({ stage: 'plan' });
  const { destinations } = destinationsWith(job, report.categories);
  const planned = await planDestinations(run, destinations, { send: true });
  planning(0, null, true);
  if ((await printOf(engine, job, ids)) !== held.print) throw planChanged(job, held);

  await recordRun(engine, ids, 'approved');
  const start = performance.now();
  const changes = changesOf(planned);
  const pushing = run.progress({ stage: 'push' }, changes);
  const outcome = await pushPlanned(run, planned);
  pushing(0, changes, true);
  report.seconds.push = Math.round(performance.now() - start) / 1000;
  const warnings = [...new Set([...report.warnings, ...planned.flatMap((one) => one.warnings)])];
  const released: RunReport = { ...report, ...outcome, warnings, status: outcomeStatus(outcome) };
  await recordRun(engine, ids, 'released', released, job.secrets);
  return released;
}

/** The error of commands that look at a held plan where there is none. */
export function nothingHeld(job: Job): SyncError {
  return new SyncError({
    code: 'APPROVE_NOTHING_HELD',
    where: `job ${job.name}`,
    what: 'No plan of this job waits to be approved.',
    why: 'Its last run was not held, was approved already, or a later run took its place.',
    fix: '`segment-sync status` shows the last run; `segment-sync run` makes a new plan.',
  });
}

function planChanged(job: Job, { run_id }: HeldRun): SyncError {
  return new SyncError({
    code: 'APPROVE_PLAN_CHANGED',
    where: `job ${job.name}, run ${run_id}`,
    what: 'The plan is not what was held any more; nothing was sent.',
    why: 'Since then the job file was changed, somebody was erased, or an audience was made, renamed or deleted there.',
    fix: 'Run the job again: it makes a new plan, which is held again if it is as large.',
  });
}
