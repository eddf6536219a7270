import { type Box, type Local, type Maximum, maximise } from './newton.ts';

/**
 * About how many rows the starts are compared on, and how many times more each further search has at the most, until
 * it has all. Each begins so near its maximum that two or three steps do.
 */
const FIRST_ROWS = 2000;
const MORE_ROWS = 25;

type Columns = Record<string, Uint32Array | Float64Array>;

/**
 * The highest maximum over several starts, found on a part of the rows and followed to all of them.
 *
 * @param starts in the natural parameters, as is `natural`; the likelihood and the maximum are in their logarithms
 */
export function search<Rows extends Columns>(
  likelihood: (rows: Rows) => (at: number[]) => Local,
  rows: Rows,
  starts: number[][],
  natural: Box,
): Maximum {
  const box = { lower: natural.lower.map(Math.log), upper: natural.upper.map(Math.log) };
  const length = rows.count!.length;
  const part = (every: number) => likelihood(every > 1 ? thinned(rows, every) : rows);
  const thinnest = Math.max(1, Math.ceil(length / FIRST_ROWS));
  const first = part(thinnest);
  let best = starts
    .map((start) => maximise(first, start.map(Math.log), box))
    .reduce((best, next) => (better(next, best) ? next : best));
  // At least one, which also takes the errors from the maximum itself, where they were taken a last step before it. And
  // even ones, so that the last but one does not cost nearly as much as all.
  const steps = Math.max(1, Math.ceil(Math.log(thinnest) / Math.log(MORE_ROWS)));
  for (let left = steps - 1; left >= 0; left--)
    best = maximise(part(Math.round(thinnest ** (left / steps))), best.at, box);
  return best;
}

function better(next: Maximum, best: Maximum): boolean {
  return next.converged === best.converged ? next.value > best.value : next.converged;
}

function thinned<Rows extends Columns>(rows: Rows, every: number): Rows {
  const thin = (column: Uint32Array | Float64Array) => {
    const kept = column.slice(0, Math.ceil(column.length / every));
    for (let i = 0; i < kept.length; i++) kept[i] = column[i * every]!;
    return kept;
  };
  return Object.fromEntries(Object.entries(rows).map(([key, column]) => [key, thin(column)])) as Rows;
}

/** By the delta method: the search runs in logarithms, so an error there is relative to the parameter. */
export function standardErrors(
  names: string[],
  { at, pressed, covariance }: Maximum,
): Record<string, number> {
  if (!covariance) return {};
  const errors = at.map((value, i) => [names[i]!, Math.exp(value) * Math.sqrt(covariance[i]![i]!)] as const);
  return Object.fromEntries(errors.filter((_, i) => !pressed[i]));
}
