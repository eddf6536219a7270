import { closest } from 'fastest-levenshtein';
import { SyncError } from './error.ts';

/**
 * A column that the settings name and a table lacks.
 * @param table as people know it
 * @param named the setting that names the column, for example `columns.email`
 * @param text `delimited`: whether the names were found by looking for a delimiter, in the first line of a file
 */
export function missingColumn(
  table: string,
  column: string,
  names: readonly string[],
  named?: string,
  text: { delimited: boolean } = { delimited: false },
): SyncError {
  // Without a header the first line is somebody's data, which has no place in a message.
  const isHeader = !text.delimited || !names.some((name) => /@|^[\d\s.,:/+-]{4,}$/.test(name));
  const shown = isHeader ? names.filter((name) => name !== '') : [];
  const nearest = shown.length > 0 ? closest(column, shown) : undefined;
  return new SyncError({
    code: 'SOURCE_MISSING_COLUMN',
    where: table,
    what: `${table} has no column "${column}".`,
    why: nearest ? `Its columns are: ${shown.join(', ')}.` : 'Its first line does not look like a header.',
    fix: nearest
      ? `Did you mean "${nearest}"? ${named ? `Correct ${named}` : 'Export the file again'}${text.delimited ? '; if the columns above are one long name, set `delimiter`' : ''}.`
      : 'The first line of the file has to name the columns.',
  });
}
