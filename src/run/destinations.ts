import type { Destination, Problem } from '../../connectors/index.ts';
import type { JobDestination } from '../job/load.ts';
import { rememberAudience, rememberedAudiences } from '../ledger/ledger.ts';
import { accountOf, planDestination, type AudiencePlan } from './plan.ts';
import { asProblem } from './problem.ts';
import { foretellProperties, sendProperties, type PropertiesReport } from './properties.ts';
import { pushAudience, type AudienceResult, type Sending } from './push.ts';
import { audienceReport, type AudienceReport } from './report.ts';
import type { RunContext } from './run.ts';
import { emptyTally, leftOver } from './tally.ts';

/** First wait before a request is tried again; it doubles from there. */
const BACKOFF_MS = 500;

/**
 * A change of up to so many members is one batch of most platforms. Each waits for its answer, and some for a job's
 * end, so those of a destination are sent side by side; the account's limiter keeps the pace. Greater changes go in
 * turn: their own batches are under way side by side, and several such would only fill the memory.
 */
const SMALL_CHANGE = 10_000;
const AT_A_TIME = 4;

/** One destination with the plans of its audiences, and what keeps it from being sent to. */
type PlannedDestination = {
  destination: JobDestination;
  connection?: Destination;
  plans: AudiencePlan[];
  /** What would be sent of properties; in a plan only, where the destination has any. */
  properties?: PropertiesReport;
  problem?: Problem;
};

/**
 * Plans every audience of the destinations. When sending, each destination is first asked which of its audiences exist; a
 * destination that cannot answer gets plans from memory and a problem, and the others go on.
 */
export async function planDestinations(
  run: RunContext,
  destinations: readonly JobDestination[],
  send: boolean,
): Promise<PlannedDestination[]> {
  let index = 0;
  const indexed = destinations.map((destination) => ({
    destination,
    audiences: destination.audiences.map((audience) => ({ ...audience, index: index++ })),
  }));
  return Promise.all(
    indexed.map(async ({ destination, audiences }) => {
      const remembered = await rememberedAudiences(run.engine, accountOf(run.job.name, destination));
      const planned: PlannedDestination = { destination, plans: [] };
      const known = send ? await find(run, destination, remembered, planned) : remembered;
      const refs = audiences.map((audience) => ({ ...audience, remote_id: known.get(audience.name) }));
      planned.plans = await planDestination(run, destination, refs);
      if (!send && destination.properties.length > 0) {
        planned.properties = await foretellProperties(run, { destination, audiences: planned.plans });
      }
      return planned;
    }),
  );
}

async function find(
  run: RunContext,
  destination: JobDestination,
  remembered: Map<string, string>,
  planned: PlannedDestination,
): Promise<Map<string, string>> {
  try {
    planned.connection = await openDestination(run, destination);
    const refs = destination.audiences.map(({ name }) => ({ name, remote_id: remembered.get(name) }));
    const found = await planned.connection.find(refs);
    for (const [name, { remote_id }] of found) {
      if (remembered.get(name) === remote_id) continue;
      await rememberAudience(run.engine, accountOf(run.job.name, destination), { name, remote_id });
    }
    return new Map([...found].map(([name, { remote_id }]) => [name, remote_id]));
  } catch (error) {
    planned.problem = asProblem(error, destination.name);
    return remembered;
  }
}

/** Opens a destination for a run, or for a check of its credentials. */
export async function openDestination(
  run: Pick<RunContext, 'job' | 'cut' | 'log'>,
  destination: JobDestination,
): Promise<Destination> {
  return destination.definition.open(destination.settings, {
    folder: run.job.folder,
    signal: run.cut,
    backoff_ms: BACKOFF_MS,
    log: (message, fields) => run.log(message, { destination: destination.name, ...fields }),
  });
}

/** What was sent to one destination. */
type Sent = { audiences: AudienceReport[]; properties?: PropertiesReport };

/** Sends every plan, all destinations side by side. One that fails stops only itself. */
export async function pushDestinations(run: RunContext, planned: PlannedDestination[]): Promise<Sent[]> {
  return Promise.all(planned.map((destination) => pushDestination(run, destination)));
}

/** What is wrong with one audience does not keep the others of the destination back. */
const OF_ONE_AUDIENCE = ['AUDIENCE_GONE', 'DESTINATION_FLAGGED', 'DESTINATION_AUDIENCE_REPLACING'];

/** Sends the changes of one destination's audiences, then the properties of the people in them. */
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
      reports.set(plan, await pushOne(run, sending, plan, problem, failed));
    }
  }
  const isSmall = (plan: AudiencePlan) => plan.to_add + plan.to_update + plan.to_remove <= SMALL_CHANGE;
  const small = plans.filter(isSmall).values();
  const great = plans.filter((plan) => !isSmall(plan));
  await Promise.all([pushNext(great), ...Array.from({ length: AT_A_TIME }, () => pushNext(small))]);
  const audiences = plans.map((plan) => reports.get(plan)!);
  if (destination.properties.length === 0) return { audiences };
  const existing = plans.map((plan) => ({
    ...plan,
    remote_id: reports.get(plan)!.remote_id ?? undefined,
  }));
  const properties = await sendProperties(run, { destination, audiences: existing }, sending, problem);
  return { audiences, properties };
}

/**
 * @param problem why nothing more can be sent to the destination, if so
 * @param failed is told why the rest of this audience could not be sent
 */
async function pushOne(
  run: RunContext,
  sending: Sending | undefined,
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
  };
  let own = problem;
  if (!own && sending) {
    try {
      await pushAudience(run, sending, plan, result);
    } catch (error) {
      own = asProblem(error, where);
      failed(own);
    }
  }
  own ??= result.left > 0 ? leftOver(where, result.left) : undefined;
  const { left, ...outcome } = result;
  const report = audienceReport(plan, {
    ...outcome,
    refused: plan.parked + result.refused,
    error: own ?? null,
  });
  const { destination, segment, added, removed, updated, refused, requests } = report;
  const counts = { destination, segment, added, removed, updated, refused, requests, left };
  run.log(own ? 'audience failed' : 'audience pushed', { ...counts, ...(own ? { code: own.code } : {}) });
  return report;
}
