import type { ColumnKind } from './query-session.ts';

const LF = 0x0a;
const QUOTE = 0x22;
const COMMA = 0x2c;
const MINUS = 0x2d;
const ZERO = 0x30;
const NINE = 0x39;

/** Rows of CSV that come in pieces cut anywhere. */
export type RowScan = {
  /** @returns all whole rows so far that were not yet returned, as they are */
  take(piece: Uint8Array): Uint8Array;
  /** Whole rows returned. */
  rows(): number;
  /** The greatest value of the cursor's column, as the server wrote it. */
  greatest(): string | undefined;
  /** Whether every value was at least the one before it. */
  isSorted(): boolean;
};

/**
 * Finds the ends of rows, and the greatest value of one column on the way. Times in the server's own text compare as
 * texts: fractions and offsets that are left out stand before all others.
 * @param column index of the cursor's column, if there is a cursor
 */
export function scanRows(column = -1, kind: ColumnKind = 'other'): RowScan {
  const compare = kind === 'integer' ? compareIntegers : compareBytes;
  let rest: Uint8Array = new Uint8Array();
  let rows = 0;
  let sorted = true;
  let greatest: Uint8Array | undefined;

  const see = (bytes: Uint8Array, from: number, to: number) => {
    const first = bytes[from]!;
    // Null, and what has no place in an order, such as `infinity`.
    if (from === to || ((first < ZERO || first > NINE) && (kind !== 'integer' || first !== MINUS))) return;
    const order = greatest ? compare(bytes, from, to, greatest) : 1;
    if (order < 0) sorted = false;
    if (order > 0) greatest = bytes.slice(from, to);
  };

  return {
    take(piece) {
      const bytes = rest.length > 0 ? Buffer.concat([rest, piece]) : piece;
      let start = 0;
      let cell = 0;
      let cellStart = 0;
      let quoted = false;
      for (let at = 0; at < bytes.length; at += 1) {
        const byte = bytes[at];
        if (byte === QUOTE) quoted = !quoted;
        else if (quoted) continue;
        else if (byte === COMMA || byte === LF) {
          if (cell === column) see(bytes, cellStart, at);
          cell += 1;
          cellStart = at + 1;
          if (byte === COMMA) continue;
          rows += 1;
          start = cellStart;
          cell = 0;
        }
      }
      rest = bytes.subarray(start);
      return bytes.subarray(0, start);
    },
    rows: () => rows,
    greatest: () => greatest && Buffer.from(greatest).toString('latin1'),
    isSorted: () => sorted,
  };
}

/** The bytes from-to against others: below, at or above 0. */
function compareBytes(bytes: Uint8Array, from: number, to: number, other: Uint8Array): number {
  const length = Math.min(to - from, other.length);
  for (let at = 0; at < length; at += 1) {
    const difference = bytes[from + at]! - other[at]!;
    if (difference !== 0) return difference;
  }
  return to - from - other.length;
}

/** Whole numbers as servers write them: no zeros in front. */
function compareIntegers(bytes: Uint8Array, from: number, to: number, other: Uint8Array): number {
  const negative = bytes[from] === MINUS;
  if (negative !== (other[0] === MINUS)) return negative ? -1 : 1;
  const order = to - from - other.length || compareBytes(bytes, from, to, other);
  return negative ? -order : order;
}
