import type { Local } from './newton.ts';
import { FIRST_CHANCES, type PurchaseModel } from './purchase-model.ts';

/** Histories as columns: row i stands for `count[i]` customers with the same x, t_x and T. */
export type Histories = {
  x: Uint32Array;
  t_x: Float64Array;
  T: Float64Array;
  count: Uint32Array;
};

/** The log-likelihood of a model (natural, no constant left out, in the unit of time of `histories`). */
export function logLikelihood(model: PurchaseModel, histories: Histories): number {
  const { name, parameters } = model;
  return purchaseLikelihood(name, histories)(Object.values(inOrder(parameters)).map(Math.log)).value;
}

function inOrder({ r, alpha, ...dropout }: PurchaseModel['parameters']) {
  return 'a' in dropout ? { r, alpha, a: dropout.a, b: dropout.b } : { r, alpha };
}

/**
 * The log-likelihood as a function of the logarithms of the parameters (r, alpha and, but for the NBD, a, b), with its
 * gradient and Hessian. One customer adds
 *
 *     ln (r)_x + r ln alpha - (r + x) ln(alpha + T) + ln (b)_n/(a+b)_n + ln(1 + e^u)
 *
 * n = x + the first chances of the model, u = ln of the odds of having left. The rising factorials (r)_x = r (r+1) …
 * are summed term by term: x is whole, and differences of ln gamma would lose digits where b is great.
 */
export function purchaseLikelihood(
  name: PurchaseModel['name'],
  histories: Histories,
): (logParameters: number[]) => Local {
  const above = customersAbove(histories);
  const customers = histories.count.reduce((sum, n) => sum + n, 0);
  return (logParameters) => {
    const parameters = logParameters.map(Math.exp);
    const local = empty(parameters.length);
    addRates(local, parameters, above);
    if (name === 'nbd') {
      addTimes(local, parameters, histories);
    } else {
      const first = FIRST_CHANCES[name];
      addChances(local, parameters, above, customers, first);
      addTimesAndDropout(local, parameters, histories, first, above.length);
    }
    return inLogarithms(local, parameters);
  };
}

function empty(size: number): Local {
  const zeros = () => Array.from({ length: size }, () => 0);
  return { value: 0, gradient: zeros(), hessian: Array.from({ length: size }, zeros) };
}

/** By the chain rule; also fills the upper half of the Hessian from the lower. */
export function inLogarithms({ value, gradient, hessian }: Local, parameters: number[]): Local {
  const slope = gradient.map((part, i) => part * parameters[i]!);
  const curvature = hessian.map((row, i) =>
    row.map((_, j) => {
      const part = i >= j ? hessian[i]![j]! : hessian[j]![i]!;
      return part * parameters[i]! * parameters[j]! + (i === j ? slope[i]! : 0);
    }),
  );
  return { value, gradient: slope, hessian: curvature };
}

/** How many customers have made more than j repeat purchases, for j from 0 to the most that anyone has made. */
function customersAbove({ x, count }: Histories): Float64Array {
  let most = 0;
  for (let i = 0; i < x.length; i++) if (x[i]! > most) most = x[i]!;
  const customers = new Float64Array(most + 1);
  for (let i = 0; i < x.length; i++) customers[x[i]!]! += count[i]!;
  let above = 0;
  for (let j = most; j >= 0; j--) {
    const equal = customers[j]!;
    customers[j] = above;
    above += equal;
  }
  return customers;
}

/** Adds ln (r)_x of all customers at once. */
function addRates(local: Local, [r = 0]: number[], above: Float64Array): void {
  for (let j = 0; j < above.length; j++) {
    local.value += above[j]! * Math.log(r + j);
    local.gradient[0]! += above[j]! / (r + j);
    local.hessian[0]![0]! -= above[j]! / (r + j) ** 2;
  }
}

/** Adds ln (b)_n/(a+b)_n of all customers at once. */
function addChances(
  local: Local,
  [, , a = 0, b = 0]: number[],
  above: Float64Array,
  customers: number,
  first: number,
): void {
  const { gradient, hessian } = local;
  for (let j = 0; j < above.length + first; j++) {
    const more = j < first ? customers : above[j - first]!;
    const stay = b + j;
    const both = a + b + j;
    local.value -= more * Math.log1p(a / stay);
    gradient[2]! -= more / both;
    gradient[3]! += (more * a) / stay / both;
    hessian[2]![2]! += more / both ** 2;
    hessian[3]![2]! += more / both ** 2;
    hessian[3]![3]! -= ((more * a) / stay / both) * (1 / stay + 1 / both);
  }
}

