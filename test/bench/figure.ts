import { table } from '../../src/commands/text.ts';

/** One line of the bench: what was done, what it took, what it is measured against, and the one over the other. */
export type Figure = { work: string; measured: string; against: string; ratio: number };

export function figureTable(figures: readonly Figure[]): string {
  return table(
    ['work', 'measured', 'against', 'ratio'],
    figures.map(({ work, measured, against, ratio }) => [
      work,
      measured,
      against,
      ratio.toFixed(ratio < 0.1 ? 3 : 2),
    ]),
  );
}

/** A figure of time against the time of something else. */
export function timeFigure(work: string, took: number, against: string, limit: number): Figure {
  return {
    work,
    measured: `${took.toFixed(2)} s`,
    against: `${against} ${limit.toFixed(2)} s`,
    ratio: took / limit,
  };
}

/** The middle one of an odd number of values. */
export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1]!;
}

export async function seconds(work: () => unknown): Promise<number> {
  const start = performance.now();
  await work();
  return (performance.now() - start) / 1000;
}
