import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import { SyncError, type TableRows } from '../../../connectors/index.ts';
import type { Params } from '../../engine/engine.ts';
import { literal } from '../../engine/literal.ts';
import type { RunContext } from '../run.ts';

const HEAD_LINES = 10_000;
const HEAD_BYTES = 4 * 1024 * 1024;

export type File = Extract<TableRows, { file: unknown }>['file'];

/** How a statement reads a file: a table function, what is bound for it, and the bytes where the engine cannot reach it. */
export type FileReading = {
  /** Whether the engine reads it where it is, and may do so in pieces side by side. */
  in_place: boolean;
  from(structure: string): string;
  /** Its first lines, of those that begin within so many rows or bytes. */
  head(): Promise<string[]>;
  /** @param sql INSERT … SELECT, without settings */
  insert(sql: string, settings?: readonly string[]): Promise<void>;
};

/** An object whose storage is down is tried again for seconds; by default the engine would try for an hour. */
const PATIENCE = ['s3_retry_attempts = 3', 's3_connect_timeout_ms = 5000'];
/** In a name these stand for themselves; the engine would look for other files. */
const PATTERN = /[*?{}]/;

/**
 * Reads a file of this machine in place where the engine runs here, else as a stream; an object by the engine itself,
 * wherever it runs. Keys are bound, so that no statement, message or log holds them.
 * @param format as the engine calls it
 */
export function fileReading(run: RunContext, file: File, format: string): FileReading {
  const { engine, signal } = run;
  const packing = literal(file.packed ?? 'none');
  const inPlace = (from: FileReading['from'], params: Params, patience: readonly string[]): FileReading => ({
    in_place: true,
    from,
    async head() {
      const sql = `SELECT line FROM ${from('line String')} LIMIT ${HEAD_LINES}${settled(patience)}`;
      const rows = await told(file, engine.query<{ line: string }>(sql, params, { signal }));
      return rows.map(({ line }) => line);
    },
    insert: (sql, settings = []) =>
      told(file, engine.command(`${sql}${settled([...settings, ...patience])}`, params, { signal })),
  });
  if ('url' in file) {
    const { url, access_key, secret_key } = file;
    const keys = access_key === undefined ? 'NOSIGN' : '{access_key:String}, {secret_key:String}';
    return inPlace(
      (structure) => `s3({url:String}, ${keys}, '${format}', ${literal(structure)}, ${packing})`,
      { url, ...(access_key === undefined ? {} : { access_key, secret_key }) },
      PATIENCE,
    );
  }
  if (engine.reads_files && !PATTERN.test(file.path)) {
    return inPlace(
      (structure) => `file(${literal(file.path)}, '${format}', ${literal(structure)}, ${packing})`,
      {},
      [],
    );
  }
  return {
    in_place: false,
    from: (structure) => `input(${literal(structure)})`,
    head: () => firstLines(unpacked(file)),
    insert: (sql, settings = []) =>
      engine.load(`${sql}${settled(settings)} FORMAT ${format}`, unpacked(file), { signal }),
  };
}

function settled(settings: readonly string[]): string {
  return settings.length > 0 ? ` SETTINGS ${settings.join(', ')}` : '';
}

/** Says of an object that the storage did not give it; the listing before proved the keys. */
async function told<T>(file: File, answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    if (!('url' in file) || (error as { type?: unknown }).type !== 'S3_ERROR') throw error;
    throw new SyncError(
      {
        code: 'SOURCE_UNREADABLE',
        where: decodeURIComponent(new URL(file.url).pathname),
        what: 'The storage listed the object and did not give it.',
        why: 'The key may list but not read, the object may have gone since, or the storage is down.',
        fix: 'Give the key the right s3:GetObject; else it is asked again at the next run.',
      },
      { retry: 'next_run', cause: error },
    );
  }
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
