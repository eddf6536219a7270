import type { Derived, Problem } from '../../connectors/index.ts';
import type { JobDestination } from '../job/load.ts';
import type { Categories } from '../job/segments.ts';
import type { SegmentReport } from '../report/statistics.ts';
import type { Breach } from './guard.ts';
import type { AudiencePlan, SegmentCounts } from './plan.ts';
import type { Pulled } from './pull.ts';
import type { RunContext } from './run.ts';
import type { PropertiesReport } from './properties.ts';
import type { CheckedForecast } from './forecast.ts';
import { byRecency, type ModelReport } from './predict.ts';
import type { Reconciled } from './reconcile.ts';
import type { Orphan } from './remembered.ts';
import type { Widening } from './widen.ts';

export const RUN_STATUSES = ['done', 'partial', 'held', 'failed'] as const;
export type RunStatus = (typeof RUN_STATUSES)[number];

/** What became of one audience; in a plan, nothing was sent and `to_add`, `to_remove`, `to_update` say what would be. */
export type AudienceReport = Pick<
  AudiencePlan,
  'segment' | keyof SegmentCounts | 'to_add' | 'to_remove' | 'to_update'
> & {
  destination: string;
  audience: string;
  remote_id: string | null;
  /** What the job file called it before; it is renamed there instead of being made anew. */
  renamed_from: string | null;
  /** Whether it had been deleted there and was made anew. */
  recreated: boolean;
  /** Whether the job file names it no more: the members this job put there are taken out. */
  orphan: boolean;
  /** How it was widened, where its segment is too small for what is made of it. */
  widening: Widening | null;
  added: number;
  removed: number;
  updated: number;
  refused: number;
  reasons: { reason: string; members: number }[];
  requests: number;
  /** What was found by reading all its members, where that was asked for and the platform tells. */
  reconciled: Reconciled | null;
  /** What was made out of it; requests for that are counted there. */
  derived: Derived[];
  /** Members the ledger says it holds, and what the platform's own count says; null where nothing was counted. */
  held: number | null;
  remote_count: number | null;
  count_is_exact: boolean | null;
  /** The platform's count less ours: above 0 there are others' members, below 0 members of ours were lost. */
  drift: number | null;
  error: Problem | null;
};

/** An audience that the job file names no more; `held` members of ours are in it. */
export type OrphanReport = {
  destination: string;
  audience: string;
  segment: string | null;
  remote_id: string;
  held: number;
};

export type Stage = 'pull' | 'profile' | 'predict' | 'favourites' | 'backtest' | 'segment' | 'plan' | 'push';

/** The answer of `run --json` and `plan --json`. Money is a decimal string in the job's currency. */
export type RunReport = {
  job: string;
  run_id: string;
  status: RunStatus;
  as_of: string;
  pulled: Pulled;
  customers: number;
  model: ModelReport;
  /** The last 90 days as forecast from those before; null where that could not be checked. */
  backtest: CheckedForecast | null;
  /** Where each model of segments was cut. */
  limits: Record<string, Record<string, unknown>>;
  segments: SegmentReport[];
  /** What segments by category there are, those of earlier runs included, by `per_category` entry. */
  categories: Categories;
  audiences: AudienceReport[];
  /** As they were before this run, whatever becomes of them. */
  orphans: OrphanReport[];
  /** Why the plan is held, if a guard holds it. */
  guard: Breach[];
  /** One for each destination that stores properties. */
  properties: PropertiesReport[];
  seconds: Record<Stage, number>;
  warnings: string[];
  error: Problem | null;
};

/** @param outcome what the push did; absent in a plan */
export function audienceReport(
  plan: AudiencePlan,
  outcome: Partial<AudienceReport> & { error: Problem | null },
): AudienceReport {
  const { destination, segment, name, customers, wanted, held_out, without_consent, unreachable } = plan;
  const { to_add, to_remove, to_update } = plan;
  return {
    destination: destination.name,
    audience: name,
    segment,
    remote_id: plan.remote_id ?? null,
    renamed_from: plan.renamed_from ?? null,
    recreated: false,
    orphan: plan.orphan ?? false,
    widening: plan.widening ?? null,
    customers,
    wanted,
    held_out,
    without_consent,
    unreachable,
    to_add,
    to_remove,
    to_update,
    added: 0,
    removed: 0,
    updated: 0,
    refused: plan.parked,
    reasons: [],
    requests: plan.requests,
    reconciled: null,
    derived: [],
    held: null,
    remote_count: null,
    count_is_exact: null,
    drift: null,
    ...outcome,
  };
}

/** @param at where the orphans are */
export function orphanReports(at: {
  destination: JobDestination;
  orphans: readonly Orphan[];
}): OrphanReport[] {
  const destination = at.destination.name;
  return at.orphans.map(({ name: audience, segment, remote_id, held }) => ({
    destination,
    audience,
    segment,
    remote_id,
    held,
  }));
}

/** A report before anything happened. */
export function emptyReport(run: RunContext): RunReport {
  return {
    job: run.job.name,
    run_id: run.run_id,
    status: 'failed',
    as_of: run.as_of,
    pulled: {
      orders: 0,
      lines: 0,
      customers: 0,
      events: 0,
      rejected: 0,
      rejections: [],
      sources: [],
      incomplete: [],
      warnings: [],
    },
    customers: 0,
    model: byRecency(null),
    backtest: null,
    limits: {},
    segments: [],
    categories: {},
    audiences: [],
    orphans: [],
    guard: [],
    properties: [],
    seconds: { pull: 0, profile: 0, predict: 0, favourites: 0, backtest: 0, segment: 0, plan: 0, push: 0 },
    warnings: [],
    error: null,
  };
}

/**
 * Whether nothing may be sent unasked: not all could be read, or a guard says so.
 */
export function isHeld({ pulled, guard }: Pick<RunReport, 'pulled' | 'guard'>): boolean {
  return pulled.incomplete.length > 0 || guard.length > 0;
}

/**
 * What became of a push: failed where nothing could be sent, partial where something is missing or was refused, else
 * done.
 */
export function outcomeStatus({
  audiences,
  properties,
}: Pick<RunReport, 'audiences' | 'properties'>): RunStatus {
  const failed = audiences.filter((audience) => audience.error);
  if (failed.length > 0) return failed.length === audiences.length ? 'failed' : 'partial';
  const missing = properties.some(({ error }) => error);
  return missing || [...audiences, ...properties].some(({ refused }) => refused > 0) ? 'partial' : 'done';
}
