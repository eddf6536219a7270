import { missingColumn } from '../missing-column.ts';

/** A cell of the current row by column, trimmed; '' where the file has no such column. */
export type Cell = (cells: readonly string[]) => string;

export type Header = {
  has(column: string): boolean;
  /** @throws SyncError `SOURCE_MISSING_COLUMN` */
  required(column: string, named?: string): Cell;
  optional(column: string): Cell;
};

/** Finds columns by their header, spaces around it aside; of two columns of one name the first is meant. */
export function readHeader(file: string, cells: readonly string[]): Header {
  const names = cells.map((cell) => cell.trim());
  const at = (index: number): Cell => (index === -1 ? () => '' : (row) => (row[index] ?? '').trim());
  return {
    has: (column) => names.includes(column),
    optional: (column) => at(names.indexOf(column)),
    required(column, named) {
      const index = names.indexOf(column);
      if (index === -1) throw missingColumn(file, column, names, named, { delimited: true });
      return at(index);
    },
  };
}
