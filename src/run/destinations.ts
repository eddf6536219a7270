import type { Destination, Problem } from '../../connectors/index.ts';
import type { JobDestination } from '../job/load.ts';
import { lookAfter } from './after-push.ts';
import { findAudiences, fromMemory, remember, type Found } from './find.ts';
import { openDestination } from './open-destination.ts';
import { accountOf, planDestination, type AudiencePlan, type PlannedAudience } from './plan.ts';
import { pushAudience, type AudienceResult } from './push.ts';
import { asProblem } from './problem.ts';
import { reconcileAudience, type Reconciled } from './reconcile.ts';
import { rememberedOf, withoutRenames, type Orphan } from './remembered.ts';
import { audienceReport, type AudienceReport } from './report.ts';
import type { RunContext } from './run.ts';
import { wideningText, widenSmall } from './widen.ts';

/** One destination with the plans of its audiences, and what keeps it or one of them from being sent to. */
export type PlannedDestination = {
  destination: JobDestination;
  connection?: Destination;
  plans: AudiencePlan[];
  problem?: Problem;
  /** By the audience's name. */
  problems: Map<string, Problem>;
  orphans: Orphan[];
  /** By the audience's index. */
  reconciled: Map<number, Reconciled>;
  warnings: string[];
};

/** `reconcile`: first read who is in the audiences, where the platform tells. */
export type PlanOptions = { send: boolean; reconcile?: boolean };

/**
 * Plans every audience of the destinations. When sending, each destination is first asked which of its audiences exist; a
 * destination that cannot answer gets plans from memory and a problem, and the others go on.
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
      const planned: PlannedDestination = {
        destination,
        plans: [],
        problems: new Map(),
        orphans: [],
        reconciled: new Map(),
        warnings: [],
      };
      const found = await place(run, planned, destinations, options.send);
      Object.assign(planned, { problems: found.problems, orphans: found.orphans });
      planned.warnings.push(...found.warnings);
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
      const { plans, warnings } = planned;
      warnings.push(...plans.flatMap(wideningText), ...plans.flatMap(renamingText), ...orphanTexts(planned));
      return planned;
    }),
  );
}

/** Where the audiences of a destination are: as it says itself when sending, else as earlier runs know. */
async function place(
  run: RunContext,
  planned: PlannedDestination,
  destinations: readonly JobDestination[],
  send: boolean,
): Promise<Found> {
  const { destination } = planned;
  let remembered = await rememberedOf(run.engine, run.job.name, destinations, destination);
  if (!send && remembered.renames.size === 0) return fromMemory(remembered);
  try {
    const connection = await openDestination(run, destination);
    if (!connection.rename) remembered = withoutRenames(remembered);
    if (!send) return fromMemory(remembered);
    planned.connection = connection;
    return await findAudiences(run, destination, connection, remembered);
  } catch (error) {
    planned.problem = asProblem(error, destination.name);
    return fromMemory(remembered);
  }
}

/** An orphan as an audience of no segment: whoever the ledger has in it is to leave. */
function leavingAudience({ name, remote_id }: Orphan): Omit<PlannedAudience, 'index'> {
  return { name, remote_id, segment: '', orphan: true };
}

function renamingText({ destination, name, renamed_from }: AudiencePlan): string[] {
  if (renamed_from === undefined) return [];
  return [
    `${destination.name}, ${name}: called "${renamed_from}" so far; it is renamed, and its members stay`,
  ];
}

function orphanTexts({ destination, orphans }: PlannedDestination): string[] {
  if (destination.orphans === 'remove') return [];
  const word = destination.definition.audience_word;
  return orphans.map(
    ({ name, held }) =>
      `${destination.name}: the job file names the ${word} "${name}" no more; ${held} members stay in it, as orphans: keep says`,
  );
}

