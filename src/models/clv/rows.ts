import type { Engine, Params } from '../../engine/engine.ts';
import type { MeanValues } from './gamma-gamma.ts';
import type { Histories } from './histories.ts';

/**
 * Customers to fit on or to score: a table or a subquery in brackets, with the parameters it takes. Columns: x (whole),
 * t_x, T and mean (Float64; the mean value of the x repeat purchases, 0 where x is 0).
 */
export type Customers = { from: string; params?: Params };

/** The customers grouped by equal (x, t_x, T): memory grows with the groups. */
export async function readHistories(engine: Engine, { from, params }: Customers): Promise<Histories> {
  const [x, t_x, T, count] = await read(
    engine,
    `SELECT toUInt32(x), toFloat64(t_x), toFloat64(T), toUInt32(count()) FROM ${from} GROUP BY x, t_x, T`,
    params,
    [Uint32Array, Float64Array, Float64Array, Uint32Array],
  );
  return { x, t_x, T, count };
}

/**
 * The repeat buyers whose purchases are worth something, grouped by equal (x, mean). A mean of 0 (gifts only) has no
 * likelihood under the Gamma-Gamma model.
 */
export async function readMeanValues(engine: Engine, { from, params }: Customers): Promise<MeanValues> {
  const [x, mean, count] = await read(
    engine,
    `SELECT toUInt32(x), toFloat64(mean) AS value, toUInt32(count()) FROM ${from} WHERE x > 0 AND mean > 0 GROUP BY x, value`,
    params,
    [Uint32Array, Float64Array, Uint32Array],
  );
  return { x, mean, count };
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
  const chunks: Buffer[] = [];
  for await (const chunk of await engine.bytes(`${sql} FORMAT Native`, params)) chunks.push(chunk as Buffer);
  const blocks = blocksOf(Buffer.concat(chunks), types);
  const rows = blocks.reduce((sum, block) => sum + block.rows, 0);
  return types.map((type, i) => {
    const column = new type(rows);
    // Both sides are little-endian: ClickHouse, and every processor that Node runs on but one.
    const bytes = new Uint8Array(column.buffer);
    let at = 0;
    for (const { columns } of blocks) {
      bytes.set(columns[i]!, at);
      at += columns[i]!.length;
    }
    return column;
  }) as Columns<Types>;
}

/** Each block: how many columns, how many rows, and for each column its name, its type and its values. */
function blocksOf(bytes: Buffer, types: ColumnType[]): { rows: number; columns: Buffer[] }[] {
  let at = 0;
  /** A whole number in groups of seven bits, the last one without the eighth. */
  const number = () => {
    let [value, unit] = [0, 1];
    for (; bytes[at]! >= 128; unit *= 128) value += (bytes[at++]! - 128) * unit;
    return value + bytes[at++]! * unit;
  };
  const take = (length: number) => bytes.subarray(at, (at += length));
  const blocks = [];
  while (at < bytes.length) {
    number();
    const rows = number();
    const columns = types.map(({ BYTES_PER_ELEMENT }) => {
      take(number());
      take(number());
      return take(rows * BYTES_PER_ELEMENT);
    });
    blocks.push({ rows, columns });
  }
  return blocks;
}
