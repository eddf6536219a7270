import { SyncError } from '../error.ts';
import { fileMark, filesToRead } from '../file-marks.ts';
import { findAll, type FoundFile } from '../found-files.ts';
import type { Page } from '../records.ts';
import type { PullFrom, Source, SourceContext } from '../source.ts';
import type { FileRows } from '../table.ts';
import { withoutSuperseded } from './ga4.ts';
import type { FilesSettings } from './schema.ts';

/** Opens files as a source: what is in them is read by the engine. */
export function openFiles(settings: FilesSettings, context: SourceContext): Source {
  const { format, columns = {} } = settings;
  const meaning = { ...settings, columns };
  const rowsOf = (file: FoundFile): FileRows => {
    const { name } = file;
    const packed = packingOf(name);
    const end = packed ? name.slice(0, -packed.length - 1) : name;
    const kind = format === 'ga4' ? formatOf(end) : (format ?? formatOf(end));
    if (!kind || (kind === 'parquet' && packed)) throw noFormat(name, packed, format);
    const { access_key, secret_key } = settings;
    const place = 'url' in file ? { url: file.url, access_key, secret_key } : { path: file.path };
    return { format: kind, file: { ...place, ...(packed ? { packed } : {}) } };
  };

  const find = async () => {
    const files = await findAll(settings, context);
    const wanted = format === 'ga4' ? withoutSuperseded(files) : files;
    return wanted.map((file) => ({ ...file, rows: rowsOf(file) }));
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
        const table = { name, rows, meaning, version, modified_at };
        yield {
          ...(format === 'ga4' ? { analytics: [{ name, rows }] } : { tables: [table] }),
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

function noFormat(name: string, packed: string | undefined, format: FilesSettings['format']): SyncError {
  const other = format === 'ga4' ? '' : '; for CSV take the source type csv';
  return new SyncError({
    code: 'SOURCE_UNREADABLE',
    where: name,
    what: packed
      ? `${name} is packed, which only lines of JSON may be.`
      : `The name of ${name} does not tell what it holds.`,
    fix: packed
      ? `Unpack it; Parquet packs its columns by itself${other}.`
      : `${format === 'ga4' ? 'Let names end in .parquet, .json or .json.gz' : 'Set `format` to parquet or jsonl'}${other}.`,
  });
}
