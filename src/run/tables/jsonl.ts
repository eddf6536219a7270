import { literal } from '../../engine/literal.ts';
import type { RunContext } from '../run.ts';
import { type File, fileReading } from './file.ts';
import type { Opened } from './read.ts';

/** Opens lines of JSON. Which columns there are is known only once all lines are read: absent ones are blank. */
export function openJsonLines(run: RunContext, file: File): Opened {
  const reading = fileReading(run, file, 'LineAsString');
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
    insert: (sql) => reading.insert(sql),
  };
}

const NO_OBJECT = 'the line is no JSON object';

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
