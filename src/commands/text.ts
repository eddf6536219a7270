import type { Problem } from '../../connectors/index.ts';
import { paint } from './paint.ts';

/**
 * A table for people: a row of headings, then the rows; columns of numbers, also of written ones,
 * are right-aligned.
 * @returns lines without a trailing line end
 */
export function table(headings: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  const cells = rows.map((row) =>
    row.map((cell) => (typeof cell === 'number' ? cell.toLocaleString('en') : cell)),
  );
  const widths = headings.map((heading, column) =>
    Math.max(heading.length, ...cells.map((row) => row[column]?.length ?? 0)),
  );
  const numeric = headings.map(
    (_, column) => rows.length > 0 && cells.every((row) => FIGURE.test(row[column] ?? '')),
  );
  const line = (row: readonly string[]) =>
    row
      .map((cell, column) =>
        numeric[column] ? cell.padStart(widths[column]!) : cell.padEnd(widths[column]!),
      )
      .join('  ')
      .trimEnd();
  // A last column of sentences is folded to the terminal, and no rule is longer than that.
  const before = widths.slice(0, -1).reduce((sum, width) => sum + width + 2, 0);
  const rules = widths.map((width, column) =>
    column === widths.length - 1
      ? Math.max(headings[column]!.length, Math.min(width, WIDTH - before))
      : width,
  );
  return [line(headings), line(rules.map((width) => '-'.repeat(width))), ...cells.map(line)].join('\n');
}

/** What a terminal is sure to hold in one line. */
const WIDTH = 80;

/** With separators and decimals, and as a share; nothing where there is none. */
const FIGURE = /^(-?[\d,.]+( %)?)?$/;

/**
 * A table whose lines fit a terminal: columns that find no place stand in a further table below, beside the same first
 * columns.
 * @param keys how many columns say what a row is about
 */
export function fittedTable(
  headings: readonly string[],
  rows: readonly (readonly (string | number)[])[],
  keys = 1,
): string {
  const part = (from: number, to: number) => {
    const some = <Cell>(row: readonly Cell[]) => [...row.slice(0, keys), ...row.slice(from, to)];
    return table(some(headings), rows.map(some));
  };
  const fits = (text: string) => text.split('\n').every((line) => line.length <= WIDTH);
  const parts: string[] = [];
  for (let from = keys; from < headings.length;) {
    let to = from + 1;
    while (to < headings.length && fits(part(from, to + 1))) to += 1;
    parts.push(part(from, to));
    from = to;
  }
  return parts.join('\n\n');
}

/** A problem in four parts: code and place, what happened, why, what to do. */
export function problemText(problem: Problem): string {
  const head = [paint('bad', problem.code), problem.where].filter(Boolean).join('  ');
  const body = [problem.what, problem.why, problem.fix].filter(Boolean).map((part) => `  ${part}`);
  return [head, ...body].join('\n');
}

/** A decimal string with thousands separators and two decimals, for tables. */
export function money(amount: string): string {
  return Number(amount).toLocaleString('en', { minimumFractionDigits: 2, maximumFractionDigits: 2 });
}
