import type { Destination, ErrorCode, Problem } from '../../connectors/index.ts';
import { dropOffered } from '../engine/partitions.ts';
import type { JobDestination } from '../job/load.ts';
import { lookAfter } from './after-push.ts';
import { planDestination } from './diff.ts';
import { placeAudiences } from './find.ts';
import { planNotes, recreatedNote } from './notes.ts';
import { accountOf, type AudiencePlan, type PlannedAudience } from './plan.ts';
import { asProblem } from './problem.ts';
import { foretellProperties, sendProperties, type PropertiesReport } from './properties.ts';
import { pushAudience, type AudienceResult, type Sending } from './push.ts';
import { reconcile, type Reconciled } from './reconcile.ts';
import type { Orphan } from './remembered.ts';
import { renameAudience } from './rename.ts';
import { audienceReport, type AudienceReport } from './report.ts';
import type { RunContext } from './run.ts';
import { emptyTally, leftOver } from './tally.ts';
import { widenSmall } from './widen.ts';

/**
 * A change of up to so many members is one batch of most platforms. Each waits for its answer, and some for a job's
 * end, so those of a destination are sent side by side; the account's limiter keeps the pace. Greater changes go in
 * turn: their own batches are under way side by side, and several such would only fill the memory.
 */
const SMALL_CHANGE = 10_000;
const AT_A_TIME = 4;

/** One destination with the plans of its audiences, and what keeps it or one of them from being sent to. */
export type PlannedDestination = {
  destination: JobDestination;
  connection?: Destination;
  plans: AudiencePlan[];
  /** What would be sent of properties; in a plan only, where the destination has any. */
  properties?: PropertiesReport;
  problem?: Problem;
  /** Of single audiences, by name. */
  problems: Map<string, Problem>;
  orphans: Orphan[];
  /** By the audience's index. */
  reconciled: Map<number, Reconciled>;
  warnings: string[];
};

/** `reconcile`: first read who is in the audiences, where the platform tells. */
export type PlanOptions = { send: boolean; reconcile?: boolean };

/**
 * Plans every audience of the destinations. When sending, each destination is first asked which of its audiences exist;
 * a destination that cannot answer gets plans from memory and a problem, and the others go on.
 */
export async function planDestinations(
  run: RunContext,
  destinations: readonly JobDestination[],
  options: PlanOptions,
): Promise<PlannedDestination[]> {
  let index = 0;
  const indexed = destinations.map((destination) => ({
    destination,
    audiences: destination.audiences.map((audience) => ({ ...audience, index: index++ })),
  }));
  return Promise.all(
    indexed.map(async ({ destination, audiences }) => {
      const empty = { plans: [], problems: new Map(), orphans: [], reconciled: new Map(), warnings: [] };
      const planned: PlannedDestination = { destination, ...empty };
      const found = await placeAudiences(run, planned, destinations, options.send);
      planned.problems = found.problems;
      planned.orphans = found.orphans;
      planned.warnings = found.warnings;
      const placed = audiences.map((audience) => ({
        ...audience,
        remote_id: found.ids.get(audience.name),
        renamed_from: found.renames.get(audience.name),
      }));
      const left = destination.orphans === 'remove' ? found.orphans : [];
      const leaving = left.map((orphan) => ({ ...leavingAudience(orphan), index: index++ }));
      const all: PlannedAudience[] = [...placed, ...leaving];
      if (options.reconcile) await reconcile(run, planned, all);
      const widened = await widenSmall(run, destination, all);
      planned.plans = await planDestination(run, destination, widened);
      if (!options.send && destination.properties.length > 0) {
        planned.properties = await foretellProperties(run, { destination, audiences: planned.plans });
      }
      planned.warnings.push(...planNotes(planned));
      return planned;
    }),
  );
}

/** An orphan as an audience of no segment: whoever the ledger has in it is to leave. */
function leavingAudience({ name, remote_id }: Orphan): Omit<PlannedAudience, 'index'> {
  return { name, remote_id, segment: '', orphan: true };
}

