import { literal } from '../engine/literal.ts';
import { FIELDS, type FieldType } from '../job/fields.ts';
import type { PropertySource } from '../job/properties.ts';

export type ColumnType = FieldType | 'flag';

/**
 * What fills a column of a file, as SQL over the facts of a customer (`factsOf`) and the `segments` of theirs. A segment
 * goes by what follows its model, as in the job file: labels change, and other programs read files.
 */
export function columnOf(from: PropertySource): { sql: string; type: ColumnType } {
  if (from.kind === 'field') return { sql: from.field, type: FIELDS[from.field].type };
  if (from.kind === 'extra') return { sql: `extra[${literal(from.column)}]`, type: 'text' };
  if (from.kind === 'membership')
    return { sql: `CAST(has(segments, ${literal(from.segment)}), 'Bool')`, type: 'flag' };
  const before = `${from.of}.`;
  const own = `arrayFilter(name -> startsWith(name, ${literal(before)}), segments)`;
  return {
    sql: `arrayStringConcat(arrayMap(name -> substring(name, ${before.length + 1}), ${own}), ', ')`,
    type: 'text',
  };
}

/** The columns of `facts` that some sources are made of. */
export function factsOf(sources: readonly PropertySource[]): string[] {
  return sources.flatMap((from) => {
    if (from.kind === 'field') return [from.field];
    return from.kind === 'extra' ? ['extra'] : [];
  });
}
