import type { Engine, Params } from '../../engine/engine.ts';
import type { MeanValues } from './gamma-gamma.ts';
import type { Histories } from './purchase-likelihood.ts';

/**
 * Customers to fit on or to score: a table or a subquery in brackets, with the parameters it takes. Columns: x (whole),
 * t_x, T and mean (Float64; the mean value of the x repeat purchases, 0 where x is 0).
 */
export type Customers = { from: string; params?: Params };

/** The customers grouped by equal (x, t_x, T): memory grows with the groups. */
export async function readHistories(engine: Engine, { from, params }: Customers): Promise<Histories> {
  const rows = await read(
    engine,
    `SELECT toUInt32(x), toFloat64(t_x), toFloat64(T), toUInt32(count()) FROM ${from} GROUP BY x, t_x, T`,
    params,
    ['uint32', 'float64', 'float64', 'uint32'],
  );
  const [x, t_x, T, count] = rows as [Uint32Array, Float64Array, Float64Array, Uint32Array];
  return { x, t_x, T, count };
}

/**
 * The repeat buyers whose purchases are worth something, grouped by equal (x, mean). A mean of 0 (gifts only) has no
 * likelihood under the Gamma-Gamma model.
 */
export async function readMeanValues(engine: Engine, { from, params }: Customers): Promise<MeanValues> {
  const rows = await read(
    engine,
    `SELECT toUInt32(x), toFloat64(mean) AS value, toUInt32(count()) FROM ${from} WHERE x > 0 AND mean > 0 GROUP BY x, value`,
    params,
    ['uint32', 'float64', 'uint32'],
  );
  const [x, mean, count] = rows as [Uint32Array, Float64Array, Uint32Array];
  return { x, mean, count };
}

/** Reads numbers in RowBinary: a million rows as JSON would take longer than the fit. */
async function read(
  engine: Engine,
  sql: string,
  params: Params | undefined,
  types: ('uint32' | 'float64')[],
) {
  const chunks: Buffer[] = [];
  for await (const chunk of await engine.bytes(`${sql} FORMAT RowBinary`, params))
    chunks.push(chunk as Buffer);
  const bytes = Buffer.concat(chunks);
  const width = types.reduce((sum, type) => sum + SIZE[type], 0);
  const rows = bytes.length / width;
  let offset = 0;
  return types.map((type) => {
    const column = type === 'uint32' ? new Uint32Array(rows) : new Float64Array(rows);
    for (let row = 0, at = offset; row < rows; row++, at += width)
      column[row] = type === 'uint32' ? bytes.readUInt32LE(at) : bytes.readDoubleLE(at);
    offset += SIZE[type];
    return column;
  });
}

const SIZE = { uint32: 4, float64: 8 };
