import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { SyncError } from './error.ts';
import { placeOf } from './query-address.ts';
import { checkFacts } from './query-check.ts';
import { meaningOf } from './query-columns.ts';
import {
  boundAt,
  boundOf,
  checkCursor,
  EVERYTHING,
  isAfter,
  markOf,
  PART,
  sinceText,
  type Bound,
} from './query-cursor.ts';
import { scanRows, type RowScan } from './query-rows.ts';
import {
  GRACE_MS,
  type ColumnKind,
  type QueryColumn,
  type QueryRequest,
  type Session,
} from './query-session.ts';
import { slicesOf } from './query-slices.ts';
import { addressOf, durationMs, statementOf, type QueryKind, type QuerySettings } from './query.ts';
import type { Page } from './records.ts';
import { withRetries } from './retry.ts';
import type { PullFrom, Source, SourceContext } from './source.ts';
import type { TableMeaning } from './table.ts';

/** Times that a pull is taken up again after its connection broke, without having come further. */
const MOST_DROPS = 3;
/** After so much of a sorted result, the mark moves. */
const SLICE_BYTES = 64 * 1024 * 1024;

/** A session whose query is proved. */
export type Opened = {
  session: Session;
  columns: QueryColumn[];
  meaning: TableMeaning;
  /** Index and kind of the cursor's column. */
  cursor?: { index: number; kind: ColumnKind };
};

/** Opens a query as a source; nothing is connected before `check` or `pull`. */
export async function openQuery(
  kind: QueryKind,
  settings: QuerySettings,
  context: SourceContext,
): Promise<Source> {
  const driver = await kind.driver();
  const address = addressOf(settings, kind);
  const where = `${kind.type} ${placeOf(address)}`;
  const timezone = settings.timezone ?? context.timezone;
  const { signal, backoff_ms } = context;
  const ca = settings.ca && (await readCertificates(resolve(context.folder, settings.ca)));
  const request: QueryRequest = {
    address,
    ca,
    where,
    statement: statementOf(settings, kind),
    cursor: settings.cursor?.field,
    timeout_ms: durationMs(settings.timeout),
    signal,
  };

  const explain = (error: unknown): SyncError => {
    signal.throwIfAborted();
    return error instanceof SyncError ? error : driver.explain(error, request);
  };

  const attempt = async (): Promise<Opened> => {
    const session = await driver.connect(request);
    try {
      const columns = await session.describe();
      const meaning = meaningOf(settings, columns, where);
      return {
        session,
        columns,
        meaning,
        cursor: settings.cursor && checkCursor(settings.cursor, columns, where),
      };
    } catch (error) {
      await session.close();
      throw error;
    }
  };
  const open = async (): Promise<Opened> => {
    const retries = { signal, backoff_ms, explain: (error: unknown) => ({ error: explain(error) }) };
    return (await withRetries(attempt, retries)).value;
  };

  /** Reads once from the bound on; a reading that breaks off leaves what it yielded as far as it came. */
  async function* read(
    opened: Opened,
    from: Bound,
    before: string | undefined,
  ): AsyncGenerator<Page, Reached> {
    const { session, columns, cursor } = opened;
    const sorted = settings.cursor?.sorted ?? false;
    const scan = scanRows(cursor?.index, cursor?.kind);
    const slices = slicesOf(session.read(sinceText(from, timezone)), {
      columns,
      scan,
      bytes: sorted ? SLICE_BYTES : Infinity,
      silence_ms: request.timeout_ms + GRACE_MS,
      signal,
    });
    const reached = () => greatest(scan, cursor?.kind, timezone);
    while (!slices.isDone() && slices.failure() === undefined) {
      const rows_before = scan.rows();
      yield {
        tables: [
          { ...table(opened), rows_before, rows: { format: 'csv', from: 'database', stream: slices.next } },
        ],
      };
      if (sorted && !scan.isSorted()) {
        // What was marked before counts on an order that is not there.
        yield { marks: { [PART]: before ?? '' } };
        throw notSorted(where, settings.cursor!.field);
      }
      const at = reached();
      if (at && (sorted || slices.isDone())) yield { marks: { [PART]: markOf(at, session.now, before) } };
    }
    if (scan.rows() === 0 && from === EVERYTHING) yield { warnings: [`${where}: the query gave no rows.`] };
    return { failure: slices.failure(), bound: sorted ? reached() : undefined };
  }

  const table = ({ meaning, session: { now } }: Opened) => ({
    name: `query of ${address.database}`,
    meaning,
    // Milliseconds times 1000, as versions by `updated_at` are.
    version: Date.parse(now) * 1000,
    modified_at: now,
  });

  return {
    async check() {
      const opened = await open();
      try {
        return await checkFacts(opened, { settings, request, timezone });
      } catch (error) {
        throw explain(error);
      } finally {
        await opened.session.close();
      }
    },

    async *pull(from: PullFrom) {
      const before = from.marks.get(PART);
      let bound: Bound | undefined;
      for (let drops = 0; ;) {
        const opened = await open();
        let reached: Reached;
        try {
          const { cursor } = opened;
          bound ??= cursor ? boundOf(from, settings.cursor!, cursor.kind, timezone, where) : EVERYTHING;
          reached = yield* read(opened, bound, before);
        } finally {
          await opened.session.close();
        }
        if (reached.failure === undefined) return;
        const error = explain(reached.failure);
        const further = reached.bound !== undefined && isAfter(reached.bound, bound);
        drops = further ? 1 : drops + 1;
        if (error.retry !== 'now' || drops > MOST_DROPS) throw error;
        if (further) bound = reached.bound!;
        context.log('connection lost', { drops, from: further ? 'where it was' : 'the beginning' });
        await wait(backoff_ms * 2 ** (drops - 1), undefined, { signal });
      }
    },
  };
}

/** What broke a reading, and how far it had come where that can be told. */
type Reached = { failure: unknown; bound?: Bound };

function greatest(scan: RowScan, kind: ColumnKind | undefined, timezone: string): Bound | undefined {
  const text = scan.greatest();
  return text === undefined || kind === undefined ? undefined : boundAt(text, kind, timezone);
}

async function readCertificates(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    throw new SyncError(
      {
        code: 'SOURCE_MISSING_FILE',
        where: path,
        what: `The file of certificates cannot be read (${(error as NodeJS.ErrnoException).code}).`,
        fix: 'Correct `ca`, or leave it out where the server has a certificate that everybody trusts.',
      },
      { cause: error },
    );
  }
}

function notSorted(where: string, field: string): SyncError {
  return new SyncError({
    code: 'SOURCE_CURSOR',
    where,
    what: `The rows do not come in the order of "${field}".`,
    why: '`sorted` promises that they do, so that a pull that breaks off can go on from where it was.',
    fix: `Add ORDER BY ${field} to the query, or leave \`sorted\` out.`,
  });
}
