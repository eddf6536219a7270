import { SyncError } from '../error.ts';
import { fileMark, filesToRead } from '../file-marks.ts';
import { findFiles, versionAt } from '../local-files.ts';
import type { Page } from '../records.ts';
import type { PullFrom, Source, SourceContext } from '../source.ts';
import type { TableRows } from '../table.ts';
import { listObjects } from './s3.ts';
import type { FilesSettings } from './schema.ts';

type Found = {
  name: string;
  size: number;
  modified_ms: number;
  rows: Extract<TableRows, { file: unknown }>;
};

/** Opens files as a source: what is in them is read by the engine. */
export function openFiles(settings: FilesSettings, context: SourceContext): Source {
  async function find(): Promise<Found[]> {
    const patterns = [settings.path].flat();
    const local = patterns.filter((pattern) => !pattern.startsWith('s3:'));
    const found = new Map<string, Found>();
    if (local.length > 0) {
      for (const file of await findFiles(local, context.folder))
        found.set(file.name, inFormat(file, { path: file.path }));
    }
    for (const pattern of patterns.filter((pattern) => pattern.startsWith('s3:'))) {
      for (const object of await listObjects(pattern, settings, context)) {
        const { access_key, secret_key } = settings;
        found.set(object.name, inFormat(object, { url: object.url, access_key, secret_key }));
      }
    }
    return [...found.values()].toSorted(
      (a, b) => a.modified_ms - b.modified_ms || (a.name < b.name ? -1 : 1),
    );
  }

  function inFormat(file: Pick<Found, 'name' | 'size' | 'modified_ms'>, place: Found['rows']['file']): Found {
    const { name, size, modified_ms } = file;
    const packed = packingOf(name);
    const format = settings.format ?? formatOf(packed ? name.slice(0, -packed.length - 1) : name);
    if (!format || (format === 'parquet' && packed)) throw noFormat(name, packed);
    return { name, size, modified_ms, rows: { format, file: { ...place, ...(packed ? { packed } : {}) } } };
  }

  return {
    async check() {
      return (await find()).map(
        ({ name, size, rows }) =>
          `${name}: ${Math.ceil(size / 1000)} kB of ${rows.format === 'parquet' ? 'Parquet' : 'lines of JSON'}`,
      );
    },
    async *pull(from: PullFrom): AsyncIterable<Page> {
      const now = Date.now();
      const files = await find();
      const { changed, gone } = filesToRead(files, from);
      if (changed.length < files.length) {
        context.log('files are as they were and not read again', { files: files.length - changed.length });
      }
      for (const file of changed) {
        context.signal.throwIfAborted();
        const { name, modified_ms, rows } = file;
        const version = versionAt(modified_ms, files.indexOf(file));
        const modified_at = new Date(modified_ms).toISOString();
        yield {
          tables: [{ name, rows, meaning: settings, version, modified_at }],
          marks: fileMark(file, now),
        };
      }
      if (Object.keys(gone).length > 0) yield { marks: gone };
    },
  };
}

function formatOf(name: string): 'parquet' | 'jsonl' | undefined {
  if (/\.(?:parquet|pq)$/i.test(name)) return 'parquet';
  return /\.(?:jsonl|ndjson|json)$/i.test(name) ? 'jsonl' : undefined;
}

function packingOf(name: string): 'gz' | 'zst' | undefined {
  if (/\.gz$/i.test(name)) return 'gz';
  return /\.zst$/i.test(name) ? 'zst' : undefined;
}

function noFormat(name: string, packed: string | undefined): SyncError {
  return new SyncError({
    code: 'SOURCE_UNREADABLE',
    where: name,
    what: packed
      ? `${name} is packed, which only lines of JSON may be.`
      : `The name of ${name} does not tell what it holds.`,
    fix: packed
      ? 'Unpack it; Parquet packs its columns by itself. For CSV take the source type csv.'
      : 'Set `format` to parquet or jsonl; for CSV take the source type csv.',
  });
}
