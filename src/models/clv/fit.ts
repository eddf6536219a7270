import { gammaGammaLikelihood, type GammaGammaParameters, type MeanValues } from './gamma-gamma.ts';
import { maximise, type Box, type Local, type Maximum } from './newton.ts';
import { type Histories, purchaseLikelihood } from './purchase-likelihood.ts';
import type { DropoutModel, PurchaseModel } from './purchase-model.ts';

/**
 * Where the likelihood has its maximum only in a limit, the limit's name:
 *
 * - `nbd_limit`: dropout runs to zero, so that the NBD is as likely; it is the model reported.
 * - `equal_rates`: all customers buy at the same rate (r and alpha run to infinity together).
 * - `equal_dropout`: all have the same probability to leave (a and b run to infinity together).
 * - `equal_values`: all purchases are worth the same (p or q runs to infinity).
 * - `parameter_at_bound`: any other parameter that runs away.
 */
export type Edge = 'nbd_limit' | 'equal_rates' | 'equal_dropout' | 'equal_values' | 'parameter_at_bound';

type Fitted<Parameters> = {
  /** From the inverse Hessian; a parameter that runs to a limit has none. */
  standard_errors: Partial<Record<keyof Parameters, number>>;
  log_likelihood: number;
  customers: number;
  converged: boolean;
  edge?: Edge;
};
export type PurchaseFit = PurchaseModel & Fitted<{ r: number; alpha: number; a: number; b: number }>;
type DropoutFit = Extract<PurchaseFit, DropoutModel>;
export type GammaGammaFit = {
  name: 'gamma_gamma';
  parameters: GammaGammaParameters;
} & Fitted<GammaGammaParameters>;

/** A gain in log-likelihood that counts for nothing: a likelihood-ratio test asks for 2 at the least. */
const NO_GAIN = 1e-4;

/**
 * Rows on which the starts are compared; and how many times more rows each further search has, until it has all. Each
 * begins so near its maximum that two or three steps do.
 */
const FIRST_ROWS = 2000;
const MORE_ROWS = 20;

/**
 * Fits a model by maximum likelihood. The unit of time is the one of `histories`.
 *
 * @param histories rows of equal histories with their counts, at least one; their order does not matter
 */
export function fitPurchases(name: PurchaseModel['name'], histories: Histories): PurchaseFit {
  const fit = fitAs(name, histories);
  if (fit.name === 'nbd' || hasDropout(fit)) return fit;
  const nbd = fitAs('nbd', histories);
  return fit.log_likelihood > nbd.log_likelihood + NO_GAIN ? fit : { ...nbd, edge: 'nbd_limit' };
}

/** Dropout so plain that the NBD need not be fitted beside it: a and b are both far from their limits. */
function hasDropout({ converged, edge, parameters: { a, b }, standard_errors: errors }: DropoutFit): boolean {
  return converged && !edge && a > 2 * (errors.a ?? a) && b > 2 * (errors.b ?? b);
}

function fitAs(name: PurchaseModel['name'], histories: Histories): PurchaseFit {
  const [customers, repeats, years] = totals(histories);
  // alpha goes with the unit of time, so its starts and bounds do too: r purchases in a time alpha on average.
  const time = years / Math.max(repeats, 1);
  const starts: number[][] = [];
  for (const r of [0.3, 1, 4]) {
    if (name === 'nbd') starts.push([r, r * time]);
    else
      for (const dropout of [
        [0.7, 2],
        [0.5, 10],
      ])
        starts.push([r, r * time, ...dropout]);
  }
  const box = {
    lower: [1e-5, 1e-8 * time, 1e-7, 1e-5].slice(0, starts[0]!.length),
    upper: [1e4, 1e8 * time, 1e5, 1e5].slice(0, starts[0]!.length),
  };
  const best = search((rows) => purchaseLikelihood(name, rows), histories, starts, box);
  const [r, alpha, a, b] = best.at.map(Math.exp) as [number, number, number, number];
  const [atR, atAlpha, atA, atB] = best.at.map((value, i) => value > Math.log(box.upper[i]!) - 1e-9);
  const edge: Edge | undefined =
    atR || atAlpha
      ? 'equal_rates'
      : atA || atB
        ? 'equal_dropout'
        : best.pressed.includes(true)
          ? 'parameter_at_bound'
          : undefined;
  const fitted = {
    standard_errors: standardErrors(['r', 'alpha', 'a', 'b'], best),
    log_likelihood: best.value,
    customers,
    converged: best.converged,
    ...(edge && { edge }),
  };
  return name === 'nbd'
    ? { name, parameters: { r, alpha }, ...fitted }
    : { name, parameters: { r, alpha, a, b }, ...fitted };
}

