import type { Problem } from '../../connectors/index.ts';
import { channelStates, type ChannelState } from '../daemon/alerts/channel-states.ts';
import { nextRuns } from '../daemon/schedule.ts';
import type { Engine } from '../engine/engine.ts';
import { jobFiles, loadJob, type Job } from '../job/load.ts';
import { JobFileError } from '../job/problems.ts';
import { countHeld } from '../ledger/ledger.ts';
import { withFoundAudiences } from '../run/audiences.ts';
import { fromMemory } from '../run/find.ts';
import { breachText } from '../run/guard.ts';
import { heldRun, type HeldRun } from '../run/held.ts';
import { isClaimed } from '../run/claim.ts';
import { countsOf, pastRuns, type PastCount } from '../run/past-audiences.ts';
import { accountOf } from '../run/plan.ts';
import { countRefused, type RefusedGroup } from '../run/refused.ts';
import { rememberedOf } from '../run/remembered.ts';
import { orphanReports, type AudienceReport, type OrphanReport, type RunReport } from '../run/report.ts';
import { lastRun } from '../run/state.ts';
import { EXIT, type CommandContext, type ExitCode } from './command.ts';
import { statusWord } from './paint.ts';
import { problemText, table } from './text.ts';

type AudienceStatus = {
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
};

type HeldStatus = Pick<HeldRun, 'run_id' | 'as_of' | 'at'> &
  Pick<RunReport, 'guard'> & {
    incomplete: string[];
    audiences: Pick<AudienceReport, 'destination' | 'audience' | 'to_remove' | 'to_add' | 'to_update'>[];
  };

/** A job file that cannot be used. */
type BrokenStatus = { job: null; file: string; problems: readonly Problem[] };

type JobStatus = {
  job: string;
  /** The plan that waits for `approve`: why, and what it would change. */
  held: HeldStatus | null;
  last: Pick<RunReport, 'run_id' | 'status' | 'as_of' | 'customers' | 'error'> | null;
  finished_at: string | null;
  /** Whether it runs just now, by a command or the daemon of this machine. */
  running: boolean;
  next: string[];
  audiences: AudienceStatus[];
  /** Audiences that the job file names no more and that still have members of ours. */
  orphans: OrphanReport[];
  /** Whom platforms refuse, the parked ones among them. */
  refused: RefusedGroup[];
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

async function statusOf(context: CommandContext, engine: Engine, job: Job): Promise<JobStatus> {
  const finished = await lastRun(engine, job.name, 'finished');
  const past = await pastRuns(engine, job.name);
  const audiences: AudienceStatus[] = [];
  const orphans: OrphanReport[] = [];
  const { destinations } = await withFoundAudiences(engine, job);
  for (const destination of destinations) {
    const found = fromMemory(await rememberedOf(engine, job.name, destinations, destination));
    const ledger = await countHeld(engine, accountOf(job.name, destination));
    for (const { name, segment } of destination.audiences) {
      const remote_id = found.ids.get(name) ?? null;
      const { held, parked } = ledger.get(remote_id ?? '') ?? { held: 0, parked: 0 };
      const counts = remote_id === null ? [] : countsOf(past, remote_id);
      const one = { destination: destination.name, audience: name, segment, remote_id };
      audiences.push({ ...one, held, parked, counts });
    }
    orphans.push(...orphanReports({ destination, orphans: found.orphans }));
  }
  return {
    job: job.name,
    last: finished ? lastOf(finished.run_id, JSON.parse(finished.detail) as Partial<RunReport>) : null,
    held: heldStatus(await heldRun(engine, job.name)),
    finished_at: finished?.at ?? null,
    running: await isClaimed(engine, context.state, job.name),
    next: nextRuns(job, 5),
    audiences,
    orphans,
    refused: await countRefused(engine, job.name, destinations),
    alerts: await channelStates(engine, job.alerts ?? context.settings.alerts),
  };
}

function heldStatus(run: HeldRun | undefined): HeldStatus | null {
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

function statusText(status: JobStatus): string {
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
function audienceTables(audiences: readonly AudienceStatus[]): string[] {
  const parked = audiences.some((one) => one.parked > 0);
  const counted = audiences.some(({ counts }) => counts.length > 0);
  const headings = [
    'held',
    ...(parked ? ['parked'] : []),
    ...(counted ? ['counted', 'drift'] : []),
    'segment',
  ];
  const row = ({ audience, segment, held, parked: left, counts: [last] }: AudienceStatus) => [
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
