import type { Problem } from '../../connectors/index.ts';
import { channelStates, type ChannelState } from '../daemon/alerts/channel-states.ts';
import { nextRuns } from '../daemon/schedule.ts';
import type { Engine } from '../engine/engine.ts';
import { jobFiles, loadJob, type Job } from '../job/load.ts';
import { JobFileError } from '../job/problems.ts';
import { breachText } from '../run/guard.ts';
import { jobStatus, type HeldStatus, type JobStatus } from '../run/job-status.ts';
import type { RefusedGroup } from '../run/refused.ts';
import { EXIT, type CommandContext, type ExitCode } from './command.ts';
import { statusWord } from './paint.ts';
import { problemText, table } from './text.ts';

/** A job file that cannot be used. */
type BrokenStatus = { job: null; file: string; problems: readonly Problem[] };

type ShownStatus = JobStatus & {
  /** ISO times of the next runs. */
  next: string[];
  /** Where alerts go; `failing` says why nothing gets through since when. */
  alerts: ChannelState[];
};

/** `status`: what the last runs left behind, what the audiences hold, and when the next runs are due. */
export async function status(context: CommandContext, reference: string | undefined): Promise<ExitCode> {
  const jobs = reference ? [await loadJob(reference, context)] : await loadJobs(context);
  const engine = await context.engine();
  const all = await Promise.all(
    jobs.map(async (job) => ('problems' in job ? job : await statusOf(context, engine, job))),
  );
  const texts = all.map((one) =>
    'problems' in one ? one.problems.map(problemText).join('\n') : statusText(one),
  );
  context.print(context.json ? JSON.stringify(reference ? all[0] : all, undefined, 2) : texts.join('\n\n'));
  return all.some((one) => 'problems' in one) ? EXIT.misconfigured : EXIT.done;
}

/** Of a folder, a file that cannot be used is told in its place; the others are looked at all the same. */
async function loadJobs(context: CommandContext): Promise<(Job | BrokenStatus)[]> {
  const files = await jobFiles(context.jobs);
  return Promise.all(
    files.map((file) =>
      loadJob(file, context).catch((error: unknown) => {
        if (error instanceof JobFileError) return { job: null, file, problems: error.problems };
        throw error;
      }),
    ),
  );
}

async function statusOf(context: CommandContext, engine: Engine, job: Job): Promise<ShownStatus> {
  return {
    ...(await jobStatus(engine, job, context.state)),
    next: nextRuns(job, 5),
    alerts: await channelStates(engine, job.alerts ?? context.settings.alerts),
  };
}

function statusText(status: ShownStatus): string {
  const { last } = status;
  const head = last
    ? `${status.job}: ${statusWord(last.status)} at ${status.finished_at}, ${last.customers.toLocaleString('en')} customers as of ${last.as_of}`
    : `${status.job}: has not run yet`;
  const now = status.running ? ['runs just now'] : [];
  const next = status.next.length > 0 ? `next runs (UTC): ${status.next.join(', ')}` : 'no schedule';
  const left = status.orphans.map(
    ({ destination, audience, held }) =>
      `${destination}: the job file names "${audience}" no more; ${held} members of ours are in it`,
  );
  const parts = [head, ...now, next, ...audienceTables(status.audiences), ...left];
  parts.push(
    ...status.alerts.flatMap(({ name, failing }) =>
      failing ? [`alerts do not get through ${name} since ${failing.since}\n${problemText(failing)}`] : [],
    ),
  );
  if (status.held) parts.push(heldTable(status.job, status.held));
  if (status.refused.length > 0) parts.push(refusedTable(status.refused));
  return [...parts, ...(last?.error ? [problemText(last.error)] : [])].join('\n');
}

/** A table for each destination; columns that would be empty are left out. */
function audienceTables(audiences: JobStatus['audiences']): string[] {
  const parked = audiences.some((one) => one.parked > 0);
  const counted = audiences.some(({ counts }) => counts.length > 0);
  const headings = [
    'held',
    ...(parked ? ['parked'] : []),
    ...(counted ? ['counted', 'drift'] : []),
    'segment',
  ];
  const row = ({ audience, segment, held, parked: left, counts: [last] }: JobStatus['audiences'][number]) => [
    audience,
    held,
    ...(parked ? [left] : []),
    ...(counted ? [last?.remote_count ?? '', last?.drift ?? ''] : []),
    segment,
  ];
  const groups = Map.groupBy(audiences, ({ destination }) => destination);
  return [...groups].map(([destination, own]) => table([destination, ...headings], own.map(row)));
}

/** What a held plan would change, who would leave first. */
function heldTable(job: string, { at, guard, incomplete, audiences }: HeldStatus): string {
  const rows = audiences
    .toSorted((a, b) => b.to_remove - a.to_remove)
    .map((one) => [one.destination, one.audience, one.to_remove, one.to_add, one.to_update]);
  const reasons = guard.map((breach) => `  ${breachText(breach)}`);
  return [
    `held since ${at}: approve ${job} sends this plan, the next run makes a new one`,
    ...incomplete.map((why) => `  ${why}`),
    ...reasons,
    table(['destination', 'audience', 'to remove', 'to add', 'to update'], rows),
  ].join('\n');
}

function refusedTable(refused: readonly RefusedGroup[]): string {
  const headings = ['destination', 'audience', 'change', 'refused', 'next try', 'reason'];
  const rows = refused.map(({ destination, audience, change, members, next_try, reason }) => [
    destination,
    audience ?? '',
    change,
    members,
    next_try?.slice(0, 10) ?? 'next run',
    reason,
  ]);
  return table(headings, rows);
}
