import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import type { TableRows } from '../../../connectors/index.ts';
import type { Params } from '../../engine/engine.ts';
import { literal } from '../../engine/literal.ts';
import type { RunContext } from '../run.ts';

const HEAD_LINES = 10_000;
const HEAD_BYTES = 4 * 1024 * 1024;

export type File = Extract<TableRows, { file: unknown }>['file'];

/** How a statement reads a file: a table function, what is bound for it, and the bytes where the engine cannot reach it. */
export type FileReading = {
  from(structure: string): string;
  /** Its first lines, of those that begin within so many rows or bytes. */
  head(): Promise<string[]>;
  /** @param sql INSERT … SELECT */
  insert(sql: string): Promise<void>;
};

/**
 * Reads a file of this machine in place where the engine runs here, else as a stream; an object by the engine itself,
 * wherever it runs. Keys are bound, so that no statement, message or log holds them.
 * @param format as the engine calls it
 */
export function fileReading(run: RunContext, file: File, format: string): FileReading {
  const { engine, signal } = run;
  const packing = literal(file.packed ?? 'none');
  const inPlace = (from: FileReading['from'], params: Params): FileReading => ({
    from,
    async head() {
      const sql = `SELECT line FROM ${from('line String')} LIMIT ${HEAD_LINES}`;
      return (await engine.query<{ line: string }>(sql, params, { signal })).map(({ line }) => line);
    },
    insert: (sql) => engine.command(sql, params, { signal }),
  });
  if ('url' in file) {
    const { url, access_key, secret_key } = file;
    const keys = access_key === undefined ? 'NOSIGN' : '{access_key:String}, {secret_key:String}';
    return inPlace(
      (structure) => `s3({url:String}, ${keys}, '${format}', ${literal(structure)}, ${packing})`,
      { url, ...(access_key === undefined ? {} : { access_key, secret_key }) },
    );
  }
  if (engine.reads_files) {
    return inPlace(
      (structure) => `file(${literal(file.path)}, '${format}', ${literal(structure)}, ${packing})`,
      {},
    );
  }
  return {
    from: (structure) => `input(${literal(structure)})`,
    head: () => firstLines(unpacked(file)),
    insert: (sql) => engine.load(`${sql} FORMAT ${format}`, unpacked(file), { signal }),
  };
}

async function firstLines(bytes: AsyncIterable<Uint8Array>): Promise<string[]> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of bytes) {
    chunks.push(chunk);
    size += chunk.length;
    if (size >= HEAD_BYTES) break;
  }
  const lines = Buffer.concat(chunks).toString().split('\n');
  return (size >= HEAD_BYTES ? lines.slice(0, -1) : lines).slice(0, HEAD_LINES);
}

function unpacked({ path, packed }: Exclude<File, { url: string }>): AsyncIterable<Uint8Array> {
  const stored = createReadStream(path, { highWaterMark: 256 * 1024 });
  if (!packed) return stored;
  const unpacker = packed === 'gz' ? createGunzip() : createZstdDecompress();
  // The error of either stream ends the reading of the other.
  pipeline(stored, unpacker, () => {});
  return unpacker;
}