/** What was sent to one destination. */
type Sent = { audiences: AudienceReport[]; properties?: PropertiesReport };

/** Sends every plan, all destinations side by side. One that fails stops only itself. */
export async function pushDestinations(run: RunContext, planned: PlannedDestination[]): Promise<Sent[]> {
  return Promise.all(planned.map((destination) => pushDestination(run, destination)));
}

/** What is wrong with one audience does not keep the others of the destination back. */
const OF_ONE_AUDIENCE: readonly ErrorCode[] = [
  'AUDIENCE_GONE',
  'DESTINATION_FLAGGED',
  'DESTINATION_AUDIENCE_REPLACING',
];

/**
 * Sends the changes of one destination's audiences, then the properties of the people in them, and looks after what was
 * made of the audiences.
 */
async function pushDestination(run: RunContext, planned: PlannedDestination): Promise<Sent> {
  const { destination, connection, plans } = planned;
  let problem = planned.problem;
  const remote_ids = plans.flatMap(({ remote_id }) => remote_id ?? []);
  const sending = connection && { connection, remote_ids };
  const reports = new Map<AudiencePlan, AudienceReport>();
  const failed = (found: Problem) => {
    if (!OF_ONE_AUDIENCE.includes(found.code)) problem ??= found;
  };
  async function pushNext(queue: Iterable<AudiencePlan>): Promise<void> {
    for (const plan of queue) {
      reports.set(plan, await pushOne(run, sending, planned, plan, problem, failed));
    }
  }
  const isSmall = (plan: AudiencePlan) => plan.to_add + plan.to_update + plan.to_remove <= SMALL_CHANGE;
  const small = plans.filter(isSmall).values();
  const great = plans.filter((plan) => !isSmall(plan));
  await Promise.all([pushNext(great), ...Array.from({ length: AT_A_TIME }, () => pushNext(small))]);
  planned.problem = problem;
  const pushed = plans.map((plan) => reports.get(plan)!);
  if (pushed.every(({ error }) => error === null))
    await dropOffered(run.engine, accountOf(run.job.name, destination));
  if (destination.properties.length === 0) return { audiences: await lookAfter(run, planned, pushed) };
  const existing = plans.map((plan) => ({
    ...plan,
    remote_id: reports.get(plan)!.remote_id ?? undefined,
  }));
  const properties = await sendProperties(run, { destination, audiences: existing }, sending, problem);
  return { audiences: await lookAfter(run, planned, pushed), properties };
}

/**
 * @param problem why nothing more can be sent to the destination, if so
 * @param failed is told why the rest of this audience could not be sent
 */
async function pushOne(
  run: RunContext,
  sending: Sending | undefined,
  planned: PlannedDestination,
  plan: AudiencePlan,
  problem: Problem | undefined,
  failed: (problem: Problem) => void,
): Promise<AudienceReport> {
  const where = `${plan.destination.name}, ${plan.name}`;
  const result: AudienceResult = {
    ...emptyTally(),
    remote_id: plan.remote_id ?? null,
    added: 0,
    removed: 0,
    updated: 0,
    recreated: false,
  };
  let own = problem ?? planned.problems.get(plan.name);
  if (!own && sending) {
    const renaming = await renameAudience(run, sending.connection, plan, result);
    try {
      await pushAudience(run, sending, plan, result);
    } catch (error) {
      own = asProblem(error, where);
      failed(own);
    }
    own ??= renaming;
  }
  if (result.recreated) planned.warnings.push(recreatedNote(plan));
  own ??= result.left > 0 ? leftOver(where, result.left) : undefined;
  const { left, ...outcome } = result;
  const report = audienceReport(plan, {
    ...outcome,
    refused: plan.parked + result.refused,
    reconciled: planned.reconciled.get(plan.index) ?? null,
    error: own ?? null,
  });
  const { destination, segment, added, removed, updated, refused, requests } = report;
  const counts = { destination, segment, added, removed, updated, refused, requests, left };
  run.log(own ? 'audience failed' : 'audience pushed', { ...counts, ...(own ? { code: own.code } : {}) });
  return report;
}
