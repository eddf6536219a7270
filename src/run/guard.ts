import type { Job } from '../job/load.ts';
import type { PlannedDestination } from './destinations.ts';
import type { AudiencePlan } from './plan.ts';

/** A change that the guard does not let through by itself. */
export type Breach = {
  destination: string;
  audience: string;
  /** The setting of `guard` that it breaks. */
  limit: 'max_removed_share' | 'max_added_share' | 'min_members';
  /** Members the audience holds, and how many would join and leave it. */
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

function number(count: number): string {
  return count.toLocaleString('en');
}

function percent(share: number): string {
  return `${(share * 100).toLocaleString('en', { maximumFractionDigits: share < 0.1 ? 1 : 0 })} %`;
}
