import { SyncError } from '../error.ts';
import { fileMark, filesToRead } from '../file-marks.ts';
import { findAll, type FoundFile } from '../found-files.ts';
import type { Page } from '../records.ts';
import type { PullFrom, Source, SourceContext } from '../source.ts';
import type { TableRows } from '../table.ts';
import type { FilesSettings } from './schema.ts';

type Rows = Extract<TableRows, { file: unknown }>;

/** Opens files as a source: what is in them is read by the engine. */
export function openFiles(settings: FilesSettings, context: SourceContext): Source {
  const rowsOf = (file: FoundFile): Rows => {
    const { name } = file;
    const packed = packingOf(name);
    const format = settings.format ?? formatOf(packed ? name.slice(0, -packed.length - 1) : name);
    if (!format || (format === 'parquet' && packed)) throw noFormat(name, packed);
    const { access_key, secret_key } = settings;
    const place = 'url' in file ? { url: file.url, access_key, secret_key } : { path: file.path };
    return { format, file: { ...place, ...(packed ? { packed } : {}) } };
  };

  const find = async () => {
    const files = await findAll(settings, context);
    return files.map((file) => ({ ...file, rows: rowsOf(file) }));
  };

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
        const { name, version, rows } = file;
        const modified_at = new Date(file.modified_ms).toISOString();
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
