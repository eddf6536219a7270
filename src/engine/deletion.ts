import { mutate } from './definition.ts';
import type { Engine, Params } from './engine.ts';

/** Deleting rewrites every part with such rows, so it waits until this share of the rows has to go. */
const WORTHWHILE = 0.05;

/**
 * Deletes rows. What the engine has begun it ends, also after having been killed, part by part: whoever reads meanwhile
 * may see some of the rows, so the condition must hold for a row as long as it is there.
 *
 * @param where SQL; a subquery may read the table itself
 * @param options.among SQL: the rows that a few are a share of
 * @param options.overdue SQL: rows that do not wait until there are more; without it none waits
 * @returns how many rows were deleted
 */
export async function deleteRows(
  engine: Engine,
  table: string,
  where: string,
  params: Params = {},
  { among = 'true', overdue = 'true' }: { among?: string; overdue?: string } = {},
): Promise<number> {
  const [row] = await engine.query<{ all: number; doomed: number; late: number }>(
    `SELECT toFloat64(count()) AS all, toFloat64(countIf(is_doomed)) AS doomed, toFloat64(countIf(is_doomed AND is_overdue)) AS late
     FROM (SELECT ${where} AS is_doomed, ${overdue} AS is_overdue FROM ${table} WHERE ${among})`,
    params,
  );
  const { all, doomed, late } = row!;
  if (late === 0 && (doomed === 0 || doomed < all * WORTHWHILE)) return 0;
  await mutate(engine, table, `DELETE WHERE ${among} AND ${where}`, params);
  return doomed;
}
