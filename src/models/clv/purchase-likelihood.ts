import { byX, customersAbove, type EqualX, type Histories } from './histories.ts';
import type { Local } from './newton.ts';
import { FIRST_CHANCES, type PurchaseModel } from './purchase-model.ts';

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
  const groups = byX(histories);
  const above = customersAbove(groups);
  const customers = groups.reduce((sum, group) => sum + group.customers, 0);
  const first = name === 'nbd' ? 0 : FIRST_CHANCES[name];
  return (logParameters) => {
    const parameters = logParameters.map(Math.exp);
    const local = empty(parameters.length);
    addRates(local, parameters, above);
    if (name !== 'nbd') addChances(local, parameters, above, customers, first);
    for (const group of groups) {
      addTimes(local, parameters, group);
      if (name !== 'nbd' && group.x + first > 0) addDropout(local, parameters, group, first);
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

/** Adds r ln alpha - (r + x) ln(alpha + T) of the customers with one x, as -(r + x) ln((alpha + T)/alpha) - x ln alpha. */
function addTimes(local: Local, [r = 0, alpha = 0]: number[], { x, customers, T, count }: EqualX): void {
  const { gradient, hessian } = local;
  const shape = r + x;
  let [growth, scales, squares] = [0, 0, 0];
  for (let i = 0; i < count.length; i++) {
    const perScale = count[i]! / (alpha + T[i]!);
    growth += count[i]! * Math.log1p(T[i]! / alpha);
    scales += perScale;
    squares += perScale / (alpha + T[i]!);
  }
  local.value -= shape * growth + customers * x * Math.log(alpha);
  gradient[0]! -= growth;
  gradient[1]! += (customers * r) / alpha - shape * scales;
  hessian[1]![0]! += customers / alpha - scales;
  hessian[1]![1]! += shape * squares - (customers * r) / alpha ** 2;
}

/** Adds ln(1 + e^u) of the customers with one x: u = ln(a/(b + x + first - 1)) + (r + x) R, see `sumDropout`. */
function addDropout(
  local: Local,
  [r = 0, alpha = 0, a = 0, b = 0]: number[],
  group: EqualX,
  first: number,
): void {
  const { gradient, hessian } = local;
  const shape = r + group.x;
  const stay = b + group.x + first - 1;
  const { value, slope, bend } = sumDropout(group, alpha, shape, Math.log(a / stay));
  local.value += value;
  gradient[0]! += slope.R;
  gradient[1]! -= shape * slope.D;
  gradient[2]! += slope.sum / a;
  gradient[3]! -= slope.sum / stay;
  hessian[0]![0]! += bend.RR;
  hessian[1]![0]! -= shape * bend.RD + slope.D;
  hessian[1]![1]! += shape ** 2 * bend.DD + shape * slope.DD;
  hessian[2]![0]! += bend.R / a;
  hessian[2]![1]! -= (shape * bend.D) / a;
  hessian[2]![2]! += (bend.sum - slope.sum) / a ** 2;
  hessian[3]![0]! -= bend.R / stay;
  hessian[3]![1]! += (shape * bend.D) / stay;
  hessian[3]![2]! -= bend.sum / (a * stay);
  hessian[3]![3]! += (bend.sum + slope.sum) / stay ** 2;
}

/**
 * Sums, over the customers with one x, of ln(1 + e^u), of its first derivative by u (slope) and its second (bend), plain
 * and times what u depends on: R = ln((alpha + T)/(alpha + t_x)), D = -dR/dalpha, and DD = -dD/dalpha.
 *
 * @param shape r + x
 * @param odds u - shape R: ln of the odds of leaving at the last chance
 */
function sumDropout({ t_x, T, count }: EqualX, alpha: number, shape: number, odds: number) {
  let value = 0;
  let [slopes, slopesR, slopesD, slopesDD] = [0, 0, 0, 0];
  let [bends, bendsR, bendsD, bendsRR, bendsRD, bendsDD] = [0, 0, 0, 0, 0, 0];
  // Written out, since a million rows go through it at each step.
  for (let i = 0; i < count.length; i++) {
    const last = alpha + t_x[i]!;
    const end = alpha + T[i]!;
    const R = Math.log(end / last);
    const perBoth = 1 / (last * end);
    const D = (T[i]! - t_x[i]!) * perBoth;
    const u = odds + shape * R;
    const small = Math.exp(-Math.abs(u));
    const perAll = 1 / (1 + small);
    value += count[i]! * (Math.max(u, 0) + Math.log(1 + small));
    const slope = count[i]! * (u > 0 ? 1 : small) * perAll;
    slopes += slope;
    slopesR += slope * R;
    slopesD += slope * D;
    slopesDD += slope * D * (last + end) * perBoth;
    const bend = count[i]! * small * perAll * perAll;
    bends += bend;
    bendsR += bend * R;
    bendsD += bend * D;
    bendsRR += bend * R * R;
    bendsRD += bend * R * D;
    bendsDD += bend * D * D;
  }
  return {
    value,
    slope: { sum: slopes, R: slopesR, D: slopesD, DD: slopesDD },
    bend: { sum: bends, R: bendsR, D: bendsD, RR: bendsRR, RD: bendsRD, DD: bendsDD },
  };
}
