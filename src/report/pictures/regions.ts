type Level = 'high' | 'medium' | 'low';

/** The segment of each cell, value before engagement. */
export type Grid = Record<Level, Record<Level, string>>;

/** Rows from high value down, columns from low engagement to high. */
export type Cell = { row: number; column: number };

/** Cells of one segment that lie side by side. */
export type Region = {
  segment: string;
  cells: Cell[];
  /** Where its name stands: the cell with the most neighbours of its own. */
  named: Cell;
  /** Whether the segment's numbers stand here; of several regions, in the largest. */
  counted: boolean;
};

const ROWS: readonly Level[] = ['high', 'medium', 'low'];
const COLUMNS: readonly Level[] = ['low', 'medium', 'high'];

/** The regions of a grid, in reading order. */
export function regions(grid: Grid): Region[] {
  const left = ROWS.flatMap((value, row) =>
    COLUMNS.map((engagement, column) => ({ row, column, segment: grid[value][engagement] })),
  );
  const found: Omit<Region, 'counted'>[] = [];
  while (left.length > 0) {
    const { segment, ...first } = left.shift()!;
    const cells: Cell[] = [first];
    for (const cell of cells) {
      for (const other of left.filter((other) => other.segment === segment && touch(cell, other))) {
        left.splice(left.indexOf(other), 1);
        cells.push({ row: other.row, column: other.column });
      }
    }
    const neighbours = (cell: Cell) => cells.filter((other) => touch(cell, other)).length;
    const named = cells.reduce((best, cell) => (neighbours(cell) > neighbours(best) ? cell : best));
    found.push({ segment, cells, named });
  }
  const largest = (segment: string) =>
    found
      .filter((region) => region.segment === segment)
      .reduce((best, region) => (region.cells.length > best.cells.length ? region : best));
  return found.map((region) => ({ ...region, counted: largest(region.segment) === region }));
}

function touch(a: Cell, b: Cell): boolean {
  return Math.abs(a.row - b.row) + Math.abs(a.column - b.column) === 1;
}
