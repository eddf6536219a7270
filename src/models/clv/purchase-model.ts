import { expectedWhileActive } from './expected-while-active.ts';

/**
 * The models of when customers buy. A customer buys at random with a rate of their own (gamma with shape r, scale
 * alpha) until they leave; each has an own probability to leave at every chance (beta with a, b).
 *
 * - `bg_nbd` (Fader, Hardie & Lee 2005): a chance to leave comes after each repeat purchase, so a one-time buyer is
 *   certainly active.
 * - `mbg_nbd` (Batislam, Denizel & Filiztekin 2007): one more, right after the first purchase.
 * - `nbd` (Ehrenberg 1959): nobody leaves.
 *
 * Time has the unit that the parameters were fitted in, weeks or days; only alpha depends on it.
 */
export type DropoutModel = {
  name: 'mbg_nbd' | 'bg_nbd';
  parameters: { r: number; alpha: number; a: number; b: number };
};
export type PurchaseModel = DropoutModel | { name: 'nbd'; parameters: { r: number; alpha: number } };

/**
 * What a model needs to know of a customer: `x` repeat purchases (days with a purchase, less the first), `t_x` the time
 * from the first to the last, `T` the time from the first until now. x is 0 exactly where t_x is 0.
 */
export type History = { x: number; t_x: number; T: number };

/** Chances to leave that come before the first repeat purchase: all in which the two dropout models differ. */
export const FIRST_CHANCES = { mbg_nbd: 1, bg_nbd: 0 } as const;

/** The probability, 0 to 1, that the customer has not left by now. */
export function pAlive(model: PurchaseModel, { x, t_x, T }: History): number {
  if (model.name === 'nbd') return 1;
  const { r, alpha, a, b } = model.parameters;
  const chances = x + FIRST_CHANCES[model.name];
  if (chances === 0) return 1;
  const odds = Math.log(a / (b + chances - 1)) + (r + x) * Math.log1p((T - t_x) / (alpha + t_x));
  return 1 / (1 + Math.exp(odds));
}

/** Expected purchases in (T, T + t] if the customer is active at T. */
export function expectedIfActive(model: PurchaseModel, { x, T }: Omit<History, 't_x'>, t: number): number {
  return expectedAtRatio(model, x, t / (model.parameters.alpha + T));
}

/** The same by t/(alpha + T): but for x, no more of the history matters. */
export function expectedAtRatio(model: PurchaseModel, x: number, ratio: number): number {
  const { r } = model.parameters;
  if (model.name === 'nbd') return expectedWhileActive(r + x, ratio, 0, 1);
  const { a, b } = model.parameters;
  return expectedWhileActive(r + x, ratio, a, b + x + FIRST_CHANCES[model.name]);
}

/** Expected purchases in (T, T + t] given the history. */
export function expectedPurchases(model: PurchaseModel, history: History, t: number): number {
  return pAlive(model, history) * expectedIfActive(model, history, t);
}

/** Expected repeat purchases of a new customer in the time `t` after the first purchase. */
export function expectedRepeats(model: PurchaseModel, t: number): number {
  return expectedPurchases(model, { x: 0, t_x: 0, T: 0 }, t);
}

/**
 * How many repeat purchases new customers make in a time `t`.
 *
 * @returns shares of the customers with 0, 1, … `most` - 1 repeat purchases and, last, with `most` or more
 */
export function repeatShares(model: PurchaseModel, t: number, most: number): number[] {
  const { r, alpha } = model.parameters;
  let exactly = Math.exp(-r * Math.log1p(t / alpha));
  let more = 1 - exactly;
  let stays = 1;
  const leave = (chance: number) => {
    if (model.name === 'nbd') return;
    stays *= (model.parameters.b + chance) / (model.parameters.a + model.parameters.b + chance);
  };
  const first = model.name === 'nbd' ? 0 : FIRST_CHANCES[model.name];
  for (let chance = 0; chance < first; chance++) leave(chance);
  const shares: number[] = [];
  let above = 1;
  for (let n = 0; n < most; n++) {
    const next = more * stays;
    shares.push(above - next);
    above = next;
    exactly *= ((r + n) / (n + 1)) * (t / (alpha + t));
    more -= exactly;
    leave(n + first);
  }
  return [...shares, above];
}

/**
 * How the value of future purchases is discounted: `months` steps of length `month` (in the model's time), at a rate
 * per month; what is bought in a step counts at its end.
 */
export type Discount = { months: number; month: number; monthly_rate: number };

/** A year at 1 % per month (12.7 % a year), a month being 4.345 weeks: the usual definition, for time in weeks. */
export const TWELVE_MONTHS_IN_WEEKS: Discount = { months: 12, month: 4.345, monthly_rate: 0.01 };

/**
 * Expected purchases, each discounted, as a sum of weight · E[t] with weights above 0. The differences of expectations
 * are summed by parts, so that no digits are lost: d_k (E[t_k] - E[t_(k-1)]) becomes (d_k - d_(k+1)) E[t_k].
 */
export function discountTerms({ months, month, monthly_rate }: Discount): { t: number; weight: number }[] {
  const kept = (k: number) => 1 / (1 + monthly_rate) ** k;
  return Array.from({ length: months }, (_, i) => {
    const k = i + 1;
    return { t: k * month, weight: k < months ? monthly_rate * kept(k + 1) : kept(k) };
  }).filter(({ weight }) => weight > 0);
}

/** Expected purchases, each discounted, if the customer is active at T. */
export function discountedIfActive(
  model: PurchaseModel,
  history: Omit<History, 't_x'>,
  discount: Discount,
): number {
  return discountTerms(discount).reduce(
    (sum, { t, weight }) => sum + weight * expectedIfActive(model, history, t),
    0,
  );
}
