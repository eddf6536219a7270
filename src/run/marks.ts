import { hash } from 'node:crypto';
import { DateTime } from 'luxon';
import { FROM_THE_BEGINNING, type PullFrom } from '../../connectors/index.ts';
import { deleteRows } from '../engine/deletion.ts';
import type { Engine } from '../engine/engine.ts';
import type { Job, JobSource } from '../job/load.ts';
import type { RunContext } from './run.ts';

/** How far back a run reads its sources: what is new, everything, or what changed since a day (ISO date). */
export type Reach = 'new' | 'all' | { since: string };

/** @returns where the pull of a source begins */
export async function whereFrom(run: RunContext, source: JobSource, reach: Reach): Promise<PullFrom> {
  const known = await readMarks(run, source);
  const marks = reach === 'new' ? known : FROM_THE_BEGINNING.marks;
  const cursors = Object.entries(source.definition.cursors?.(source.settings) ?? {});
  const since = cursors.flatMap(([part, { lag_ms, start }]) => {
    const mark = reach === 'all' ? undefined : known.get(part);
    const from = mark === undefined ? start : lagged(mark, lag_ms);
    return from === undefined
      ? []
      : [[part, typeof reach === 'object' ? earlier(from, run, reach) : from] as const];
  });
  return { marks, since: new Map(since) };
}

/** From the day that was asked for, or from where the pull would begin anyway: what lies between must not be missed. */
function earlier(from: string, { job }: RunContext, reach: { since: string }): string {
  const day = DateTime.fromISO(reach.since, { zone: job.timezone }).toUTC().toISO()!;
  return isTime(from) && day < from ? day : from;
}

/** A mark that is no time, such as a growing number, has no lag. */
function lagged(mark: string, lag_ms: number): string {
  return isTime(mark) ? new Date(Date.parse(mark) - lag_ms).toISOString() : mark;
}

function isTime(mark: string): boolean {
  return /^\d{4}-/.test(mark) && !Number.isNaN(Date.parse(mark));
}

/**
 * None where a job with other settings has read the source since: jobs share its records, and those are now as that
 * job reads them.
 */
async function readMarks(run: RunContext, source: JobSource): Promise<Map<string, string>> {
  const rows = await run.engine.query<{ part: string; mark: string; latest: string }>(
    `SELECT part, argMax(marks.mark, seq) AS mark,
       (SELECT argMax(reading, seq) FROM marks WHERE source = {source:String}) AS latest
     FROM marks WHERE source = {source:String} GROUP BY part`,
    { source: source.key },
  );
  if (rows.some(({ latest }) => latest !== readingOf(run.job, source))) {
    // Before the first of its records is stored the other job has to know.
    await keepMarks(run, source, { [TURN]: '' });
    return new Map();
  }
  return new Map(rows.filter(({ mark }) => mark !== '').map(({ part, mark }) => [part, mark]));
}

/** A part without a mark: says only who reads from here on. */
const TURN = '';

/** Appends how far a source has been read. Everything up to there must be stored. */
export async function keepMarks(
  run: RunContext,
  source: JobSource,
  marks: Readonly<Record<string, string>>,
): Promise<void> {
  const reading = readingOf(run.job, source);
  const at = { source: source.key, reading, run_id: run.run_id, seq: run.clock() };
  const rows = Object.entries(marks).map(([part, mark]) => ({ ...at, part, mark }));
  if (rows.length > 0)
    await run.engine.insert('marks', rows, { token: `${run.run_id}:${source.key}:${at.seq}` });
}

/** Forgets marks that newer ones of the same part have taken the place of. @returns how many */
export function mergeMarks(engine: Engine): Promise<number> {
  const newest = '(source, part, seq) IN (SELECT source, part, max(seq) FROM marks GROUP BY source, part)';
  return deleteRows(engine, 'marks', `NOT ${newest}`);
}

/** Dates without a zone and amounts without a currency are read as the job says. */
function readingOf({ timezone, currency }: Job, { reading }: JobSource): string {
  return hash('sha256', JSON.stringify([reading, timezone, currency])).slice(0, 16);
}
