import type { RowScan } from './query-rows.ts';
import type { QueryColumn } from './query-session.ts';

export type Slices = {
  /** What comes next; the one before must have been read. */
  next(): AsyncIterable<Uint8Array>;
  /** Whether everything was read. */
  isDone(): boolean;
  /** What broke the reading; the rows before it are whole. */
  failure(): unknown;
};

/**
 * Cuts the rows that a session reads into streams that each begin with the names of the columns and end behind a whole
 * row. A connection that breaks ends its stream like any other, so that what came through is stored.
 * @param options.bytes how long a stream is, about
 * @param options.silence_ms a source that says nothing for so long is given up
 */
export function slicesOf(
  pieces: AsyncIterable<Uint8Array>,
  options: {
    columns: readonly QueryColumn[];
    scan: RowScan;
    bytes: number;
    silence_ms: number;
    signal: AbortSignal;
  },
): Slices {
  const { scan, signal } = options;
  const source = pieces[Symbol.asyncIterator]();
  const header = csvLine(options.columns.map(({ name }) => name));
  let done = false;
  let failure: unknown;

  async function* read(): AsyncGenerator<Uint8Array> {
    yield header;
    for (let size = 0; size < options.bytes;) {
      let piece: IteratorResult<Uint8Array>;
      try {
        piece = await within(source.next(), options.silence_ms);
      } catch (error) {
        signal.throwIfAborted();
        failure = error;
        return;
      }
      if (piece.done) {
        done = true;
        return;
      }
      const rows = scan.take(piece.value);
      if (rows.length > 0) yield rows;
      size += rows.length;
    }
  }

  return {
    next: read,
    isDone: () => done,
    failure: () => failure,
  };
}

function csvLine(cells: readonly string[]): Buffer {
  const quoted = cells.map((cell) => (/[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell));
  return Buffer.from(`${quoted.join(',')}\n`);
}

async function within<T>(work: Promise<T>, limit_ms: number): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(Object.assign(new Error('silent'), { code: 'ETIMEDOUT' })), limit_ms);
  try {
    return await Promise.race([work, promise]);
  } finally {
    clearTimeout(timer);
  }
}
