import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Engine, openEngine } from '../../../src/engine/engine.ts';
import { readHistories, readMeanValues } from '../../../src/models/clv/rows.ts';
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
