import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Engine, openEngine } from '../../../src/engine/engine.ts';
import type { PurchaseModel } from '../../../src/models/clv/purchase-model.ts';
import { TWELVE_MONTHS_IN_WEEKS } from '../../../src/models/clv/purchase-model.ts';
import { readHistories, readMeanValues } from '../../../src/models/clv/rows.ts';
import { type Score, score, type Scoring } from '../../../src/models/clv/score.ts';
import { CURVE_COLUMNS, fillCurves, scoreSql } from '../../../src/models/clv/sql.ts';
import type { ValueModel } from '../../../src/models/clv/value-model.ts';
import { type StateDir, stateDir } from '../../engine/state-dir.ts';
import { grouped, hasReference, meanValues, readCustomers } from './reference.ts';

type Customer = { x: number; t_x: number; T: number; mean: number };

const MODELS: PurchaseModel[] = [
  { name: 'bg_nbd', parameters: { r: 0.2426, alpha: 4.4136, a: 0.7929, b: 2.4259 } },
  { name: 'mbg_nbd', parameters: { r: 0.5248, alpha: 6.1831, a: 0.8914, b: 1.614 } },
  { name: 'mbg_nbd', parameters: { r: 0.02, alpha: 0.003, a: 1, b: 1e5 } },
  { name: 'bg_nbd', parameters: { r: 9000, alpha: 20_000, a: 0.25, b: 0.75 } },
  { name: 'nbd', parameters: { r: 0.4, alpha: 12 } },
];
const GAMMA_GAMMA: ValueModel = { name: 'gamma_gamma', parameters: { p: 6.25, q: 3.744, v: 15.44 } };
const OWN_MEAN: ValueModel = { name: 'own_mean', parameters: { mean: 35.5 } };

/** From a first purchase today to twenty years, from no repeat purchase to 20,000. */
const EXTREMES: Customer[] = [0, 0.14, 1, 39, 1043].flatMap((T) =>
  [0, 1, 2, 30, 400, 20_000].flatMap((x) =>
    (x === 0 ? [0] : [T, T * 0.7, T * 0.01]).map((t_x) => ({ x, t_x, T, mean: x ? 10 + x : 0 })),
  ),
);

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

async function store(table: string, customers: Customer[]): Promise<void> {
  await engine.command(
    `CREATE TABLE ${table} (x UInt32, t_x Float64, T Float64, mean Float64) ENGINE = MergeTree ORDER BY x`,
  );
  await engine.insert(
    table,
    customers.map(({ x, t_x, T, mean }) => ({ x, t_x, T, mean })),
  );
}

async function expectSame(from: string, customers: number, scoring: Scoring): Promise<void> {
  await engine.command(`CREATE OR REPLACE TABLE curves ${CURVE_COLUMNS} ENGINE = Memory`);
  await fillCurves(engine, { from }, 'curves', scoring);
  const { sql, params } = scoreSql({ from }, 'curves', scoring);
  const rows = await engine.query<Customer & Score>(sql, params);

  expect(rows).toHaveLength(customers);
  for (const row of rows) {
    for (const [name, value] of Object.entries(score(scoring, row))) {
      const error = Math.abs(row[name as keyof Score] - value);
      expect(error, `${name} of ${JSON.stringify(row)}`).toBeLessThanOrEqual(1e-12 * value);
    }
  }
}

describe.each(MODELS)('$name $parameters', (purchases) => {
  const scoring = { purchases, value: GAMMA_GAMMA, horizon: 39, discount: TWELVE_MONTHS_IN_WEEKS };

  test('SQL gives the same numbers to 12 digits for the most unusual customers', async () => {
    await engine.command('DROP TABLE IF EXISTS extremes');
    await store('extremes', EXTREMES);
    await expectSame('extremes', EXTREMES.length, scoring);
    await expectSame('extremes', EXTREMES.length, { ...scoring, value: OWN_MEAN, horizon: 1000 });
  });

  test.skipIf(!hasReference)('SQL gives the same numbers to 12 digits for every CDNOW customer', async () => {
    await engine.command('DROP TABLE IF EXISTS cdnow');
    await store('cdnow', readCustomers());
    await expectSame('cdnow', 2357, scoring);
  });
});

test.skipIf(!hasReference)(
  'customers are read in groups of equal histories, repeat buyers by x and mean',
  async () => {
    const customers = readCustomers();
    await engine.command('DROP TABLE IF EXISTS cdnow');
    await store('cdnow', customers);

    const histories = await readHistories(engine, { from: 'cdnow' });
    const values = await readMeanValues(engine, {
      from: '(SELECT * FROM cdnow WHERE x < {most:UInt32})',
      params: { most: 5 },
    });

    const sorted = (columns: Record<string, Uint32Array | Float64Array>) =>
      Array.from(columns.count!, (_, i) => Object.values(columns).map((column) => column[i]!)).sort((a, b) =>
        `${a}` < `${b}` ? -1 : 1,
      );
    expect(sorted(histories)).toEqual(sorted(grouped(customers)));
    expect(values.count.reduce((sum, n) => sum + n, 0)).toBe(
      meanValues(customers).x.filter((x) => x < 5).length,
    );
  },
);
