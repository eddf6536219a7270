import { createReadStream } from 'node:fs';
import { SyncError } from '../error.ts';
import { fileMark, filesToRead } from '../file-marks.ts';
import type { Page } from '../records.ts';
import { readObject } from '../s3.ts';
import type { PullFrom, Source, SourceContext } from '../source.ts';
import type { Table } from '../table.ts';
import { columnsReader } from './columns.ts';
import { dateReader } from './dates.ts';
import { createNotes, type Notes } from '../notes.ts';
import { emptyDraft, type Reading, type RowReader } from './draft.ts';
import { findAll, type FoundFile } from '../found-files.ts';
import { firstLine, firstRow, firstText, SAMPLE_BYTES } from './head.ts';
import { readHeader } from './header.ts';
import { amountReader } from './money.ts';
import { detectDelimiter, readRows } from './rows.ts';
import type { CsvSettings } from './schema.ts';
import { scanCsv } from './scan.ts';
import { shopifyReader } from './shopify.ts';
import { CHUNK_BYTES, detectEncoding, type Stored, utf8Chunks } from './text.ts';

const PAGE_ROWS = 5000;
/** The engine splits at no tab what may stand in quotes. */
const SPLIT_BY_ENGINE = [',', ';', '|'];

type Opened = { file: FoundFile; encoding: string; delimiter: string; header?: string[] };

/** Opens the files as a source; nothing is read before `check` or `pull`. */
export function openCsv(settings: CsvSettings, context: SourceContext): Source {
  const { signal } = context;
  const date = dateReader(settings.dates, settings.timezone ?? context.timezone);
  const amount = amountReader(settings.decimal);
  const stored = (file: FoundFile): Stored => ({
    name: file.name,
    bytes: () =>
      'url' in file
        ? readObject(file, settings, context)
        : createReadStream(file.path, { highWaterMark: CHUNK_BYTES, signal }),
  });

  const rowReader = (file: FoundFile, header: readonly string[], notes: Notes): RowReader => {
    const reading: Reading = {
      version: file.version,
      modified_at: new Date(file.modified_ms).toISOString(),
      currency: context.currency,
      countsPending: settings.pending_orders === 'count',
      date,
      amount,
      notes,
    };
    const columns = readHeader(file.name, header);
    return settings.format ? shopifyReader(columns, reading) : columnsReader(columns, settings, reading);
  };

  /** Reads the beginning of a file and proves its header. */
  const inspect = async (file: FoundFile): Promise<Opened> => {
    const encoding = settings.encoding ?? (await detectEncoding(stored(file), SAMPLE_BYTES));
    const head = await firstText(utf8Chunks(stored(file), encoding));
    const delimiter = settings.delimiter ?? detectDelimiter(firstLine(head));
    const header = await firstRow(head, delimiter);
    if (header && 'damage' in header) throw unreadableHeader(file, header.damage);
    if (header) rowReader(file, header.cells, createNotes(file.name));
    return { file, encoding, delimiter, header: header?.cells };
  };

  const inspectAll = async (files: readonly FoundFile[]) => {
    const opened: Opened[] = [];
    for (const file of files) opened.push(await inspect(file));
    return opened;
  };

  /** The rows for the engine to read, where it splits them as this reader would. */
  const asTable = async ({ file, encoding, delimiter }: Opened): Promise<Table | undefined> => {
    const { columns } = settings;
    if (!columns || encoding !== 'utf-8' || !SPLIT_BY_ENGINE.includes(delimiter)) return undefined;
    const text = () => utf8Chunks(stored(file), encoding);
    if (!(await scanCsv(text(), delimiter))) return undefined;
    return {
      name: file.name,
      rows: { format: 'csv', from: 'file', delimiter, stream: text },
      meaning: { ...settings, columns },
      version: file.version,
      modified_at: new Date(file.modified_ms).toISOString(),
      // Nothing but a file that was changed meanwhile has no lines now.
      linesOf: async (rows) => (await scanCsv(text(), delimiter, rows)) ?? [...rows],
    };
  };

  async function* pages({ file, delimiter }: Opened, header: string[]): AsyncGenerator<Page> {
    const notes = createNotes(file.name);
    const encoding = settings.encoding ?? (await detectEncoding(stored(file), Infinity));
    const read = rowReader(file, header, notes);
    let draft = emptyDraft();
    let rows = 0;
    let isHeader = true;
    for await (const batch of readRows(utf8Chunks(stored(file), encoding), delimiter)) {
      signal.throwIfAborted();
      for (const row of isHeader ? batch.slice(1) : batch) {
        rows += 1;
        const reason = 'damage' in row ? row.damage : read(row.cells, draft);
        if (reason) draft.rejected.push({ source: file.name, line: row.line, reason });
        if (rows % PAGE_ROWS > 0) continue;
        yield draft;
        draft = emptyDraft();
      }
      isHeader = false;
    }
    yield { ...draft, warnings: [...aboutFile(file, encoding, rows), ...notes.texts()] };
  }

  const aboutFile = (file: FoundFile, encoding: string, rows: number): string[] => {
    const warnings: string[] = [];
    if (rows === 0) warnings.push(`${file.name} holds no rows.`);
    if (!settings.encoding && encoding === 'windows-1252') {
      warnings.push(
        `${file.name} is not UTF-8 and was read as windows-1252; set \`encoding\` if that is wrong.`,
      );
    }
    return warnings;
  };

  return {
    async check() {
      const files = await findAll(settings, context);
      return (await inspectAll(files)).map(({ file, encoding, delimiter, header }) => {
        const size = `${Math.ceil(file.size / 1000)} kB`;
        if (!header) return `${file.name}: empty`;
        const sign = delimiter === '\t' ? 'tab' : delimiter;
        return `${file.name}: ${size}, ${encoding}, delimiter ${sign}, ${header.length} columns, all needed ones there`;
      });
    },
    async *pull(from: PullFrom) {
      const found = Date.now();
      const files = await findAll(settings, context);
      const { changed, gone } = filesToRead(files, from);
      if (changed.length < files.length) {
        context.log('files are as they were and not read again', { files: files.length - changed.length });
      }
      // Every header is proved before the first record is handed out.
      for (const opened of await inspectAll(changed)) {
        signal.throwIfAborted();
        const { file, header } = opened;
        const marks = fileMark(file, found);
        const table = header && (await asTable(opened));
        const oneByOne = () => pages(opened, header ?? []);
        if (table) {
          yield { tables: [{ ...table, oneByOne }], marks };
        } else if (header) {
          yield* oneByOne();
          yield { marks };
        } else {
          yield { warnings: [`${file.name} is empty.`], marks };
        }
      }
      if (Object.keys(gone).length > 0) yield { marks: gone };
    },
  };
}

function unreadableHeader(file: FoundFile, damage: string): SyncError {
  return new SyncError({
    code: 'SOURCE_UNREADABLE',
    where: file.name,
    what: `The header line of ${file.name} cannot be read: ${damage}.`,
    fix: 'Export the file again, or set `delimiter` or `encoding`.',
  });
}
