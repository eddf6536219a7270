import type { ColumnKind } from '../query-session.ts';

/** A type as the catalogue knows it: its number, its full name with modifiers, its category. */
export type TypeRow = { oid: number; type: string; category: string };

const KINDS: Record<number, ColumnKind> = {
  1184: 'instant',
  1114: 'local_time',
  1082: 'date',
  20: 'integer',
  21: 'integer',
  23: 'integer',
};

export function kindOf({ oid, type, category }: TypeRow): ColumnKind {
  if (category === 'A') return 'list';
  // numeric(20,0) is what other databases' ids become.
  return /^numeric\(\d+,0\)$/.test(type) ? 'integer' : (KINDS[oid] ?? 'other');
}

/** What is written for a parameter: a number is compared with a whole one. */
export function parameterKind({ category, ...row }: TypeRow): ColumnKind {
  return category === 'N' ? 'integer' : kindOf({ ...row, category });
}

/** The type that a parameter is given; smaller whole numbers would not hold what is before all of them. */
export function castOf({ type }: TypeRow): string {
  return type === 'smallint' || type === 'integer' ? 'bigint' : type;
}
