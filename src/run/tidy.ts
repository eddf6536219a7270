import { deleteRows } from '../engine/deletion.ts';
import type { Engine } from '../engine/engine.ts';
import type { Retention } from '../job/retention-settings.ts';
import { mergeFacts } from '../ledger/merge.ts';
import { forgetOld } from './forget-old.ts';
import { claimIfFree } from './claim.ts';
import { mergeMarks } from './marks.ts';
import type { RunOptions } from './run.ts';
import { tidyRuns } from './tidy-runs.ts';

export type TidyOptions = Pick<RunOptions, 'state' | 'signal' | 'log'> & {
  /** Milliseconds since 1970. */
  now: number;
};

const DAY_MS = 86_400_000;

/**
 * Forgets what is older than it may be kept, and merges what only ever grows. To be called about once a day, and safe
 * to repeat and to be cut short anywhere. It changes no plan, but for records that it forgets. Jobs that run just now
 * are left for the next time.
 * @returns how many rows each table lost
 */
export async function tidy(
  engine: Engine,
  retention: Retention,
  { state, now, signal, log }: TidyOptions,
): Promise<Record<string, number>> {
  const lost: Record<string, number> = {};
  const count = (more: Record<string, number>) => {
    for (const [table, rows] of Object.entries(more)) if (rows > 0) lost[table] = (lost[table] ?? 0) + rows;
  };
  for (const { job } of await engine.query<{ job: string }>('SELECT DISTINCT job FROM runs ORDER BY job')) {
    if (signal.aborted) return lost;
    const claim = await claimIfFree(engine, state, job);
    try {
      if (claim) count(await tidyRuns(engine, job, retention, now));
    } finally {
      await claim?.release();
    }
  }
  const steps = [
    () => mergeFacts(engine, now - retention.ledger * DAY_MS),
    async () => ({ marks: await mergeMarks(engine) }),
    () => forgetOld(engine, retention, now),
    async () => ({
      holdout_entries: await forgetEntries(engine, now - retention.assignments.monthly * DAY_MS),
    }),
  ];
  for (const step of steps) if (!signal.aborted) count(await step());
  log('tidied', { rows: lost });
  return lost;
}

/** Entries into a holdout of people of whom neither a run nor a record tells any more. */
function forgetEntries(engine: Engine, before: number): Promise<number> {
  const where = `entered < toDate32({before:DateTime}) AND (job, customer) NOT IN (SELECT job, customer FROM assignments)
    AND (job, customer) NOT IN (SELECT job, node FROM identity_labels)`;
  return deleteRows(engine, 'holdout_entries', where, { before: Math.floor(before / 1000) });
}
