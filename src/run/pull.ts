import type { Rejection } from '../../connectors/index.ts';
import type { Job } from '../job/load.ts';
import { readTombstones } from '../ledger/tombstones.ts';
import { whereFrom, type Reach } from './marks.ts';
import { pullSource, type PulledSource } from './pull-source.ts';
import { sourceQuality, type SourceQuality } from './quality.ts';
import type { RunContext } from './run.ts';
import { sweepStages } from './tables/stage.ts';
import { LISTED_REJECTIONS } from './tables/told.ts';
import { leaveOutVanished } from './vanished.ts';

export type Pulled = {
  /** Distinct records that this pull brought. */
  orders: number;
  lines: number;
  customers: number;
  events: number;
  rejected: number;
  /** The first rejections, for people; `rejected` counts them all. */
  rejections: Rejection[];
  /** What each source holds by now, and what was left out of it in this pull. */
  sources: SourceQuality[];
  /** Why sources could not be read whole, a sentence each; then nothing is sent. */
  incomplete: string[];
  warnings: string[];
};

/**
 * Pulls every source of the job into the record tables, side by side. Rows are upserts, so a pull that ends half-way
 * leaves nothing that the next one does not mend.
 * @throws SyncError when a source as a whole cannot be read; the others are stopped
 */
export async function pull(run: RunContext, reach: Reach = 'new'): Promise<Pulled> {
  const tombstones = await readTombstones(run.engine);
  await sweepStages(run.engine, run.job.name);
  const stop = new AbortController();
  const signal = AbortSignal.any([run.signal, stop.signal]);
  const pulls = run.job.sources.map(async (source) => {
    try {
      const from = await whereFrom(run, source, reach);
      const part = await pullSource({ ...run, signal }, source, from, tombstones);
      if (reach !== 'all' || !part.whole) return part;
      const { warnings = [], incomplete } = await leaveOutVanished(run, source);
      return {
        ...part,
        warnings: [...part.warnings, ...warnings],
        incomplete: incomplete ? [incomplete] : [],
      };
    } catch (error) {
      stop.abort(error);
      throw error;
    }
  });
  // None may go on storing once this has ended.
  await Promise.allSettled(pulls);
  stop.signal.throwIfAborted();
  const parts = await Promise.all(pulls);
  const erased = sum(parts, 'erased');
  const { warnings, ...quality } = await sourceQuality(run, parts);
  return {
    ...quality,
    ...(await countRecords(run)),
    rejected: sum(parts, 'rejected'),
    rejections: parts.flatMap((part) => part.rejections).slice(0, LISTED_REJECTIONS),
    incomplete: parts.flatMap(({ incomplete }, index) =>
      incomplete.map((why) => `${run.job.sources[index]!.name}: ${why}`),
    ),
    warnings: [
      ...new Set(parts.flatMap((part) => part.warnings)),
      ...warnings,
      ...(erased > 0 ? [`${erased} records of people who were erased were left out`] : []),
    ],
  };
}

function sum(parts: readonly PulledSource[], count: 'erased' | 'rejected'): number {
  return parts.reduce((total, part) => total + part[count], 0);
}

type Counts = Pick<Pulled, 'lines' | 'customers'>;

async function countRecords(run: RunContext): Promise<Counts> {
  const count = (table: string, what = 'count()') =>
    `(SELECT toUInt32(${what}) FROM ${table} FINAL WHERE source IN {sources:Array(String)} AND run_id = {run:String})`;
  const people = `uniqExact(source, substring(record_key, position(record_key, ' ')))`;
  const [counts] = await run.engine.query<Counts>(
    `SELECT ${count('order_lines')} AS lines, ${count('customers', people)} AS customers`,
    { sources: sourceKeys(run.job), run: run.run_id },
  );
  return counts ?? { lines: 0, customers: 0 };
}

/** Which records belong to the job: those of the sources it names today. */
export function sourceKeys(job: Job): string[] {
  return job.sources.map((source) => source.key);
}
