import { distance } from 'fastest-levenshtein';
import { missingColumn, NEEDED, type Table, type TableMeaning } from '../../../connectors/index.ts';
import { literal } from '../../engine/literal.ts';
import type { RunContext } from '../run.ts';
import { type File, fileReading } from './file.ts';
import type { Opened } from './read.ts';

/**
 * Opens lines of JSON. What a line does not say is blank, and many programs leave out what is empty; so a column is
 * missing only where none of the first lines has it, and it is needed, or another column is called nearly the same.
 * @throws SyncError `SOURCE_MISSING_COLUMN`
 */
export async function openJsonLines(run: RunContext, { name, meaning }: Table, file: File): Promise<Opened> {
  const reading = fileReading(run, file, 'LineAsString');
  proveColumns(name, meaning, keysOf(await reading.head()));
  return {
    names: undefined,
    iso: new Set(),
    cells: (wanted) => ({
      from: `${reading.from('line String')} AS input`,
      cells: wanted.map(cellOf),
      whole: ['input.line'],
      isBlank: `trim(BOTH '\\t\\r ' FROM input.line) = ''`,
      damage: `if(JSONType(input.line) = 'Object' AND isValidUTF8(input.line), '', ${literal(NO_OBJECT)})`,
    }),
    settings: [],
    insert: (sql, settings) => reading.insert(sql, settings),
  };
}

/** The keys of objects on these lines, those within others with dots. */
export function keysOf(lines: readonly string[]): Set<string> {
  const keys = new Set<string>();
  const add = (value: unknown, path: string, depth: number) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value) || depth > DEEPEST) return;
    for (const [key, inner] of Object.entries(value)) {
      keys.add(path + key);
      add(inner, `${path}${key}.`, depth + 1);
    }
  };
  for (const line of lines) {
    try {
      add(JSON.parse(line), '', 0);
    } catch {
      // It is rejected when it is read.
    }
  }
  return keys;
}

const DEEPEST = 5;
const NEARLY = 2;

function proveColumns(
  table: string,
  { columns, records, extra }: TableMeaning,
  keys: ReadonlySet<string>,
): void {
  if (keys.size === 0) return;
  const settings = [
    ...Object.entries(columns).map(([field, column]) => [column, `columns.${field}`] as const),
    ...Object.entries(extra).map(([field, column]) => [column, `extra.${field}`] as const),
  ];
  const mapped = new Set(settings.map(([column]) => column));
  const others = [...keys].filter((key) => !mapped.has(key));
  const needed = NEEDED[records].flatMap((fields) => {
    const known = fields.map((field) => columns[field]).filter((column) => column !== undefined);
    return known.some((column) => keys.has(column)) ? [] : known.slice(0, 1);
  });
  const isNear = (column: string) => {
    const near = (key: string) =>
      distance(key.toLowerCase(), column.toLowerCase()) <= (column.length > 3 ? NEARLY : 0);
    return others.some(near);
  };
  for (const [column, setting] of settings) {
    if (keys.has(column) || !(needed.includes(column) || isNear(column))) continue;
    throw missingColumn(table, column, others.length > 0 ? others : [...keys], setting);
  }
}

export const NO_OBJECT = 'the line is no JSON object';

/** A list becomes text with commas; null and what is not there become ''. */
function cellOf(name: string): string {
  const value = (path: readonly string[]) => {
    const at = ['input.line', ...path.map(literal)].join(', ');
    const list = `arrayStringConcat(JSONExtract(${at}, 'Array(String)'), ',')`;
    return `if(JSONType(${at}) = 'Array', ${list}, ifNull(JSONExtract(${at}, 'Nullable(String)'), ''))`;
  };
  const parts = name.split('.');
  if (parts.length === 1) return value([name]);
  return `if(JSONHas(input.line, ${literal(name)}), ${value([name])}, ${value(parts)})`;
}
