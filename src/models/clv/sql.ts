import type { Engine, Params } from '../../engine/engine.ts';
import { type Cell, curves, POINTS } from './curves.ts';
import { FIRST_CHANCES, type PurchaseModel } from './purchase-model.ts';
import type { Customers } from './rows.ts';
import type { Scoring } from './score.ts';
import type { ValueModel } from './value-model.ts';

/** Columns of the table that `fillCurves` writes and `scoreSql` reads. */
export const CURVE_COLUMNS = '(x UInt32, octave Int16, purchases Array(Float64), discounted Array(Float64))';

const OCTAVE = 'toInt16(floor(log2({clv_alpha:Float64} + T)))';

/**
 * Computes the curves that the customers need and stores them in `table`, which the caller made (empty, with
 * CURVE_COLUMNS, and those of `origin`, which stand in every row). It grows with the number of different x, not with customers.
 */
export async function fillCurves(
  engine: Engine,
  { from, params }: Customers,
  table: string,
  scoring: Scoring,
  origin: object = {},
): Promise<void> {
  const cells = await engine.query<Cell>(
    `SELECT toUInt32(x) AS x, ${OCTAVE} AS octave FROM ${from} GROUP BY x, octave`,
    { ...params, clv_alpha: scoring.purchases.parameters.alpha },
  );
  const rows = curves(scoring.purchases, cells, scoring);
  await engine.insert(
    table,
    rows.map((row) => ({ ...origin, ...row })),
  );
}

/**
 * A SELECT of the columns p_alive, expected_purchases, expected_order_value and clv of every customer, beside those of
 * `from`; and its parameters. The numbers equal those of `score` to 1e-12 of the value.
 *
 * @param table what `fillCurves` filled for the same customers, or more, and the same scoring
 */
export function scoreSql(
  { from, params }: Customers,
  table: string,
  { purchases, value }: Scoring,
): { sql: string; params: Params } {
  const sql = `
    SELECT history.* EXCEPT (curve_octave, curve_y),
      ${pAliveSql(purchases)} AS p_alive,
      p_alive * (${polynomial('curve.purchases')}) AS expected_purchases,
      ${VALUE[value.name]} AS expected_order_value,
      p_alive * expected_order_value * (${polynomial('curve.discounted')}) AS clv
    FROM (
      SELECT *, ${OCTAVE} AS curve_octave, 2 * (log2({clv_alpha:Float64} + T) - curve_octave) - 1 AS curve_y
      FROM ${from}
    ) AS history
    INNER JOIN ${table} AS curve ON curve.x = history.x AND curve.octave = history.curve_octave`;
  const parameters = Object.entries({ ...purchases.parameters, ...value.parameters });
  return {
    sql,
    params: { ...params, ...Object.fromEntries(parameters.map(([name, number]) => [`clv_${name}`, number])) },
  };
}

function polynomial(coefficients: string): string {
  let sql = `${coefficients}[${POINTS}]`;
  for (let power = POINTS - 1; power > 0; power--) sql = `(${sql}) * curve_y + ${coefficients}[${power}]`;
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
