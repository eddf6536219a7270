import betaln from '@stdlib/math-base-special-betaln';
import digamma from '@stdlib/math-base-special-digamma';
import trigamma from '@stdlib/math-base-special-trigamma';
import { largest } from './histories.ts';
import type { Local } from './newton.ts';
import { inLogarithms } from './purchase-likelihood.ts';

/**
 * The Gamma-Gamma model of what a purchase is worth (Fader & Hardie 2013): the values of a customer's purchases are
 * gamma with shape p and an own rate, and the rates are gamma with shape q and scale v. v has the unit of money.
 */
export type GammaGammaParameters = { p: number; q: number; v: number };

/** Repeat buyers as columns: row i stands for `count[i]` customers with `x` repeat purchases of the same `mean` value. */
export type MeanValues = { x: Uint32Array; mean: Float64Array; count: Uint32Array };

/**
 * Expected value of a future purchase, given `x` repeat purchases of the mean value `mean` (which does not matter where
 * x is 0: the answer is then the mean over all customers). The mean exists for q > 1 only.
 */
export function expectedOrderValue({ p, q, v }: GammaGammaParameters, x: number, mean: number): number {
  return (p * (v + x * mean)) / (p * x + q - 1);
}

/** The log-likelihood (natural, no constant left out, in the unit of money of `values`). */
export function gammaGammaLogLikelihood({ p, q, v }: GammaGammaParameters, values: MeanValues): number {
  return gammaGammaLikelihood(values)([p, q, v].map(Math.log)).value;
}

/**
 * The log-likelihood as a function of ln p, ln q, ln v, with its gradient and Hessian. With z = x · mean, a customer adds
 *
 *     -ln B(px, q) + px ln(z/(z+v)) + q ln(v/(z+v)) - ln mean
 *
 * The beta function depends on x alone, so it is computed once for each x that occurs.
 */
export function gammaGammaLikelihood({ x, mean, count }: MeanValues): (logParameters: number[]) => Local {
  const byX = customersByX({ x, count });
  const total = new Float64Array(mean.length);
  let sumLogMean = 0;
  for (let i = 0; i < count.length; i++) {
    total[i] = mean[i]! * x[i]!;
    sumLogMean += count[i]! * Math.log(mean[i]!);
  }
  let customers = 0;
  let sumLogTotal = sumLogMean;
  for (const [bought, n] of byX) {
    customers += n;
    sumLogTotal += n * Math.log(bought);
  }
  return (logParameters) => {
    const [p, q, v] = logParameters.map(Math.exp) as [number, number, number];
    // Sums over the customers of L = ln((z+v)/z) and I = 1/(z+v), plain and times x.
    let [l, xl, i1, xi1, i2, xi2] = [0, 0, 0, 0, 0, 0];
    for (let i = 0; i < count.length; i++) {
      const n = count[i]!;
      const xn = x[i]! * n;
      const logs = Math.log1p(v / total[i]!);
      const per = 1 / (total[i]! + v);
      l += n * logs;
      xl += xn * logs;
      i1 += n * per;
      xi1 += xn * per;
      i2 += n * per * per;
      xi2 += xn * per * per;
    }
    let value = -p * xl + q * (customers * Math.log(v) - sumLogTotal - l) - sumLogMean;
    let dp = -xl;
    let dq = customers * Math.log(v) - sumLogTotal - l;
    let [pp, pq, qq] = [0, 0, 0];
    const [digammaQ, trigammaQ] = [digamma(q), trigamma(q)];
    for (const [bought, n] of byX) {
      const shape = p * bought;
      const both = digamma(shape + q);
      const bothBend = trigamma(shape + q);
      value -= n * betaln(shape, q);
      dp += n * bought * (both - digamma(shape));
      dq += n * (both - digammaQ);
      pp += n * bought * bought * (bothBend - trigamma(shape));
      pq += n * bought * bothBend;
      qq += n * (bothBend - trigammaQ);
    }
    const gradient = [dp, dq, (customers * q) / v - p * xi1 - q * i1];
    const hessian = [
      [pp, 0, 0],
      [pq, qq, 0],
      [-xi1, customers / v - i1, (-customers * q) / v ** 2 + p * xi2 + q * i2],
    ];
    return inLogarithms({ value, gradient, hessian }, [p, q, v]);
  };
}

/** How many customers made x repeat purchases, for each x that occurs. */
function customersByX({ x, count }: Omit<MeanValues, 'mean'>): [x: number, customers: number][] {
  const customers = new Float64Array(largest(x) + 1);
  for (let i = 0; i < x.length; i++) customers[x[i]!]! += count[i]!;
  return Array.from(customers, (n, bought): [number, number] => [bought, n]).filter(([, n]) => n > 0);
}
