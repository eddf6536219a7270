import { expect, test } from 'vitest';
import { choosePurchaseModel, chooseValueModel } from '../../../src/models/clv/choose.ts';
import { type History, TWELVE_MONTHS_IN_WEEKS } from '../../../src/models/clv/purchase-model.ts';
import { score } from '../../../src/models/clv/score.ts';
import { grouped, meanValues } from './reference.ts';
import { random, simulate, simulateMean } from './world.ts';

type Customer = History & { mean: number };

const dice = random(3);
const alike = (customers: number, customer: Customer) => Array.from({ length: customers }, () => customer);
const ordinary = simulate(
  { name: 'mbg_nbd', parameters: { r: 0.6, alpha: 5, a: 0.9, b: 2.5 } },
  2000,
  dice,
).map((history) => ({ ...history, mean: simulateMean({ p: 6, q: 4, v: 15 }, history.x, dice) }));
const outlier: Customer = { x: 3, t_x: 20, T: 30, mean: 1e9 };

function choose(customers: Customer[], asked?: 'bg_nbd') {
  const purchases = choosePurchaseModel(grouped(customers), asked);
  const value = chooseValueModel(meanValues(customers));
  return { purchases, value };
}

const SHOPS: [
  shop: string,
  Customer[],
  model: string | undefined,
  edge: string | undefined,
  value: string,
  reasons: RegExp[],
][] = [
  ['an ordinary shop', ordinary, 'mbg_nbd', undefined, 'gamma_gamma', []],
  [
    'no customers',
    [],
    undefined,
    undefined,
    'own_mean',
    [/too few customers: 0, needs 100/, /no repeat purchase with a value/],
  ],
  [
    'one customer',
    alike(1, outlier),
    undefined,
    undefined,
    'own_mean',
    [/too few customers: 1, needs 100/, /too few repeat buyers/],
  ],
  [
    'all one-time buyers',
    alike(500, { x: 0, t_x: 0, T: 40, mean: 0 }),
    undefined,
    undefined,
    'own_mean',
    [/no repeat purchases/, /no repeat purchase with/],
  ],
  [
    'all bought today',
    alike(500, { x: 0, t_x: 0, T: 0, mean: 0 }),
    undefined,
    undefined,
    'own_mean',
    [/no repeat purchases/, /no repeat purchase with/],
  ],
  [
    'few repeat buyers',
    ordinary.filter(({ x }, i) => x === 0 || i < 20),
    undefined,
    undefined,
    'own_mean',
    [/too few repeat buyers: \d+, needs 30/, /too few repeat buyers/],
  ],
  [
    'a history of two interpurchase times',
    alike(500, { x: 1, t_x: 10, T: 20, mean: 25 }),
    undefined,
    undefined,
    'gamma_gamma',
    [/history too short/],
  ],
  [
    'identical customers who left',
    alike(500, { x: 3, t_x: 20, T: 40, mean: 25 }),
    'mbg_nbd',
    'equal_rates',
    'gamma_gamma',
    [],
  ],
  [
    'identical customers who bought today',
    alike(500, { x: 3, t_x: 40, T: 40, mean: 25 }),
    'nbd',
    'nbd_limit',
    'gamma_gamma',
    [/no customer seems to leave/],
  ],
  [
    'all left after their second purchase',
    alike(500, { x: 1, t_x: 1, T: 200, mean: 25 }),
    'mbg_nbd',
    'equal_rates',
    'gamma_gamma',
    [],
  ],
  [
    'no revenue',
    ordinary.map((customer) => ({ ...customer, mean: 0 })),
    'mbg_nbd',
    undefined,
    'own_mean',
    [/no repeat purchase with a value/],
  ],
  ['one customer worth a milliard', [...ordinary, outlier], 'mbg_nbd', undefined, 'gamma_gamma', []],
  [
    'a small shop with such a customer',
    [...ordinary.slice(0, 100), outlier],
    'mbg_nbd',
    undefined,
    'gamma_gamma',
    [],
  ],
  [
    'values without a mean',
    ordinary.map((customer) => ({ ...customer, mean: customer.x && dice.uniform() ** -2 })),
    'mbg_nbd',
    undefined,
    'own_mean',
    [/no stable mean/],
  ],
];

test.each(SHOPS)(
  '%s: a named model or a named reason, and numbers for everybody',
  (_, shop, model, edge, value, reasons) => {
    const chosen = choose(shop);

    expect(chosen.purchases.model?.name).toBe(model);
    expect(chosen.purchases.model?.edge).toBe(edge);
    expect(chosen.value.model.name).toBe(value);
    const said = [...chosen.purchases.reasons, ...chosen.value.reasons];
    expect(said).toHaveLength(reasons.length);
    reasons.forEach((reason, i) => expect(said[i]).toMatch(reason));

    const purchases = chosen.purchases.model;
    const numbers = JSON.stringify([purchases, chosen.value], (_key, value) =>
      typeof value === 'number' && !Number.isFinite(value) ? 'not a number' : value,
    );
    expect(numbers).not.toContain('not a number');
    if (!purchases) return;
    const scoring = { purchases, value: chosen.value.model, horizon: 52, discount: TWELVE_MONTHS_IN_WEEKS };
    for (const customer of shop.slice(-300)) {
      for (const [name, number] of Object.entries(score(scoring, customer)))
        expect(Number.isFinite(number) && number >= 0, `${name} ${number}`).toBe(true);
    }
  },
);

test('the BG/NBD is fitted where it is asked for', () => {
  expect(choose(ordinary, 'bg_nbd').purchases).toMatchObject({ model: { name: 'bg_nbd' }, reasons: [] });
});
