import type { Engine } from '../engine/engine.ts';
import type { HistoryEntry } from '../report/explain.ts';

/** The newest run of each date stands for it. */
const DATES = `
  SELECT as_of, max(run_id) AS run_id FROM runs
  WHERE job = {job:String} AND event IN ('segmented', 'backfilled') GROUP BY as_of`;

/** A person may have had another name then: each of their nodes may have been it. */
const MINE = `
  SELECT run_id, argMax(segments, customer = {customer:String}) AS segments FROM assignments
  WHERE job = {job:String} AND customer IN {names:Array(String)} GROUP BY run_id`;

/** The dates on which a customer's segments were others than on the date before, the oldest first. */
export async function segmentHistory(
  engine: Engine,
  job: string,
  { customer, nodes }: { customer: string; nodes: readonly string[] },
): Promise<HistoryEntry[]> {
  const rows = await engine.query<{ as_of: string; run_id: string; segments: string[]; known: boolean }>(
    `SELECT toString(d.as_of) AS as_of, d.run_id AS run_id, m.segments AS segments, toBool(m.run_id IS NOT NULL) AS known
     FROM (${DATES}) AS d LEFT JOIN (${MINE}) AS m ON m.run_id = d.run_id ORDER BY as_of`,
    { job, customer, names: nodes },
  );
  const history: HistoryEntry[] = [];
  let before: string[] = [];
  let was = false;
  for (const { as_of, run_id, segments, known } of rows) {
    const entered = segments.filter((segment) => !before.includes(segment));
    const left = before.filter((segment) => !segments.includes(segment));
    if (entered.length + left.length > 0 || was !== known)
      history.push({ as_of, run_id, entered, left, gone: !known });
    [before, was] = [segments, known];
  }
  return history;
}
