import type { Destination, Problem } from '../../connectors/index.ts';
import type { JobDestination } from '../job/load.ts';
import { rememberAudience, rememberedAudiences } from '../ledger/ledger.ts';
import { accountOf, planDestination, type AudiencePlan } from './plan.ts';
import { pushAudience, type AudienceResult } from './push.ts';
import { asProblem } from './problem.ts';
import { audienceReport, type AudienceReport } from './report.ts';
import type { RunContext } from './run.ts';

/** First wait before a request is tried again; it doubles from there. */
const BACKOFF_MS = 500;

/** One destination with the plans of its audiences, and what keeps it from being sent to. */
type PlannedDestination = { connection?: Destination; plans: AudiencePlan[]; problem?: Problem };

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
      const planned: PlannedDestination = { plans: [] };
      const known = send ? await find(run, destination, remembered, planned) : remembered;
      const refs = audiences.map((audience) => ({ ...audience, remote_id: known.get(audience.name) }));
      planned.plans = await planDestination(run, destination, refs);
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

/** Sends every plan; destinations side by side, the audiences of one in turn. One that fails stops only itself. */
export async function pushDestinations(
  run: RunContext,
  planned: PlannedDestination[],
): Promise<AudienceReport[]> {
  const reports = await Promise.all(planned.map((destination) => pushDestination(run, destination)));
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
      reasons: [],
    };
    let own = problem;
    if (!own && planned.connection) {
      try {
        await pushAudience(run, planned.connection, plan, result);
      } catch (error) {
        own = asProblem(error, `${plan.destination.name}, ${plan.name}`);
        if (!OF_ONE_AUDIENCE.includes(own.code)) problem = own;
      }
    }
    own ??= result.left > 0 ? leftOver(plan, result.left) : undefined;
    const { left, ...outcome } = result;
    const report = audienceReport(plan, {
      ...outcome,
      refused: plan.parked + result.refused,
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

function leftOver(plan: AudiencePlan, left: number): Problem {
  return {
    code: 'PUSH_INCOMPLETE',
    where: `${plan.destination.name}, ${plan.name}`,
    what: `${left} members were neither taken nor refused.`,
    fix: 'Nothing to do: the next run offers them again.',
  };
}
