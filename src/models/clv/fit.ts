import { gammaGammaLikelihood, type GammaGammaParameters, type MeanValues } from './gamma-gamma.ts';
import type { Histories } from './histories.ts';
import { purchaseLikelihood } from './purchase-likelihood.ts';
import type { DropoutModel, PurchaseModel } from './purchase-model.ts';
import { search, standardErrors } from './search.ts';

/**
 * Where the likelihood has its maximum only in a limit, the limit's name:
 *
 * - `nbd_limit`: dropout runs to zero, so that the NBD is as likely; it is the model reported.
 * - `equal_rates`: all customers buy at the same rate (r and alpha run to infinity together).
 * - `equal_dropout`: all have the same probability to leave (a and b run to infinity together).
 * - `equal_values`: all purchases of a customer are worth the same (p runs to infinity), or all customers have the same
 *   mean value (q does).
 * - `parameter_at_bound`: any other parameter that runs away.
 */
type Edge = 'nbd_limit' | 'equal_rates' | 'equal_dropout' | 'equal_values' | 'parameter_at_bound';

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
  const [customers, repeats, followed] = totals(histories);
  // alpha goes with the unit of time, so its starts and bounds do too: r purchases in a time alpha on average.
  const time = followed / Math.max(repeats, 1);
  const dropouts =
    name === 'nbd'
      ? [[]]
      : [
          [0.7, 2],
          [0.5, 10],
        ];
  const starts = [0.3, 1, 4].flatMap((r) => dropouts.map((dropout) => [r, r * time, ...dropout]));
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

function totals({ x, T, count }: Histories): [customers: number, repeats: number, followed: number] {
  let [customers, repeats, followed] = [0, 0, 0];
  for (let i = 0; i < count.length; i++) {
    customers += count[i]!;
    repeats += count[i]! * x[i]!;
    followed += count[i]! * T[i]!;
  }
  return [customers, repeats, followed || 1];
}

/**
 * Fits the Gamma-Gamma model by maximum likelihood. At least one row; every row must have x > 0 and a mean
 * above 0.
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
