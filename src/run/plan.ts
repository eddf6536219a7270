import { createHash } from 'node:crypto';
import { segmentShares, type Audience } from '../job/audiences.ts';
import type { JobDestination } from '../job/load.ts';
import type { Account } from '../ledger/ledger.ts';
import type { RunContext } from './run.ts';
import type { Widening } from './widen.ts';

/** An audience of the job; `index` is its place in the whole job and names its rows in `plan_members`. */
export type PlannedAudience = Audience & {
  index: number;
  remote_id?: string;
  /** What it is still called there: the job file has given it another name. */
  renamed_from?: string;
  /** The job file names it no more; it is of no segment, and our members leave it. */
  orphan?: true;
  /** How it is widened, where its segment is too small; customers up to that rung are of it. */
  widening?: Widening;
  rung?: number;
};

/** One audience and the change that would make it equal its segment. */
export type AudiencePlan = PlannedAudience &
  SegmentCounts &
  ChangeCounts & {
    destination: JobDestination;
    /** Requests that write: the platform's floor for this change. */
    requests: number;
  };

export type SegmentCounts = {
  /** Customers of the segment. */
  customers: number;
  /** Those who may be sent: with consent and an identifier, and not held out. */
  wanted: number;
  /** Those who might be sent but are kept out on purpose. */
  held_out: number;
  without_consent: number;
  unreachable: number;
};

export type ChangeCounts = {
  /** Members it holds before the change, as far as the platform acknowledged. */
  members: number;
  to_add: number;
  to_remove: number;
  /** Members whose worth, or what a file says of them, changed enough to be told anew. */
  to_update: number;
  /** Members refused for good, left alone for a while. */
  parked: number;
};

export function accountOf(job: string, destination: JobDestination): Account {
  const { type, account } = destination.definition;
  return { job, destination: type, account: account(destination.settings) };
}

/**
 * The account under which a destination's properties are kept: people are known by it, not by an audience. One without
 * a name is told from others by its settings.
 */
export function peopleAccountOf(job: string, destination: JobDestination): Account {
  const named = accountOf(job, destination);
  if (named.account !== '') return named;
  const settings = createHash('sha256').update(JSON.stringify(destination.settings)).digest('hex');
  return { ...named, account: settings.slice(0, 16) };
}

/** What a plan keeps of a member beside `member` and `value`. */
export const FIELDS = [
  'customer',
  'email',
  'phone',
  'first_name',
  'last_name',
  'city',
  'region',
  'zip',
  'country',
];

/**
 * What the statements on the customers of audiences take, beside the account: a row for each segment of each audience.
 * `places` are the rows, from 1, that each of the `names` of segments has: it may be of several audiences.
 */
export function audienceParams(
  run: Pick<RunContext, 'job' | 'run_id'>,
  audiences: readonly Pick<
    PlannedAudience,
    'index' | 'segment' | 'holdout' | 'together' | 'value_field' | 'rung'
  >[],
) {
  const rows = audiences.flatMap((audience) =>
    segmentShares(audience).map(([segment, share]) => ({ ...audience, segment, share })),
  );
  return {
    job: run.job.name,
    run: run.run_id,
    audiences: rows.map(({ index }) => index),
    segments: rows.map(({ segment }) => segment),
    ...placesOf(rows.map(({ segment }) => segment)),
    holdouts: rows.map(({ share }) => share),
    value_fields: rows.map(({ value_field }) => value_field ?? ''),
    rungs: rows.map(({ rung }) => rung ?? 0),
  };
}

/** The different ones of some names, and the places, from 1, at which each stands; undefined is no name. */
export function placesOf(all: readonly (string | undefined)[]): { names: string[]; places: number[][] } {
  const names = [...new Set(all.flatMap((name) => name ?? []))];
  return { names, places: names.map((name) => all.flatMap((one, at) => (one === name ? [at + 1] : []))) };
}

/** SQL: at which place, from 1, a text stands in the bound list of that name; 0 for none. Looks it up, where `indexOf` searches. */
export function placeSql(text: string, list: string): string {
  const bound = `{${list}:Array(String)}`;
  return `transform(${text}, ${bound}, arrayEnumerate(${bound}), 0)`;
}
