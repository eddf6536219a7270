import { afterAll, beforeAll, expect, test } from 'vitest';
import { fitGammaGamma, fitPurchases } from '../../../src/models/clv/fit.ts';
import { type Engine, openEngine } from '../../../src/engine/engine.ts';
import { readHistories, readMeanValues } from '../../../src/models/clv/rows.ts';
import { different } from '../../bench/cohort.ts';
import { type StateDir, stateDir } from '../../engine/state-dir.ts';

let state: StateDir;
let engine: Engine;
beforeAll(async () => {
  state = stateDir();
  engine = await openEngine({ state: state.path });
});
afterAll(async () => {
  await engine.close();
  await state[Symbol.asyncDispose]();
});

test('groups that come in many blocks are read with every digit', async () => {
  const GROUPS = 200_000;
  const customers = {
    from: `(SELECT intDiv(number, 3) AS n, n AS x, n / 7 AS t_x, n / 3 AS T, sqrt(n) AS mean FROM numbers({size:UInt64}))`,
    params: { size: 3 * GROUPS },
  };
  const histories = await readHistories(engine, customers);
  const values = await readMeanValues(engine, customers);

  expect(histories.x).toHaveLength(GROUPS);
  expect(new Set(histories.x).size).toBe(GROUPS);
  const wrong = histories.x.findIndex(
    (n, i) => histories.t_x[i] !== n / 7 || histories.T[i] !== n / 3 || histories.count[i] !== 3,
  );
  expect(wrong).toBe(-1);
  expect(values.x).toHaveLength(GROUPS - 1);
  expect(values.x.findIndex((n, i) => values.mean[i] !== Math.sqrt(n) || values.count[i] !== 3)).toBe(-1);
});

test('no customers are no groups', async () => {
  const nobody = { from: '(SELECT number AS x, 1. AS t_x, 1. AS T, 1. AS mean FROM numbers(0))' };
  expect(await readHistories(engine, nobody)).toEqual({
    x: new Uint32Array(0),
    t_x: new Float64Array(0),
    T: new Float64Array(0),
    count: new Uint32Array(0),
  });
  expect((await readMeanValues(engine, nobody)).count).toHaveLength(0);
});

test('of more customers than are read exactly, rounding moves what is fitted by a fiftieth of its error', async () => {
  const CUSTOMERS = 50_000;
  await engine.command(
    'CREATE TABLE many (x UInt32, t_x Float64, T Float64, mean Float64) ENGINE = MergeTree ORDER BY x',
  );
  await engine.insert(
    'many',
    [...different(CUSTOMERS)].map(({ x, t_x, T, mean }) => ({ x, t_x, T, mean })),
  );
  const many = { from: 'many' };
  const [exact, rounded] = await Promise.all([
    readHistories(engine, many, CUSTOMERS),
    readHistories(engine, many, CUSTOMERS - 1),
  ]);
  const [exactValues, roundedValues] = await Promise.all([
    readMeanValues(engine, many, CUSTOMERS),
    readMeanValues(engine, many, CUSTOMERS - 1),
  ]);

  expect(rounded.count.reduce((sum, n) => sum + n, 0)).toBe(CUSTOMERS);
  expect(rounded.t_x.every((t_x, i) => t_x <= rounded.T[i]!)).toBe(true);
  expect(rounded.count.length).toBeLessThan(exact.count.length / 2);
  expect(roundedValues.count.length).toBeLessThan(exactValues.count.length / 2);
  expectNear(fitPurchases('bg_nbd', rounded), fitPurchases('bg_nbd', exact));
  expectNear(fitPurchases('mbg_nbd', rounded), fitPurchases('mbg_nbd', exact));
  expectNear(fitGammaGamma(roundedValues), fitGammaGamma(exactValues));
});

type Fit = { parameters: object; standard_errors: object };

function expectNear(rounded: Fit, exact: Fit): void {
  const found = Object.entries(rounded.parameters) as [string, number][];
  for (const [name, value] of found) {
    const { [name]: sought } = exact.parameters as Record<string, number>;
    const { [name]: error } = exact.standard_errors as Record<string, number>;
    expect(Math.abs(value - sought!), name).toBeLessThan(error! / 50);
  }
}
