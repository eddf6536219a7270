import type { ColumnKind } from './query-session.ts';

const LF = 0x0a;
const QUOTE = 0x22;
const COMMA = 0x2c;
const MINUS = 0x2d;
const ZERO = 0x30;
const NINE = 0x39;
const NOTHING = new Uint8Array();

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
  /** The beginning of a row whose end is yet to come, and of the cursor's cell in it. */
  let held: Uint8Array[] = [];
  let head: Uint8Array = NOTHING;
  let cell = 0;
  let quoted = false;
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

  /**
   * A value counts once its row is whole: a mark must not run ahead of the rows.
   * @returns where the last whole row ends
   */
  const scan = (bytes: Uint8Array): number => {
    // Without quotes, what stands behind the cursor's cell needs no look.
    const plain = !quoted && bytes.indexOf(QUOTE) === -1;
    let end = 0;
    let cellStart = 0;
    let from = -1;
    let to = 0;
    for (let at = 0; at < bytes.length; at += 1) {
      const byte = bytes[at];
      if (byte === QUOTE) quoted = !quoted;
      else if (!quoted && (byte === COMMA || byte === LF)) {
        if (cell === column) {
          from = cellStart;
          to = at;
        }
        cell += 1;
        cellStart = at + 1;
        if (byte === COMMA) {
          if (plain && cell > column) at = endOfLine(bytes, at) - 1;
          continue;
        }
        if (head.length > 0) {
          const value = Buffer.concat([head, bytes.subarray(Math.max(from, 0), to)]);
          see(value, 0, value.length);
        } else if (from >= 0) see(bytes, from, to);
        head = NOTHING;
        from = -1;
        to = 0;
        rows += 1;
        end = cellStart;
        cell = 0;
      }
    }
    if (from >= 0 || cell === column)
      head = Buffer.concat([head, from >= 0 ? bytes.subarray(from, to) : bytes.subarray(cellStart)]);
    return end;
  };

  return {
    take(piece) {
      const end = scan(piece);
      if (end === 0) {
        held.push(piece);
        return NOTHING;
      }
      const whole = piece.subarray(0, end);
      const taken = held.length > 0 ? Buffer.concat([...held, whole]) : whole;
      held = end < piece.length ? [piece.subarray(end)] : [];
      return taken;
    },
    rows: () => rows,
    greatest: () => greatest && Buffer.from(greatest).toString('latin1'),
    isSorted: () => sorted,
  };
}

function endOfLine(bytes: Uint8Array, from: number): number {
  const end = bytes.indexOf(LF, from);
  return end === -1 ? bytes.length : end;
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
