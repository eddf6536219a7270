import { distance } from 'fastest-levenshtein';
import { missingColumn, NEEDED, type Table, type TableMeaning } from '../../../connectors/index.ts';
import { literal } from '../../engine/literal.ts';
import { written } from './amounts.ts';
import type { RunContext } from '../run.ts';
import { type File, fileReading } from './file.ts';
import type { Opened } from './read.ts';
import { quoted } from './sql.ts';

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
      from: foundIn(reading.from('line String'), wanted),
      cells: wanted.map((name, index) =>
        cellOf(name, `tupleElement(input.found, ${index + 1})`, meaning.decimal),
      ),
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

/** Lines with what stands in each under these names, as text: a line is looked through once for all of them. */
function foundIn(lines: string, names: readonly string[]): string {
  const types = names.map((name) => `${quoted(name)} Nullable(String)`).join(', ');
  return `(SELECT line, JSONExtract(line, ${literal(`Tuple(${types})`)}) AS found FROM ${lines}) AS input`;
}

/**
 * A list becomes text with commas; null and what is not there become ''.
 * @param found SQL of what stands under the name as a whole, which is nearly always what is meant; NULL where nothing does
 */
function cellOf(name: string, found: string, decimal: TableMeaning['decimal']): string {
  const path = name.split('.');
  const whole = valueOf(`ifNull(${found}, '')`, [name], decimal);
  if (path.length === 1) return whole;
  const nested = valueOf(`ifNull(JSONExtract(${at(path)}, 'Nullable(String)'), '')`, path, decimal);
  return `if(isNotNull(${found}) OR JSONHas(input.line, ${literal(name)}), ${whole}, ${nested})`;
}

/** @param text SQL of what stands at the path, a list as JSON writes it */
function valueOf(text: string, path: readonly string[], decimal: TableMeaning['decimal']): string {
  const list = `arrayStringConcat(JSONExtract(${at(path)}, 'Array(String)'), ',')`;
  const number =
    decimal === '.'
      ? ''
      : `position(${text}, '.') > 0 AND JSONType(${at(path)}) = 'Double', ${written(text, decimal)}, `;
  return `multiIf(startsWith(${text}, '[') AND JSONType(${at(path)}) = 'Array', ${list}, ${number}${text})`;
}

function at(path: readonly string[]): string {
  return ['input.line', ...path.map(literal)].join(', ');
}
