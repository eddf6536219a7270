import { open } from 'node:fs/promises';
import { SyncError, type TableMeaning } from '../../../connectors/index.ts';
import { written } from './amounts.ts';
import { literal } from '../../engine/literal.ts';
import type { RunContext } from '../run.ts';
import { type File, fileReading } from './file.ts';
import type { Opened } from './read.ts';
import { quoted } from './sql.ts';
import type { Stage } from './stage.ts';

type Column = { name: string; kind: 'text' | 'number' | 'list' | 'date' | 'instant' | 'other' };

/**
 * Opens a Parquet file; its columns are known from its end.
 * @param table what people call it, and the decimal sign of amounts in its texts
 * @param nested columns of records that are read too, by their names with dots
 */
export async function openParquet(
  run: RunContext,
  { name: table, decimal }: { name: string; decimal: TableMeaning['decimal'] },
  file: File,
  stage: Stage,
  nested: readonly string[] = [],
): Promise<Opened> {
  const columns = await columnsOf(run, table, file, stage);
  const readable = columns.filter(({ name, kind }) => kind !== 'other' || nested.includes(name));
  const reading = fileReading(run, file, 'Parquet');
  const cellOf = (name: string) => {
    const column = readable.find((one) => one.name === name)!;
    const cell = `input.${quoted(name)}`;
    if (column.kind === 'list')
      return `arrayStringConcat(arrayMap(part -> ifNull(toValidUTF8(part), ''), ${cell}), ',')`;
    if (column.kind === 'number') return written(`ifNull(${cell}, '')`, decimal);
    if (column.kind === 'instant') return `ifNull(concat(${cell}, 'Z'), '')`;
    return `ifNull(toValidUTF8(${cell}), '')`;
  };
  return {
    names: readable.map(({ name }) => name),
    iso: new Set(
      readable.filter(({ kind }) => kind === 'date' || kind === 'instant').map(({ name }) => name),
    ),
    cells(wanted, needsWhole) {
      const read = needsWhole ? readable : readable.filter(({ name }) => wanted.includes(name));
      const structure = read.map(
        ({ name, kind }) =>
          `${quoted(name)} ${kind === 'list' ? 'Array(Nullable(String))' : 'Nullable(String)'}`,
      );
      return {
        from: `${reading.from(structure.join(', '))} AS input`,
        cells: wanted.map(cellOf),
        whole: needsWhole ? read.map(({ name }) => cellOf(name)) : [],
        ...(reading.in_place ? { row: 'ifNull(input._row_number, 0) + 1' } : {}),
      };
    },
    settings: ['input_format_parquet_allow_missing_columns = 0'],
    insert: (sql, settings) => reading.insert(sql, settings),
  };
}

/** Reads what a Parquet file says of its columns, which stands at its end. */
async function columnsOf(run: RunContext, table: string, file: File, stage: Stage): Promise<Column[]> {
  const facts = await stage.create(
    'columns',
    { place: 'UInt32', name: 'String', path: 'String', means: 'String' },
    'place',
  );
  const described = await run.engine.query<{ name: string; type: string }>(
    `DESCRIBE TABLE format(ParquetMetadata, 'x')`,
  );
  const structure = `columns ${described.find(({ name }) => name === 'columns')!.type}`;
  const select = (from: string) => `INSERT INTO ${facts} (place, name, path, means)
    SELECT place, columns[place].name, columns[place].path, concat(columns[place].physical_type, ' ', columns[place].logical_type)
    FROM ${from} ARRAY JOIN arrayEnumerate(columns) AS place`;
  if ('url' in file) {
    const reading = fileReading(run, file, 'ParquetMetadata');
    await reading.insert(select(reading.from(structure)));
  } else {
    const end = await footer(table, file.path);
    const bytes = async function* () {
      yield end;
    };
    await run.engine.load(`${select(`input(${literal(structure)})`)} FORMAT ParquetMetadata`, bytes());
  }
  const rows = await run.engine.query<{ name: string; path: string; means: string }>(
    `SELECT name, path, means FROM ${facts} ORDER BY place`,
  );
  return rows.map(({ name, path, means }) => {
    if (name === path) return { name, kind: kindOf(means) };
    const list = /^(.*)\.(?:list|bag|array)\.(?:element|item|array_element|array)$/.exec(path);
    return list ? { name: list[1]!, kind: 'list' } : { name: path, kind: 'other' };
  });
}

function kindOf(means: string): Column['kind'] {
  if (/^INT96|Timestamp\(isAdjustedToUTC=true/.test(means)) return 'instant';
  if (/^(?:DOUBLE|FLOAT)|Decimal\(/.test(means)) return 'number';
  return /Timestamp\(|\bDate\b/.test(means) ? 'date' : 'text';
}

const MARK = Buffer.from('PAR1');

/** A Parquet file without its rows: the mark at its beginning, and its end, whose length stands before the last mark. */
async function footer(table: string, path: string): Promise<Buffer> {
  const handle = await open(path);
  try {
    const { size } = await handle.stat();
    const last = await handle.read(Buffer.alloc(8), 0, 8, Math.max(0, size - 8));
    const length = last.buffer.readUInt32LE(0) + 8;
    if (last.bytesRead < 8 || !last.buffer.subarray(4).equals(MARK) || length > size) throw noParquet(table);
    const end = await handle.read(Buffer.alloc(length), 0, length, size - length);
    return Buffer.concat([MARK, end.buffer]);
  } finally {
    await handle.close();
  }
}

function noParquet(table: string): SyncError {
  return new SyncError(
    {
      code: 'SOURCE_UNREADABLE',
      where: table,
      what: `${table} does not end as a Parquet file ends.`,
      fix: 'Put the whole file there; it may have been read while it was being written.',
    },
    { retry: 'next_run' },
  );
}
