import type { RunContext } from '../run.ts';
import type { Stage } from './stage.ts';

/**
 * Which of equal lines of an order a line is, where they follow each other, as connectors/csv/line-ids.ts counts them.
 * @returns a table of those that are not the first, or nothing where no line of an order equals another
 */
export async function numberCopies(run: RunContext, stage: Stage, rows: string): Promise<string | undefined> {
  const several = `SELECT order_id FROM ${rows} WHERE unnumbered GROUP BY order_id, line_id HAVING count() > 1`;
  const [any] = await run.engine.query(`${several} LIMIT 1`);
  if (!any) return undefined;
  const copies = await stage.create('copies', { row: 'UInt64', copy: 'UInt64' }, 'row');
  await run.engine.command(
    `INSERT INTO ${copies} (row, copy) SELECT row, copy FROM (
       SELECT row, row_number() OVER (PARTITION BY order_id, behind, line_id ORDER BY row) AS copy FROM (
         SELECT row, order_id, line_id, place - row_number() OVER (PARTITION BY order_id ORDER BY row) AS behind
         FROM (SELECT row, order_id, line_id, row_number() OVER (ORDER BY row) AS place FROM ${rows} WHERE unnumbered)
         WHERE order_id IN (${several})))
     WHERE copy > 1`,
    {},
    { signal: run.signal },
  );
  return copies;
}
