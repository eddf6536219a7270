import type { Engine, Params } from '../../engine/engine.ts';
import type { MeanValues } from './gamma-gamma.ts';
import type { Histories } from './histories.ts';

/**
 * Customers to fit on or to score: a table or a subquery in brackets, with the parameters it takes. Columns: x (whole),
 * t_x, T and mean (Float64; the mean value of the x repeat purchases, 0 where x is 0).
 */
export type Customers = { from: string; params?: Params };

/** Up to so many customers are read as they are. */
const EXACT_CUSTOMERS = 1_000_000;
/** Of more, times and values are rounded to so many binary digits, within 0.4 % of each. */
const ROUNDED_BITS = 7;

/**
 * The customers grouped by equal (x, t_x, T). Memory grows with the groups, of which rounding leaves few where customers
 * are many. It moves what is fitted by less than a hundredth of the error that 50,000 customers leave, so by less than a
 * seventh of that of twelve million.
 *
 * @param exact so many customers are not rounded
 */
export async function readHistories(
  engine: Engine,
  customers: Customers,
  exact = EXACT_CUSTOMERS,
): Promise<Histories> {
  const as = await rounding(engine, customers, exact);
  const [x, t_x, T, count] = await read(
    engine,
    `SELECT toUInt32(x), ${as('t_x')} AS last, ${as('T')} AS end, toUInt32(count()) FROM ${customers.from} GROUP BY x, last, end`,
    customers.params,
    [Uint32Array, Float64Array, Float64Array, Uint32Array],
  );
  return { x, t_x, T, count };
}

/**
 * The repeat buyers whose purchases are worth something, grouped by equal (x, mean), which is rounded as histories are.
 * A mean of 0 (gifts only) has no likelihood under the Gamma-Gamma model.
 *
 * @param exact so many customers are not rounded
 */
export async function readMeanValues(
  engine: Engine,
  customers: Customers,
  exact = EXACT_CUSTOMERS,
): Promise<MeanValues> {
  const as = await rounding(engine, customers, exact);
  const [x, mean, count] = await read(
    engine,
    `SELECT toUInt32(x), ${as('mean')} AS value, toUInt32(count()) FROM ${customers.from} WHERE x > 0 AND mean > 0 GROUP BY x, value`,
    customers.params,
    [Uint32Array, Float64Array, Uint32Array],
  );
  return { x, mean, count };
}

/** SQL of a number of these customers as it is read: a Float64 of 52 digits behind the first has its last ones rounded off. */
async function rounding(engine: Engine, { from, params }: Customers, exact: number) {
  const [counted] = await engine.query<{ few: boolean }>(
    `SELECT count() <= {clv_exact:UInt64} AS few FROM ${from}`,
    { ...params, clv_exact: exact },
  );
  const off = 2n ** BigInt(52 - ROUNDED_BITS);
  return (number: string) =>
    counted!.few
      ? `toFloat64(${number})`
      : `reinterpretAsFloat64(bitAnd(reinterpretAsUInt64(toFloat64(${number})) + ${off / 2n}, bitNot(${off - 1n})))`;
}

type ColumnType = typeof Uint32Array | typeof Float64Array;
type Columns<Types extends ColumnType[]> = { [K in keyof Types]: InstanceType<Types[K]> };

/**
 * Reads columns of numbers in ClickHouse's Native format, which holds a block's columns one after the other, as typed
 * arrays do: to take a million rows apart number by number would cost as much as the fit.
 */
async function read<Types extends ColumnType[]>(
  engine: Engine,
  sql: string,
  params: Params | undefined,
  types: [...Types],
): Promise<Columns<Types>> {
  const pieces: Buffer[][] = types.map(() => []);
  const bytes = bytesOf(await engine.bytes(`${sql} FORMAT Native`, params));
  let total = 0;
  // Each block: how many columns, how many rows, and for each column its name, its type and its values.
  while (!(await bytes.ended())) {
    await bytes.number();
    const rows = await bytes.number();
    total += rows;
    for (const [i, { BYTES_PER_ELEMENT }] of types.entries()) {
      await bytes.take(await bytes.number());
      await bytes.take(await bytes.number());
      pieces[i]!.push(await bytes.take(rows * BYTES_PER_ELEMENT));
    }
  }
  return types.map((type, i) => {
    const column = new type(total);
    // Both sides are little-endian: ClickHouse, and every processor that Node runs on but one.
    const all = new Uint8Array(column.buffer);
    let at = 0;
    // What was copied is let go before the next column is made.
    for (const piece of pieces[i]!.splice(0)) {
      all.set(piece, at);
      at += piece.length;
    }
    return column;
  }) as Columns<Types>;
}

/** Takes what a stream yields in the lengths that are asked for, and holds no more of it than that. */
function bytesOf(stream: AsyncIterable<Buffer>) {
  const chunks = stream[Symbol.asyncIterator]();
  let rest: Buffer = Buffer.alloc(0);
  /** Whether so many bytes are there. */
  async function has(length: number): Promise<boolean> {
    const parts = [rest];
    let size = rest.length;
    while (size < length) {
      const next = await chunks.next();
      if (next.done) break;
      parts.push(next.value);
      size += next.value.length;
    }
    if (parts.length > 1) rest = Buffer.concat(parts);
    return size >= length;
  }
  async function take(length: number): Promise<Buffer> {
    if (!(await has(length))) throw new Error('The engine ended its answer in the middle of a block.');
    const taken = rest.subarray(0, length);
    rest = rest.subarray(length);
    return taken;
  }
  /** A whole number in groups of seven bits, the last one without the eighth. */
  async function number(): Promise<number> {
    let [value, unit] = [0, 1];
    for (;;) {
      const [byte] = await take(1);
      if (byte! < 128) return value + byte! * unit;
      value += (byte! - 128) * unit;
      unit *= 128;
    }
  }
  return { ended: async () => !(await has(1)), take, number };
}