/** Adds r ln alpha - (r + x) ln(alpha + T). */
function addTimes(local: Local, [r = 0, alpha = 0]: number[], { x, T, count }: Histories): void {
  const { gradient, hessian } = local;
  for (let i = 0; i < count.length; i++) {
    const n = count[i]!;
    const shape = r + x[i]!;
    const scale = alpha + T[i]!;
    const growth = Math.log1p(T[i]! / alpha);
    local.value -= n * (r * growth + x[i]! * Math.log(scale));
    gradient[0]! -= n * growth;
    gradient[1]! += n * (r / alpha - shape / scale);
    hessian[1]![0]! += n * (1 / alpha - 1 / scale);
    hessian[1]![1]! += n * (shape / scale ** 2 - r / alpha ** 2);
  }
}

/** Adds r ln alpha - (r + x) ln(alpha + T) + ln(1 + e^u). Written out, since a million rows go through it each step. */
function addTimesAndDropout(
  local: Local,
  [r = 0, alpha = 0, a = 0, b = 0]: number[],
  { x, t_x, T, count }: Histories,
  first: number,
  differentX: number,
): void {
  const perAlpha = 1 / alpha;
  const perA = 1 / a;
  /** ln of the odds of leaving at the last chance, by x. */
  const oddsAtLast = Float64Array.from({ length: differentX }, (_, x) => Math.log(a / (b + x + first - 1)));
  let value = 0;
  let [gr, gAlpha, gA, gB] = [0, 0, 0, 0];
  let [hRr, hRAlpha, hRa, hRb, hAlphaAlpha, hAlphaA, hAlphaB] = [0, 0, 0, 0, 0, 0, 0];
  let [hAa, hAb, hBb] = [0, 0, 0];
  for (let i = 0; i < count.length; i++) {
    const n = count[i]!;
    const bought = x[i]!;
    const shape = r + bought;
    const perScale = 1 / (alpha + T[i]!);
    const growth = -Math.log(alpha * perScale);
    value -= n * (r * growth - bought * Math.log(perScale));
    gr -= n * growth;
    gAlpha += n * (r * perAlpha - shape * perScale);
    hRAlpha += n * (perAlpha - perScale);
    hAlphaAlpha += n * (shape * perScale * perScale - r * perAlpha * perAlpha);

    const chances = bought + first;
    if (chances === 0) continue;
    const perLast = 1 / (alpha + t_x[i]!);
    const perStay = 1 / (b + chances - 1);
    const uR = Math.log((alpha + T[i]!) * perLast);
    const uAlpha = shape * (perScale - perLast);
    const u = oddsAtLast[bought]! + shape * uR;
    const small = Math.exp(-Math.abs(u));
    value += n * ((u > 0 ? u : 0) + Math.log(1 + small));
    const gone = (u > 0 ? 1 : small) / (1 + small);
    const slope = n * gone;
    const bend = (n * small) / (1 + small) ** 2;
    gr += slope * uR;
    gAlpha += slope * uAlpha;
    gA += slope * perA;
    gB -= slope * perStay;
    hRr += bend * uR * uR;
    hRAlpha += bend * uR * uAlpha + slope * (perScale - perLast);
    hRa += bend * uR;
    hRb -= bend * uR * perStay;
    hAlphaAlpha += bend * uAlpha * uAlpha + slope * shape * (perLast * perLast - perScale * perScale);
    hAlphaA += bend * uAlpha;
    hAlphaB -= bend * uAlpha * perStay;
    hAa += bend - slope;
    hAb -= bend * perStay;
    hBb += (bend + slope) * perStay * perStay;
  }
  const { gradient, hessian } = local;
  local.value += value;
  [gr, gAlpha, gA, gB].forEach((part, i) => (gradient[i]! += part));
  [
    [hRr],
    [hRAlpha, hAlphaAlpha],
    [hRa * perA, hAlphaA * perA, hAa * perA * perA],
    [hRb, hAlphaB, hAb * perA, hBb],
  ].forEach((row, i) => row.forEach((part, j) => (hessian[i]![j]! += part)));
}
