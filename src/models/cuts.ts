import { ckmeans } from 'simple-statistics';
import type { Engine, Params } from '../engine/engine.ts';

/**
 * Where an axis is cut: below `low` is low, above `high` is high, the rest (ends included) is medium. So that people
 * with equal numbers are never parted, and a shop where all are equal is all medium.
 */
export type Cuts = { low: string; high: string };

/** How to cut: by shares of the customers, by given numbers, or where the numbers themselves leave gaps. */
export type CutRule = { cuts: 'quantiles' | 'natural_breaks' | 'absolute'; at: readonly [number, number] };

/** Points of the distribution that natural breaks are looked for in; each stands for as many customers. */
const POINTS = 1000;

/**
 * @param axis a SQL expression over `from`, a number or a decimal
 * @param from rows the cuts are taken from, as SQL
 * @returns the cuts as decimal strings; undefined where there are no rows
 */
export async function findCuts(
  engine: Engine,
  rule: CutRule,
  axis: string,
  from: string,
  params: Params,
): Promise<Cuts | undefined> {
  if (rule.cuts === 'absolute') return { low: String(rule.at[0]), high: String(rule.at[1]) };
  // quantilesExact takes the element at floor(level * rows) of the sorted numbers, so a cut is a number that occurs.
  const levels =
    rule.cuts === 'quantiles'
      ? rule.at
      : Array.from({ length: POINTS }, (_, point) => (point + 0.5) / POINTS);
  const [row] = await engine.query<{ points: string[]; rows: number }>(
    `SELECT arrayMap(point -> toString(point), quantilesExact(${levels.join(', ')})(${axis})) AS points,
            toUInt32(count()) AS rows FROM ${from}`,
    params,
  );
  if (!row?.rows) return undefined;
  if (rule.cuts === 'quantiles') return { low: row.points[0]!, high: row.points[1]! };
  return naturalBreaks(row.points);
}

/** Jenks natural breaks into three classes; with fewer than three different numbers there is nothing to part. */
function naturalBreaks(points: readonly string[]): Cuts {
  const numbers = points.map(Number);
  if (new Set(numbers).size < 3) return { low: points[0]!, high: points.at(-1)! };
  const medium = ckmeans(numbers, 3)[1]!;
  return { low: String(medium[0]), high: String(medium.at(-1)) };
}
