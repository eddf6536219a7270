import type { Engine } from '../../src/engine/engine.ts';
import { choosePurchaseModel, chooseValueModel } from '../../src/models/clv/choose.ts';
import { TWELVE_MONTHS_IN_WEEKS } from '../../src/models/clv/purchase-model.ts';
import { readHistories, readMeanValues } from '../../src/models/clv/rows.ts';
import { CURVE_COLUMNS, fillCurves, scoreSql } from '../../src/models/clv/sql.ts';
import type { Figure } from './figure.ts';
import { random, simulate, simulateMean } from '../models/clv/world.ts';

const CUSTOMERS = 1_000_000;

/** Python lifetimes on as many customers with no two histories equal, on a virtual machine of two cores. */
const PEER = { fit: 13.91 + 3.54, score: 0.15 + 0.85 + 0.02 + 11.4 };

/** Fits and scores customers of whom no two are equal: the hardest shop for a fit on groups. */
export async function clvFigures(engine: Engine): Promise<Figure[]> {
  await engine.command(
    'CREATE TABLE clv_bench (x UInt32, t_x Float64, T Float64, mean Float64) ENGINE = MergeTree ORDER BY tuple()',
  );
  await engine.insert('clv_bench', customers());
  await engine.command(`CREATE TABLE clv_bench_curves ${CURVE_COLUMNS} ENGINE = Memory`);
  const from = { from: 'clv_bench' };
  const start = performance.now();
  const [histories, values] = await Promise.all([readHistories(engine, from), readMeanValues(engine, from)]);
  const read = performance.now();
  const purchases = choosePurchaseModel(histories, 'bg_nbd').model!;
  const value = chooseValueModel(values).model;
  const fitted = performance.now();
  const scoring = { purchases, value, horizon: 39, discount: TWELVE_MONTHS_IN_WEEKS };
  await fillCurves(engine, from, 'clv_bench_curves', scoring);
  const { sql, params } = scoreSql(from, 'clv_bench_curves', scoring);
  await engine.command(`CREATE TABLE clv_bench_scores ENGINE = MergeTree ORDER BY tuple() AS ${sql}`, params);
  const scored = performance.now();
  return [
    figure('read the groups', read - start, PEER.fit),
    figure('fit BG/NBD and Gamma-Gamma', fitted - read, PEER.fit),
    figure('score and store', scored - fitted, PEER.score),
    figure('CLV in all', scored - start, PEER.fit + PEER.score),
  ];
}

function figure(work: string, milliseconds: number, peer: number): Figure {
  const seconds = milliseconds / 1000;
  return {
    work: `${work}, ${CUSTOMERS.toLocaleString('en')} customers`,
    measured: `${seconds.toFixed(2)} s`,
    against: `lifetimes ${peer.toFixed(1)} s`,
    ratio: seconds / peer,
  };
}

function* customers() {
  const dice = random(1);
  const model = { name: 'bg_nbd', parameters: { r: 0.2426, alpha: 4.4136, a: 0.7929, b: 2.4259 } } as const;
  for (let made = 0; made < CUSTOMERS; made += 1000) {
    for (const history of simulate(model, 1000, dice))
      yield { ...history, mean: simulateMean({ p: 6.25, q: 3.74, v: 15.44 }, history.x, dice) };
  }
}