function totals({ x, T, count }: Histories): [customers: number, repeats: number, time: number] {
  let [customers, repeats, time] = [0, 0, 0];
  for (let i = 0; i < count.length; i++) {
    customers += count[i]!;
    repeats += count[i]! * x[i]!;
    time += count[i]! * T[i]!;
  }
  return [customers, repeats, time || 1];
}

/**
 * Fits the Gamma-Gamma model by maximum likelihood. Every row must have x > 0 and a mean above 0.
 * `parameters.q` at or below 1 means that the values have no finite mean: no value can then be expected.
 */
export function fitGammaGamma(values: MeanValues): GammaGammaFit {
  let [customers, logs] = [0, 0];
  for (let i = 0; i < values.count.length; i++) {
    customers += values.count[i]!;
    logs += values.count[i]! * Math.log(values.mean[i]!);
  }
  const money = Math.exp(logs / customers);
  const starts = [
    [1, 2, money],
    [4, 4, money],
    [10, 3, money / 4],
    [1, 20, 20 * money],
  ];
  const box = { lower: [1e-5, 1e-3, 1e-8 * money], upper: [1e4, 1e4, 1e9 * money] };
  const best = search(gammaGammaLikelihood, values, starts, box);
  const [p, q, v] = best.at.map(Math.exp) as [number, number, number];
  const [atP, atQ] = best.at.map((value, i) => value > Math.log(box.upper[i]!) - 1e-9);
  const edge: Edge | undefined =
    atP || atQ ? 'equal_values' : best.pressed.includes(true) ? 'parameter_at_bound' : undefined;
  return {
    name: 'gamma_gamma',
    parameters: { p, q, v },
    standard_errors: standardErrors(['p', 'q', 'v'], best),
    log_likelihood: best.value,
    customers,
    converged: best.converged,
    ...(edge && { edge }),
  };
}

type Columns = Record<string, Uint32Array | Float64Array>;

/** The highest maximum over several starts, found on a part of the rows and followed to all of them. */
function search<Rows extends Columns>(
  likelihood: (rows: Rows) => (at: number[]) => Local,
  rows: Rows,
  starts: number[][],
  natural: Box,
): Maximum {
  const box = { lower: natural.lower.map(Math.log), upper: natural.upper.map(Math.log) };
  const length = rows.count!.length;
  const part = (size: number) => likelihood(size < length ? thinned(rows, Math.ceil(length / size)) : rows);
  const first = part(FIRST_ROWS);
  let best = starts
    .map((start) => maximise(first, start.map(Math.log), box))
    .reduce((best, next) => (better(next, best) ? next : best));
  for (let size = FIRST_ROWS; size < length;) {
    size *= MORE_ROWS;
    best = maximise(part(size), best.at, box);
  }
  return best;
}

function better(next: Maximum, best: Maximum): boolean {
  return next.converged === best.converged ? next.value > best.value : next.converged;
}

function thinned<Rows extends Columns>(rows: Rows, every: number): Rows {
  const thin = (column: Uint32Array | Float64Array) => {
    const kept = column.slice(0, Math.ceil(column.length / every));
    for (let i = 0; i < kept.length; i++) kept[i] = column[i * every]!;
    return kept;
  };
  return Object.fromEntries(Object.entries(rows).map(([key, column]) => [key, thin(column)])) as Rows;
}

/** By the delta method: the search runs in logarithms, so an error there is relative to the parameter. */
function standardErrors(names: string[], { at, pressed, covariance }: Maximum): Record<string, number> {
  if (!covariance) return {};
  const errors = at.map((value, i) => [names[i]!, Math.exp(value) * Math.sqrt(covariance[i]![i]!)] as const);
  return Object.fromEntries(errors.filter((_, i) => !pressed[i]));
}
