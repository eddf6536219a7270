import { closest } from 'fastest-levenshtein';
import { SyncError } from '../error.ts';

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
      if (index === -1) throw missingColumn(file, column, names, named);
      return at(index);
    },
  };
}

/** @param named the setting that names the column, for example `columns.email` */
function missingColumn(file: string, column: string, names: readonly string[], named?: string): SyncError {
  // Without a header the first line is somebody's data, which has no place in a message.
  const isHeader = !names.some((name) => /@|^[\d\s.,:/+-]{4,}$/.test(name));
  const shown = isHeader ? names.filter((name) => name !== '') : [];
  const nearest = shown.length > 0 ? closest(column, shown) : undefined;
  return new SyncError({
    code: 'SOURCE_MISSING_COLUMN',
    where: file,
    what: `${file} has no column "${column}".`,
    why: nearest ? `Its columns are: ${shown.join(', ')}.` : 'Its first line does not look like a header.',
    fix: nearest
      ? `Did you mean "${nearest}"? ${named ? `Correct ${named}` : 'Export the file again'}; if the columns above are one long name, set \`delimiter\`.`
      : 'The first line of the file has to name the columns.',
  });
}
