import type { Engine } from '../../engine/engine.ts';
import type { Job } from '../../job/load.ts';
import { withFoundAudiences } from '../../run/audiences.ts';
import { breachText } from '../../run/guard.ts';
import { heldRun, type HeldRun } from '../../run/held.ts';
import type { Condition, Missed } from './condition.ts';
import { failures } from './failures.ts';
import { drifts, staleAudiences } from './freshness.ts';
import { openPast, type Past } from './past.ts';

/**
 * What is wrong with a job now, as the store knows it.
 * @param now milliseconds since 1970
 * @param facts what the store does not know: a time that was missed, and whether a run goes on or is about to; `past` reads
 *   what its runs left
 */
export async function conditionsOf(
  engine: Engine,
  job: Job,
  now: number,
  facts: { missed?: Missed; again?: boolean; past?: (job: string) => Promise<Past> } = {},
): Promise<Condition[]> {
  const read = facts.past ?? openPast(engine);
  const past = await read(job.name);
  // The store is asked every minute, so only for what may be there.
  const held = past.newest?.report.status === 'held' ? await heldRun(engine, job.name) : undefined;
  const finds = job.destinations.some(({ open }) => open.length > 0);
  const found = finds ? await withFoundAudiences(engine, job) : job;
  return [
    ...failures(job.name, past, facts.again),
    ...(held ? [heldPlan(job.name, held)] : []),
    ...(facts.missed ? [missedRun(job.name, facts.missed)] : []),
    ...staleAudiences(found, past, now),
    ...drifts(found, past),
  ];
}

/** So many reasons are told; `status` has them all. */
const REASONS = 5;

function heldPlan(job: string, { run_id, as_of, at, report }: HeldRun): Condition {
  const reasons = [...report.pulled.incomplete, ...report.guard.map(breachText)];
  const more = reasons.length > REASONS ? [`and ${reasons.length - REASONS} more`] : [];
  return {
    kind: 'held',
    key: `held:${run_id}`,
    what: `The plan of the run as of ${as_of} is held: nothing of it was sent.`,
    why: `${[...reasons.slice(0, REASONS), ...more].join('; ')}.`,
    fix: `\`segment-sync status ${job}\` shows what it would change, \`segment-sync export ${job} --held --out held.csv\` whom. If that is right, \`segment-sync approve ${job}\` sends it; if not, mend the source or the setting: the next run makes a new plan.`,
    since: at,
    run_id,
  };
}

function missedRun(job: string, { due, why }: Missed): Condition {
  return {
    kind: 'missed',
    key: 'missed',
    what: `The run that was due at ${due} did not take place.`,
    why,
    fix: `\`segment-sync run ${job}\` makes up for it.`,
    since: due,
  };
}
