import { hash } from 'node:crypto';
import { DateTime } from 'luxon';
import { FROM_THE_BEGINNING, type PullFrom } from '../../connectors/index.ts';
import type { JobSource } from '../job/load.ts';
import type { RunContext } from './run.ts';

/** How far back a run reads its sources: what is new, everything, or what changed since a day (ISO date). */
export type Reach = 'new' | 'all' | { since: string };

/** Where the marks of a source are: a job that reads it in another way has marks of its own. */
type Shelf = { source: string; reading: string };

/** @returns where the pull of a source begins */
export async function whereFrom(run: RunContext, source: JobSource, reach: Reach): Promise<PullFrom> {
  const cursors = Object.entries(source.definition.cursors?.(source.settings) ?? {});
  if (typeof reach === 'object') {
    const since = DateTime.fromISO(reach.since, { zone: run.job.timezone }).toUTC().toISO()!;
    return { marks: new Map(), since: new Map(cursors.map(([part]) => [part, since])) };
  }
  const marks = reach === 'all' ? FROM_THE_BEGINNING.marks : await readMarks(run, source);
  const since = cursors.flatMap(([part, { lag_ms, start }]) => {
    const mark = marks.get(part);
    const from = mark === undefined ? start : lagged(mark, lag_ms);
    return from === undefined ? [] : [[part, from] as const];
  });
  return { marks, since: new Map(since) };
}

/** A mark that is no time, such as a growing number, has no lag. */
function lagged(mark: string, lag_ms: number): string {
  const time = /^\d{4}-/.test(mark) ? Date.parse(mark) : NaN;
  return Number.isNaN(time) ? mark : new Date(time - lag_ms).toISOString();
}

async function readMarks(run: RunContext, source: JobSource): Promise<Map<string, string>> {
  const rows = await run.engine.query<{ part: string; mark: string }>(
    `SELECT part, argMax(marks.mark, seq) AS mark FROM marks
     WHERE source = {source:String} AND reading = {reading:String} GROUP BY part HAVING mark != ''`,
    shelfOf(run, source),
  );
  return new Map(rows.map(({ part, mark }) => [part, mark]));
}

/** Appends how far a source has been read. Everything up to there must be stored. */
export async function keepMarks(
  run: RunContext,
  source: JobSource,
  marks: Readonly<Record<string, string>>,
): Promise<void> {
  const at = { ...shelfOf(run, source), run_id: run.run_id, seq: run.clock() };
  const rows = Object.entries(marks).map(([part, mark]) => ({ ...at, part, mark }));
  if (rows.length > 0)
    await run.engine.insert('marks', rows, { token: `${run.run_id}:${source.key}:${at.seq}` });
}

/** Dates without a zone and amounts without a currency are read as the job says. */
function shelfOf({ job }: RunContext, { key, reading }: JobSource): Shelf {
  const { timezone, currency } = job;
  return { source: key, reading: hash('sha256', JSON.stringify([reading, timezone, currency])).slice(0, 16) };
}