/** Compares the ledger with what the platform has; one that cannot be read is not sent to. */
async function reconcile(
  run: RunContext,
  planned: PlannedDestination,
  audiences: readonly PlannedAudience[],
): Promise<void> {
  const { destination, connection } = planned;
  if (!connection || planned.problem) return;
  const account = accountOf(run.job.name, destination);
  const kinds = destination.definition.identifiers.length;
  if (!connection.members) {
    planned.warnings.push(`${destination.name} does not tell who is in an audience: nothing to reconcile`);
    return;
  }
  try {
    for (const { index, name, remote_id } of audiences) {
      if (remote_id === undefined) continue;
      const there = { ...account, remote_id, index };
      const reconciled = await reconcileAudience(run, connection, there, kinds);
      if (!reconciled) continue;
      planned.reconciled.set(index, reconciled);
      const { repaired, foreign } = reconciled;
      if (repaired + foreign === 0) continue;
      planned.warnings.push(
        `${destination.name}, ${name}: ${repaired} members of ours were gone, those who belong there are added again; ${foreign} people whom others added are left alone`,
      );
    }
  } catch (error) {
    planned.problem = asProblem(error, destination.name);
  }
}

/** Sends every plan; destinations side by side, the audiences of one in turn. One that fails stops only itself. */
export async function pushDestinations(
  run: RunContext,
  planned: PlannedDestination[],
): Promise<AudienceReport[]> {
  const reports = await Promise.all(
    planned.map(async (destination) => lookAfter(run, destination, await pushDestination(run, destination))),
  );
  return reports.flat();
}

/** What is wrong with one audience does not keep the others of the destination back. */
const OF_ONE_AUDIENCE = ['AUDIENCE_GONE', 'DESTINATION_FLAGGED', 'DESTINATION_AUDIENCE_REPLACING'];

async function pushDestination(run: RunContext, planned: PlannedDestination): Promise<AudienceReport[]> {
  const reports: AudienceReport[] = [];
  let problem = planned.problem;
  for (const plan of planned.plans) {
    const result: AudienceResult = {
      remote_id: plan.remote_id ?? null,
      added: 0,
      removed: 0,
      refused: 0,
      left: 0,
      requests: 0,
      recreated: false,
      reasons: [],
    };
    let own = problem ?? planned.problems.get(plan.name);
    if (!own && planned.connection) {
      const renaming = await renameAudience(run, planned.connection, plan, result);
      try {
        await pushAudience(run, planned.connection, plan, result);
      } catch (error) {
        own = asProblem(error, `${plan.destination.name}, ${plan.name}`);
        if (!OF_ONE_AUDIENCE.includes(own.code)) problem = own;
      }
      own ??= renaming;
    }
    own ??= result.left > 0 ? leftOver(plan, result.left) : undefined;
    if (result.recreated) planned.warnings.push(recreatedText(plan));
    const { left, ...outcome } = result;
    const report = audienceReport(plan, {
      ...outcome,
      refused: plan.parked + result.refused,
      reconciled: planned.reconciled.get(plan.index) ?? null,
      error: own ?? null,
    });
    reports.push(report);
    const { added, removed, refused, requests } = report;
    const fields = {
      destination: plan.destination.name,
      segment: plan.segment,
      added,
      removed,
      refused,
      requests,
      left,
    };
    run.log(own ? 'audience failed' : 'audience pushed', { ...fields, ...(own ? { code: own.code } : {}) });
  }
  return reports;
}

/** An audience that cannot be renamed keeps its former name, and its members are kept right nevertheless. */
async function renameAudience(
  run: RunContext,
  connection: Destination,
  plan: AudiencePlan,
  result: AudienceResult,
): Promise<Problem | undefined> {
  const { renamed_from, remote_id, destination } = plan;
  if (renamed_from === undefined || remote_id === undefined || run.signal.aborted) return undefined;
  try {
    const { requests } = await connection.rename!({ remote_id }, plan.name);
    result.requests += requests;
    await remember(run, destination, plan, remote_id);
    return undefined;
  } catch (error) {
    return asProblem(error, `${destination.name}, ${plan.name}`);
  }
}

function recreatedText({ destination, name }: AudiencePlan): string {
  const word = destination.definition.audience_word;
  return `${destination.name}, ${name}: the ${word} had been deleted there; it was made anew and is filled again`;
}

function leftOver(plan: AudiencePlan, left: number): Problem {
  return {
    code: 'PUSH_INCOMPLETE',
    where: `${plan.destination.name}, ${plan.name}`,
    what: `${left} members were neither taken nor refused.`,
    fix: 'Nothing to do: the next run offers them again.',
  };
}
