import { DateTime } from 'luxon';
import type { Job } from '../job/load.ts';
import type { PlannedDestination } from './destinations.ts';
import type { PastRun } from './past-audiences.ts';
import type { AudiencePlan } from './plan.ts';
import type { RunReport } from './report.ts';
import type { RunContext } from './run.ts';

/** A change that the guard does not let through by itself. */
export type Breach = {
  /** Null, as the audience is, where it is of the whole job. */
  destination: string | null;
  audience: string | null;
  /** The setting of `guard` that it breaks. */
  limit: 'max_removed_share' | 'max_added_share' | 'min_members' | 'max_new_customers' | 'max_silence';
  /** Members the audience holds, and how many would join and leave it; 0 for the whole job. */
  members: number;
  to_add: number;
  to_remove: number;
  /** As a sentence, without a name of anybody. */
  why: string;
};

/**
 * Looks for changes that are larger than the job lets through unasked: more often than not a fault of a source or of a
 * setting, and nobody watches. Audiences that hold few members, whose first fill broke off, or that the job file gave up
 * are let be.
 * @param filled ids of the audiences whose first fill is over
 */
export function breachesOf(
  job: Pick<Job, 'guard'>,
  planned: readonly PlannedDestination[],
  filled: ReadonlySet<string>,
): Breach[] {
  const plans = planned.flatMap((one) => one.plans);
  return plans.filter(({ remote_id = '' }) => filled.has(remote_id)).flatMap((plan) => breachOf(job, plan));
}

function breachOf(job: Pick<Job, 'guard'>, plan: AudiencePlan): Breach[] {
  const guard = { ...job.guard, ...plan.guard };
  const { members, to_add, to_remove } = plan;
  if (plan.orphan || members === 0 || members < guard.from_members) return [];
  const breach = (limit: Breach['limit'], why: string): Breach[] => [
    { destination: plan.destination.name, audience: plan.name, limit, members, to_add, to_remove, why },
  ];
  const left = members + to_add - to_remove;
  if (to_remove > 0 && left < guard.min_members) {
    const least = number(guard.min_members);
    const why = `it would hold ${number(left)} members instead of ${number(members)}; at least ${least} must stay`;
    return breach('min_members', why);
  }
  if (to_remove > guard.max_removed_share * members) {
    const share = `${number(to_remove)} of its ${number(members)} members (${percent(to_remove / members)})`;
    return breach(
      'max_removed_share',
      `it would lose ${share}; at most ${percent(guard.max_removed_share)} may`,
    );
  }
  if (to_add > guard.max_added_share * members) {
    const share = `${number(to_add)} would join its ${number(members)} members (${percent(to_add / members)})`;
    return breach('max_added_share', `${share}; at most ${percent(guard.max_added_share)} may`);
  }
  return [];
}

/**
 * Looks for signs that what was pulled is not the shop as the last run that sent knew it. A job that has sent nothing yet
 * is let be.
 * @param runs the past ones, the newest first
 */
export async function jobBreachesOf(
  run: RunContext,
  { customers, pulled }: Pick<RunReport, 'customers' | 'pulled'>,
  runs: readonly PastRun[],
): Promise<Breach[]> {
  const sent = runs.find(({ status }) => status === 'done' || status === 'partial');
  if (!sent) return [];
  const { from_members, max_new_customers, max_silence = Infinity } = run.job.guard;
  const breach = (limit: Breach['limit'], why: string): Breach[] => [
    { destination: null, audience: null, limit, members: 0, to_add: 0, to_remove: 0, why },
  ];
  const newest = pulled.sources
    .flatMap(({ last_order }) => last_order ?? [])
    .toSorted()
    .at(-1);
  const silent = newest === undefined ? 0 : daysBetween(newest, run.as_of);
  const silence =
    silent > max_silence
      ? `the newest order of all sources is of ${newest}, ${number(silent)} days before; at most ${number(max_silence)} may pass`
      : undefined;
  const known = max_new_customers < 1 ? await shareKnown(run, sent.run_id, customers) : undefined;
  const strangers =
    known && known.before >= from_members && 1 - known.share > max_new_customers
      ? `${percent(1 - known.share)} of the ${number(customers)} customers were unknown to the last run that sent; at most ${percent(max_new_customers)} may be`
      : undefined;
  return [
    ...(silence ? breach('max_silence', silence) : []),
    ...(strangers ? breach('max_new_customers', strangers) : []),
  ];
}

/** So many customers tell a share to a part in a hundred. */
const SAMPLE = 100_000;

/** What share of a run's customers an earlier run knew, and how many that had; by a sample of them where they are many. */
async function shareKnown(
  { engine, job, run_id }: RunContext,
  earlier: string,
  customers: number,
): Promise<{ share: number; before: number } | undefined> {
  const params = { job: job.name, run: run_id, earlier, step: Math.ceil(customers / SAMPLE) };
  const sampled = 'job = {job:String} AND sipHash64(customer) % {step:UInt64} = 0';
  const [row] = await engine.query<{ share: number; before: string }>(
    `SELECT avg(customer IN (SELECT customer FROM assignments WHERE ${sampled} AND run_id = {earlier:String})) AS share,
       (SELECT count() FROM assignments WHERE job = {job:String} AND run_id = {earlier:String}) AS before
     FROM assignments WHERE ${sampled} AND run_id = {run:String}`,
    params,
  );
  return row && Number.isFinite(row.share) ? { share: row.share, before: Number(row.before) } : undefined;
}

function daysBetween(from: string, to: string): number {
  return DateTime.fromISO(to, { zone: 'UTC' }).diff(DateTime.fromISO(from, { zone: 'UTC' }), 'days').days;
}

/** A breach with its place, as one line. */
export function breachText({ destination, audience, why }: Breach): string {
  return destination === null ? why : `${destination}, ${audience}: ${why}`;
}

function number(count: number): string {
  return count.toLocaleString('en');
}

function percent(share: number): string {
  return `${(share * 100).toLocaleString('en', { maximumFractionDigits: share < 0.1 ? 1 : 0 })} %`;
}
