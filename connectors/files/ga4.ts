/** The table that a file was exported from stands somewhere in its path. */
const TABLE = /events_(intraday_|fresh_)?(\d{8})(?!\d)/;

/**
 * Leaves out files of the tables that Google Analytics fills during a day (events_intraday_, events_fresh_) where the
 * table of that day is there: it holds the same events, complete.
 */
export function withoutSuperseded<File extends { name: string }>(files: readonly File[]): File[] {
  const tables = files.map((file) => ({ file, table: TABLE.exec(file.name) }));
  const whole = new Set(tables.filter(({ table }) => table && !table[1]).map(({ table }) => table![2]));
  return tables.filter(({ table }) => !table?.[1] || !whole.has(table[2])).map(({ file }) => file);
}
