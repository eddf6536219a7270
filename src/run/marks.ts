import { hash } from 'node:crypto';
import { DateTime } from 'luxon';
import { FROM_THE_BEGINNING, type PullFrom } from '../../connectors/index.ts';
import type { Job, JobSource } from '../job/load.ts';
import type { RunContext } from './run.ts';

/** How far back a run reads its sources: what is new, everything, or what changed since a day (ISO date). */
export type Reach = 'new' | 'all' | { since: string };

/** @returns where the pull of a source begins */
export async function whereFrom(run: RunContext, source: JobSource, reach: Reach): Promise<PullFrom> {
  const cursors = Object.entries(source.definition.cursors?.(source.settings) ?? {});
  const known = await readMarks(run, source);
  if (typeof reach === 'object') {
    const since = DateTime.fromISO(reach.since, { zone: run.job.timezone }).toUTC().toISO()!;
    return { marks: new Map(), since: new Map(cursors.map(([part]) => [part, since])) };
  }
  const marks = reach === 'all' ? FROM_THE_BEGINNING.marks : known;
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

/** Dates without a zone and amounts without a currency are read as the job says. */
function readingOf({ timezone, currency }: Job, { reading }: JobSource): string {
  return hash('sha256', JSON.stringify([reading, timezone, currency])).slice(0, 16);
}
