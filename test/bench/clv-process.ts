/**
 * A process that does nothing but fit and score the customers of a table, and tells what that took. Its arguments are a
 * state directory, which no engine process holds, and a table in it.
 */
import { openEngine } from '../../src/engine/engine.ts';
import { choosePurchaseModel, chooseValueModel } from '../../src/models/clv/choose.ts';
import { TWELVE_MONTHS_IN_WEEKS } from '../../src/models/clv/purchase-model.ts';
import { readHistories, readMeanValues } from '../../src/models/clv/rows.ts';
import { CURVE_COLUMNS, fillCurves, scoreSql } from '../../src/models/clv/sql.ts';
import { ownerPid } from '../engine/state-dir.ts';
import { ownPeak, peakOf } from './memory.ts';

/** Times in seconds, memory in MB. */
export type Measured = {
  read: number;
  fit: number;
  score: number;
  /** Distinct histories (x, t_x, T), and distinct values (x, mean). */
  histories: number;
  values: number;
  /** The most that this process and its engine process ever held in memory. */
  own_peak: number;
  engine_peak: number;
  /** By how much reading and fitting raised the most that this process held. */
  fit_growth: number;
};

const [state = '', table = ''] = process.argv.slice(2);
const from = { from: table };
const engine = await openEngine({ state, idle_seconds: 1 });
try {
  await engine.command(`CREATE OR REPLACE TABLE curves ${CURVE_COLUMNS} ENGINE = Memory`);
  await engine.command('DROP TABLE IF EXISTS scores SYNC');
  const rest = ownPeak();
  const start = performance.now();
  const histories = await readHistories(engine, from);
  const values = await readMeanValues(engine, from);
  const read = performance.now();
  const purchases = choosePurchaseModel(histories, 'bg_nbd').model!;
  const value = chooseValueModel(values).model;
  const fitted = performance.now();
  const fit_growth = ownPeak() - rest;
  const scoring = { purchases, value, horizon: 39, discount: TWELVE_MONTHS_IN_WEEKS };
  await fillCurves(engine, from, 'curves', scoring);
  const { sql, params } = scoreSql(from, 'curves', scoring);
  await engine.command(
    `CREATE TABLE scores ENGINE = MergeTree ORDER BY customer AS
     SELECT customer, p_alive, expected_purchases, expected_order_value, clv FROM (${sql})`,
    params,
  );
  const scored = performance.now();
  const measured: Measured = {
    read: (read - start) / 1000,
    fit: (fitted - read) / 1000,
    score: (scored - fitted) / 1000,
    histories: histories.count.length,
    values: values.count.length,
    own_peak: ownPeak(),
    engine_peak: peakOf(ownerPid(state)!),
    fit_growth,
  };
  console.log(JSON.stringify(measured));
} finally {
  await engine.close();
}
