import type { History } from '../../src/models/clv/purchase-model.ts';
import { random, simulate, simulateMean } from '../models/clv/world.ts';

export type Customer = History & { customer: number; mean: number };

/** What CDNOW's customers are like, time in weeks and money in dollars: the published fits. */
const BUYING = { name: 'bg_nbd', parameters: { r: 0.2426, alpha: 4.4136, a: 0.7929, b: 2.4259 } } as const;
const SPENDING = { p: 6.25, q: 3.74, v: 15.44 };

/** CDNOW's customers made their first purchase on one of these days, this long before the end. */
const FIRST_DAYS = 84;
const LONGEST_DAYS = 272;

/** Customers like CDNOW's: known by whole days and cents, so that many histories are equal. */
export function cohort(customers: number): Customer[] {
  const dice = random(1997);
  const age = () => (LONGEST_DAYS - Math.floor(FIRST_DAYS * dice.uniform())) / 7;
  return simulate(BUYING, customers, dice, age).map(({ x, t_x, T }, customer) => ({
    customer,
    x,
    t_x: Math.ceil(t_x * 7) / 7,
    T,
    mean: x && Math.max(1, Math.round(simulateMean(SPENDING, x, dice) * x * 100)) / 100 / x,
  }));
}

/** The cohort again and again: customer i is like customer i modulo its size. */
export function* repeated(of: Customer[], customers: number): Generator<Customer> {
  for (let customer = 0; customer < customers; customer++) yield { ...of[customer % of.length]!, customer };
}

/** Customers of whom no two are alike, with time and money to the last digit. */
export function* different(customers: number): Generator<Customer> {
  const dice = random(1);
  for (let customer = 0; customer < customers;) {
    for (const history of simulate(BUYING, Math.min(1000, customers - customer), dice))
      yield { customer: customer++, ...history, mean: simulateMean(SPENDING, history.x, dice) };
  }
}
