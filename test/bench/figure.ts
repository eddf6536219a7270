import { table } from '../../src/commands/text.ts';
import type { Peak } from './processes.ts';

/** One line of the bench: what was done, what it took, what it is measured against, and the one over the other. */
export type Figure = { work: string; measured: string; against: string; ratio: number };

/** From this share on a ratio has moved by more than a busy machine explains. */
const MOVED = 0.25;

/** @param was the ratios of the last time, by work */
export function figureTable(
  figures: readonly Figure[],
  was: ReadonlyMap<string, number> = new Map(),
): string {
  const rows = figures.map(({ work, measured, against, ratio }) => {
    const before = was.get(work);
    return [
      work,
      measured,
      against,
      digits(ratio),
      before === undefined ? '' : digits(before),
      moved(ratio, before),
    ];
  });
  return table(['work', 'measured', 'against', 'ratio', 'was', ''], rows);
}

function digits(ratio: number): string {
  return ratio.toFixed(ratio < 0.1 ? 3 : 2);
}

function moved(now: number, before: number | undefined): string {
  if (before === undefined || Math.abs(now - before) <= MOVED * Math.max(before, 0.01)) return '';
  return now > before ? 'up' : 'down';
}

/** The most memory that was held, of the program with its sandboxes, and of the engine process. */
export function peakTable(now: Peak, before: Peak | undefined): string {
  const row = (name: string, of: keyof Peak) => [
    name,
    Math.round(now[of]),
    before ? Math.round(before[of]) : '',
  ];
  return table(['peak memory', 'MB', 'was'], [row('program', 'program_mb'), row('engine', 'engine_mb')]);
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

/** What the program may hold in memory at any size, the engine apart. */
const MOST_MB = 300;

/** A figure of the most memory that the program held. */
export function memoryFigure(work: string, mb: number, beside: string): Figure {
  return {
    work: `${work}: memory of the program`,
    measured: `${Math.round(mb)} MB at most, ${beside}`,
    against: `${MOST_MB} MB`,
    ratio: mb / MOST_MB,
  };
}
