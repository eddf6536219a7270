import type { Engine, Params } from '../../engine/engine.ts';
import { type Cell, curves, POINTS } from './curves.ts';
import { FIRST_CHANCES, type Discount, type PurchaseModel } from './purchase-model.ts';
import type { ValueModel } from './value-model.ts';

export type Scoring = {
  purchases: PurchaseModel;
  value: ValueModel;
  /** Time ahead for `expected_purchases`, in the unit of the model. */
  horizon: number;
  discount: Discount;
};

/** Columns of the table that `fillCurves` writes and `scoreSql` reads. */
export const CURVE_COLUMNS = '(x UInt32, octave Int16, purchases Array(Float64), discounted Array(Float64))';

const OCTAVE = 'toInt16(floor(log2({clv_alpha:Float64} + T)))';

/**
 * Computes the curves that the customers in `from` need and stores them in `table`, which the caller made (empty, with
 * CURVE_COLUMNS). Its size grows with the number of different x, not with customers.
 *
 * @param from a table or a subquery in brackets with the columns x, t_x, T and mean
 */
export async function fillCurves(
  engine: Engine,
  { from, params = {}, table }: { from: string; params?: Params; table: string },
  scoring: Scoring,
): Promise<void> {
  const cells = await engine.query<Cell>(
    `SELECT toUInt32(x) AS x, ${OCTAVE} AS octave FROM ${from} GROUP BY x, octave`,
    { ...params, clv_alpha: scoring.purchases.parameters.alpha },
  );
  await engine.insert(table, curves(scoring.purchases, cells, scoring));
}

/**
 * The columns p_alive, expected_purchases, expected_order_value and clv of every row of `from`, beside its own columns.
 * Equal to `score` in score.ts to 1e-12 of the value or better.
 *
 * @param from a table or a subquery in brackets with the columns x (integer), t_x, T and mean (Float64)
 * @returns a SELECT and the parameters it takes besides those of `from`
 */
export function scoreSql(
  { from, curves }: { from: string; curves: string },
  { purchases, value }: Scoring,
): { sql: string; params: Params } {
  const parameters = { ...purchases.parameters, ...value.parameters };
  const sql = `
    SELECT history.* EXCEPT (octave, y),
      ${pAliveSql(purchases)} AS p_alive,
      p_alive * (${horner('purchases')}) AS expected_purchases,
      ${VALUE[value.name]} AS expected_order_value,
      p_alive * expected_order_value * (${horner('discounted')}) AS clv
    FROM (
      SELECT *, ${OCTAVE} AS octave, 2 * (log2({clv_alpha:Float64} + T) - octave) - 1 AS y FROM ${from}
    ) AS history
    INNER JOIN ${curves} AS curve ON curve.x = history.x AND curve.octave = history.octave`;
  const params = Object.entries(parameters).map(([name, number]) => [`clv_${name}`, number]);
  return { sql, params: Object.fromEntries(params) };
}

function horner(curve: string): string {
  let sql = `curve.${curve}[${POINTS}]`;
  for (let power = POINTS - 1; power > 0; power--) sql = `(${sql}) * y + curve.${curve}[${power}]`;
  return sql;
}

function pAliveSql({ name }: PurchaseModel): string {
  if (name === 'nbd') return 'toFloat64(1)';
  const first = FIRST_CHANCES[name];
  const alive = `1 / (1 + exp(log({clv_a:Float64} / ({clv_b:Float64} + history.x + ${first - 1}))
      + ({clv_r:Float64} + history.x) * log1p((T - t_x) / ({clv_alpha:Float64} + t_x))))`;
  return first ? alive : `if(history.x = 0, 1, ${alive})`;
}

const VALUE: Record<ValueModel['name'], string> = {
  gamma_gamma: `{clv_p:Float64} * ({clv_v:Float64} + history.x * mean)
      / ({clv_p:Float64} * history.x + {clv_q:Float64} - 1)`,
  own_mean: 'if(history.x > 0, mean, {clv_mean:Float64})',
};
