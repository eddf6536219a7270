import type { Readable } from 'node:stream';
import { closest } from 'fastest-levenshtein';
import { SyncError } from '../../connectors/index.ts';
import type { Engine } from '../engine/engine.ts';
import { extrasOf, type Job } from '../job/load.ts';
import { playbookOf } from '../job/playbook.ts';
import { sourceOf, type Property } from '../job/properties.ts';
import { matchSegments, modelsOf, segmentsOf } from '../job/segments.ts';
import { foundCategories } from './categories.ts';
import { columnsOf, exportedSql, isPlay, playParams, quoted } from './export-columns.ts';
import { notRunYet } from './overview.ts';
import { lastRun } from './state.ts';

export type ExportedSegment = {
  run_id: string;
  /** ISO date. */
  as_of: string;
  customers: number;
  /** The CSV, with its heading. */
  rows: Readable;
};

/**
 * The customers of one or more segments, by the job's last run or plan: who they are, their segment in every model,
 * their numbers, and what the playbook says to do.
 * @param options `segment` may hold a `*`; `columns` are all unless given
 * @throws SyncError `ARGUMENT_WRONG` where the job has not run, or has no such segment or column
 */
export async function exportSegment(
  engine: Engine,
  job: Job,
  options: { segment: string; columns?: readonly string[] },
): Promise<ExportedSegment> {
  const names = options.columns ?? columnsOf(modelsOf(job.segments));
  const columns = readColumns(names, job);
  const known = segmentsOf(job.segments, await foundCategories(engine, job.name));
  const segments = matchSegments(options.segment, known);
  if (segments.length === 0) {
    const near = closest(
      options.segment,
      known.map(({ name }) => name),
    );
    throw argument(`No segment is called ${options.segment}.`, `Did you mean ${near}?`);
  }
  const last = await lastRun(engine, job.name, 'segmented');
  if (!last) throw notRunYet(job.name);
  const asked = segments.map(({ name }) => name);
  const plays = playParams(playbookOf(job.segments), asked);
  const params = { job: job.name, run: last.run_id, segments: asked, ...plays };
  const [count] = await engine.query<{ customers: number }>(
    `SELECT toUInt32(count()) AS customers FROM (${exportedSql([], [])})`,
    params,
  );
  const rows = await engine.bytes(
    `SELECT ${names.map(quoted).join(', ')} FROM (${exportedSql(columns, names.filter(isPlay))}) ORDER BY customer
     SETTINGS format_csv_null_representation = '' FORMAT CSVWithNames`,
    params,
  );
  return { run_id: last.run_id, as_of: last.as_of, customers: count!.customers, rows };
}

/** @returns what fills the named columns, but for those of the playbook */
function readColumns(names: readonly string[], { segments, sources }: Job): Property[] {
  const extras = extrasOf(sources);
  return [...new Set(names)].flatMap((name) => {
    if (isPlay(name)) return [];
    const from = sourceOf(name, { models: segments, extras });
    if (from) return [{ name, from }];
    const all = [
      ...columnsOf(modelsOf(segments)),
      ...(segments.custom ?? []).map((custom) => `custom.${custom.name}`),
      ...extras.map((extra) => `extra.${extra}`),
    ];
    throw argument(
      `There is no column ${name}.`,
      `Did you mean ${closest(name, all)}? There are: ${all.join(', ')}.`,
    );
  });
}

function argument(what: string, fix: string): SyncError {
  return new SyncError({ code: 'ARGUMENT_WRONG', what, fix });
}
