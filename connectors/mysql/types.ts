import mysql from 'mysql2';
import type { ColumnKind, QueryColumn } from '../query-session.ts';
import type { CellForm } from './row-writer.ts';

/** What the protocol says of a column; the driver's own types leave some of it open. */
export type Field = {
  name: string;
  columnType: number;
  characterSet: number;
  flags: number;
  columnLength: number;
};

const { Types } = mysql as unknown as { Types: Record<string, number> & Record<number, string> };
const BYTES = 63;
const TIMES = new Set([Types.DATE, Types.DATETIME, Types.TIMESTAMP, Types.NEWDATE]);
const WHOLE = new Set([Types.TINY, Types.SHORT, Types.INT24, Types.LONG, Types.LONGLONG]);
const TEXTS = new Set([
  Types.VARCHAR,
  Types.VAR_STRING,
  Types.STRING,
  Types.TINY_BLOB,
  Types.BLOB,
  Types.MEDIUM_BLOB,
  Types.LONG_BLOB,
]);

/** `bytes` and not text: BINARY, VARBINARY, BLOB, and what functions make of them. */
function isBytes({ columnType, characterSet }: Field): boolean {
  return columnType === Types.GEOMETRY || (TEXTS.has(columnType) && characterSet === BYTES);
}

export function formOf(field: Field): CellForm {
  if (field.columnType === Types.TIMESTAMP) return 'instant';
  if (TIMES.has(field.columnType)) return 'time';
  if (field.columnType === Types.BIT) return 'bits';
  return isBytes(field) ? 'hex' : 'text';
}

function kindOf({ columnType }: Field): ColumnKind {
  if (columnType === Types.TIMESTAMP) return 'instant';
  if (columnType === Types.DATETIME) return 'local_time';
  if (TIMES.has(columnType)) return 'date';
  return WHOLE.has(columnType) ? 'integer' : 'other';
}

const NAMES: Record<string, string> = {
  TINY: 'tinyint',
  SHORT: 'smallint',
  INT24: 'mediumint',
  LONG: 'int',
  LONGLONG: 'bigint',
  NEWDECIMAL: 'decimal',
  NEWDATE: 'date',
};

export function columnOf(field: Field): QueryColumn {
  const name = Types[field.columnType] ?? 'unknown';
  const text = TEXTS.has(field.columnType) ? 'text' : (NAMES[name] ?? name.toLowerCase());
  return { name: field.name, type: isBytes(field) ? 'bytes, read as hex' : text, kind: kindOf(field) };
}
