import { SyncError, type Destination, type ErrorCode, type RemoteCount } from '../../connectors/index.ts';
import { countHeld } from '../ledger/ledger.ts';
import type { PlannedDestination } from './destinations.ts';
import { openDestination } from './open.ts';
import { countsOf, pastRuns } from './past-audiences.ts';
import { accountOf, type AudiencePlan } from './plan.ts';
import { asProblem } from './problem.ts';
import type { AudienceReport } from './report.ts';
import type { RunContext } from './run.ts';

/** An audience that a run left as it was is counted again after so long; a bit less than a day, for daily runs. */
const STALE_MS = 20 * 3_600_000;

/** An audience that holds its members, and what to do about it now. */
type Held = { plan: AudiencePlan; report: AudienceReport; remote_id: string; held: number };

/**
 * Once the audiences of a destination hold their members: has made what is asked to be made out of them, and reads the
 * platform's own counts. Neither can make a push fail.
 * @param reports of the destination's plans, in their order
 * @returns the reports with what came of it; warnings are added to the destination's
 */
export async function lookAfter(
  run: RunContext,
  planned: PlannedDestination,
  reports: readonly AudienceReport[],
): Promise<AudienceReport[]> {
  const { destination, connection, plans } = planned;
  if (!connection || planned.problem || run.signal.aborted) return [...reports];
  const ledger = await countHeld(run.engine, accountOf(run.job.name, destination));
  const there = reports.flatMap((report, index): Held[] => {
    const { remote_id, error } = report;
    if (!remote_id || (error && !STILL_THERE.has(error.code))) return [];
    return [{ plan: plans[index]!, report, remote_id, held: ledger.get(remote_id)?.held ?? 0 }];
  });
  const derived = new Map<number, AudienceReport['derived']>();
  for (const held of there) derived.set(held.plan.index, await derive(run, planned, connection, held));
  const counts = connection.count ? await countAll(run, planned, there) : new Map<number, RemoteCount>();
  return reports.map((report, at) => {
    const { index } = plans[at]!;
    const held = there.find(({ plan }) => plan.index === index)?.held ?? null;
    const count = counts.get(index);
    return {
      ...report,
      derived: derived.get(index) ?? [],
      held,
      remote_count: count?.members ?? null,
      count_is_exact: count?.exact ?? null,
      drift: count && held !== null ? count.members - held : null,
    };
  });
}

/** Errors of an audience that exists and can be asked. */
const STILL_THERE: ReadonlySet<ErrorCode> = new Set(['PUSH_INCOMPLETE']);

async function derive(
  run: RunContext,
  { destination, warnings }: PlannedDestination,
  connection: Destination,
  { plan, report, remote_id, held: members }: Held,
): Promise<AudienceReport['derived']> {
  if (!connection.derive || plan.orphan || run.signal.aborted) return [];
  const changed = report.added + report.removed + report.updated;
  const { name, settings } = plan;
  const where = `${destination.name}, ${name}`;
  try {
    const derived = await connection.derive({ name, remote_id, settings, members, changed });
    for (const { name: made, note } of derived) if (note) warnings.push(`${where}: ${made}: ${note}`);
    return derived;
  } catch (error) {
    const { code, what } = asProblem(error, where);
    run.log('deriving failed', { destination: destination.name, segment: plan.segment, code });
    warnings.push(`${where}: what is made out of it could not be looked after: ${what}`);
    return [];
  }
}

/**
 * Counts cost requests of a scarce kind, so only what changed or was not counted for long is counted, what was counted
 * longest ago first, and not for longer than the run has time for it.
 */
async function countAll(
  run: RunContext,
  { destination, warnings }: PlannedDestination,
  audiences: readonly Held[],
): Promise<Map<number, RemoteCount>> {
  const past = await pastRuns(run.engine, run.job.name);
  const due = audiences
    .map((one) => ({ ...one, last: Date.parse(countsOf(past, one.remote_id)[0]?.at ?? '') || 0 }))
    .filter(({ report, last }) => hasChanged(report) || last < Date.now() - STALE_MS)
    .toSorted((a, b) => a.last - b.last);
  const counts = new Map<number, RemoteCount>();
  if (due.length === 0) return counts;
  try {
    const cut = AbortSignal.any([run.cut, AbortSignal.timeout(run.counting_ms)]);
    const connection = await openDestination({ ...run, cut }, destination);
    for (const { plan, remote_id, held } of due) {
      if (run.signal.aborted) break;
      const count = await connection.count!({ remote_id });
      counts.set(plan.index, count);
      if (count.exact && count.members < held) warnings.push(lost(run, plan, held - count.members));
    }
  } catch (error) {
    const { code, what } = asProblem(error, destination.name);
    run.log('counting ended early', { destination: destination.name, counted: counts.size, code });
    if (error instanceof SyncError && code !== 'DESTINATION_THROTTLED')
      warnings.push(`${destination.name}: members could not be counted: ${what}`);
  }
  return counts;
}

function hasChanged({ added, removed, updated, reconciled }: AudienceReport): boolean {
  return added + removed + updated > 0 || reconciled !== null;
}

function lost({ job }: RunContext, { destination, name }: AudiencePlan, members: number): string {
  return `${destination.name}, ${name}: ${members} members fewer are there than were put in; segment-sync run ${job.name} --reconcile finds out who and puts them back`;
}
