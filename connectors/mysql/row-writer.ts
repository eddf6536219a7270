const COMMA = 0x2c;
const LF = 0x0a;
const CR = 0x0d;
const QUOTE = 0x22;
const NULL = Buffer.from('\\N');
const HEX = Buffer.from('0123456789abcdef');
const PIECE_BYTES = 256 * 1024;

/** How the bytes of a cell become text: as they are, times in UTC and others without zero dates, bytes and bits. */
export type CellForm = 'text' | 'instant' | 'time' | 'hex' | 'bits';

export type RowWriter = {
  /** Adds a row; null is null. @returns a piece that is full */
  add(cells: readonly (Buffer | null)[]): Buffer | undefined;
  /** What is left. */
  rest(): Buffer;
};

/** Writes rows as CSV, in pieces. */
export function rowWriter(forms: readonly CellForm[]): RowWriter {
  let piece = Buffer.allocUnsafe(PIECE_BYTES);
  let at = 0;

  const add = (cells: readonly (Buffer | null)[]): void => {
    for (let index = 0; index < cells.length; index += 1) {
      const cell = cells[index]!;
      if (index > 0) piece[at++] = COMMA;
      const form = forms[index]!;
      if (cell === null || (isTime(form) && isZero(cell))) at += NULL.copy(piece, at);
      else if (form === 'text') putText(cell);
      else if (form === 'hex') putHex(cell);
      else if (form === 'bits') at += piece.write(BigInt(`0x0${cell.toString('hex')}`).toString(), at);
      else {
        for (let from = 0; from < cell.length; from += 1) piece[at++] = cell[from]!;
        if (form === 'instant') at += piece.write('+00', at);
      }
    }
    piece[at++] = LF;
  };

  const putText = (cell: Buffer): void => {
    const start = at;
    for (let from = 0; from < cell.length; from += 1) {
      const byte = cell[from]!;
      if (byte === COMMA || byte === QUOTE || byte === LF || byte === CR || byte === NULL[0]) {
        at = start;
        return putQuoted(cell);
      }
      piece[at++] = byte;
    }
  };

  const putQuoted = (cell: Buffer): void => {
    piece[at++] = QUOTE;
    for (let from = 0; from < cell.length; from += 1) {
      const byte = cell[from]!;
      if (byte === QUOTE) piece[at++] = QUOTE;
      piece[at++] = byte;
    }
    piece[at++] = QUOTE;
  };

  const putHex = (cell: Buffer): void => {
    for (let from = 0; from < cell.length; from += 1) {
      const byte = cell[from]!;
      piece[at++] = HEX[byte >> 4]!;
      piece[at++] = HEX[byte & 15]!;
    }
  };

  const taken = (): Buffer => {
    const full = piece.subarray(0, at);
    piece = Buffer.allocUnsafe(PIECE_BYTES);
    at = 0;
    return full;
  };

  return {
    add(cells) {
      // A byte takes two at most, a cell four beside its own, and bits as digits 20.
      let most = 1;
      for (const cell of cells) most += 24 + 2 * (cell?.length ?? 0);
      let full: Buffer | undefined;
      if (at + most > piece.length) {
        if (at > 0) full = taken();
        if (most > piece.length) piece = Buffer.allocUnsafe(most);
      }
      add(cells);
      return full;
    },
    rest: taken,
  };
}

function isTime(form: CellForm): boolean {
  return form === 'instant' || form === 'time';
}

const ZERO = 0x30;

/** MySQL's way to say that there is no date: 0000-00-00. */
function isZero(cell: Buffer): boolean {
  for (let at = 0; at < 10; at += 1) if (at !== 4 && at !== 7 && cell[at] !== ZERO) return false;
  return true;
}
