/** Beyond this many terms of the series the integral is quicker, and more exact. */
const MOST_TERMS = 4000;

/**
 * Expected purchases in a time `t` of a customer who is active now: the hypergeometric part of the BG/NBD and MBG/NBD
 * expectations. Equal to
 *
 *     (a+b-1)/(a-1) · [1 - (1-z)^shape · 2F1(shape, b; a+b-1; z)],   z = s/(1+s)
 *
 * which loses all digits near a = 1 and a + b = 1, and needs 2F1 as z nears 1. Neither way here has those places,
 * since both add up positive numbers only:
 *
 * - a series, while it is short. Without dropout the purchases N are negative binomial (shape, z), and the n-th
 *   happens only if the customer stayed n - 1 times: the sum over n of P(N = n) · (S_0 + … + S_(n-1)), where
 *   S_j = (b)_j/(a+b)_j is the chance to stay j times. Dividing by the sum of P(N = n) keeps it from underflow.
 * - an integral over the dropout probability p ~ Beta(a, b) of (1 - (1+ps)^-shape)/p, for z near 1 and for great
 *   `shape`, by the trapezoidal rule after p = 1/(1+e^-u), u = u0 + k sinh v, where both ends fall off doubly
 *   exponentially. Dividing by the same sum over the density alone needs no beta function.
 *
 * The answer is within 1e-12 of the true value for a in 1e-6 … 1e3, b in 1e-3 … 1e6, s to 1e4 and shape to 20,000.
 * (A long series is not: an error in z grows with its power.)
 *
 * @param shape r + x of the gamma distribution of the purchase rate, > 0
 * @param s the time divided by the scale of that distribution: t/(alpha + T), >= 0
 * @param a first parameter of the beta distribution of dropout, >= 0; 0 stands for no dropout
 * @param b its second parameter for this customer: b + x for the BG/NBD, b + x + 1 for the MBG/NBD
 */
export function expectedWhileActive(shape: number, s: number, a: number, b: number): number {
  if (s === 0) return 0;
  if (a === 0) return shape * s;
  return seriesLength(shape, s) <= MOST_TERMS ? bySeries(shape, s, a, b) : byIntegral(shape, s, a, b);
}

/** About where the terms of the series have fallen by sixteen digits: mean, spread and geometric tail of N. */
function seriesLength(shape: number, s: number): number {
  return shape * s + 8 * Math.sqrt(shape * s * (1 + s)) + 38 * (1 + s);
}

/** Exported for the test that holds the two ways against each other. */
export function bySeries(shape: number, s: number, a: number, b: number): number {
  const z = s / (1 + s);
  let chance = 1;
  let total = 1;
  let bought = 0;
  let stays = 1;
  let sum = 0;
  for (let n = 0; ; n++) {
    chance *= (z * (shape + n)) / (n + 1);
    bought += stays;
    stays *= (b + n) / (a + b + n);
    const term = chance * bought;
    total += chance;
    sum += term;
    const ratio = (z * (shape + n + 1) * (bought + stays)) / ((n + 2) * bought);
    if (term < 1e-17 * (1 - ratio) * sum) return sum / total;
    if (chance > 1e200) {
      chance *= 1e-200;
      total *= 1e-200;
      sum *= 1e-200;
    }
  }
}

/** Exported for the test that holds the two ways against each other. */
export function byIntegral(shape: number, s: number, a: number, b: number): number {
  const centre = Math.log(a / b);
  const spread = Math.min(1, 1 / Math.sqrt((a * b) / (a + b)));
  const peak = a * Math.log(a / (a + b)) - b * Math.log1p(a / b);
  const gaussian = 9 / Math.sqrt(Math.min(a, b)) + 4;
  const from = -Math.asinh((40 / a + gaussian + Math.log1p(shape * s)) / spread);
  const to = Math.asinh((40 / b + gaussian) / spread);

  const sums = (first: number, step: number): [number, number] => {
    let purchases = 0;
    let density = 0;
    for (let v = first; v <= to; v += step) {
      const u = centre + spread * Math.sinh(v);
      // Logarithms of p and 1 - p, each exact on its side.
      const logStay = u > 0 ? -u - Math.log1p(Math.exp(-u)) : -Math.log1p(Math.exp(u));
      const logLeave = logStay + u;
      const weight = Math.exp(a * logLeave + b * logStay - peak) * Math.cosh(v);
      if (weight === 0) continue;
      const p = Math.exp(logLeave);
      density += weight;
      purchases += weight * (p < 1e-200 ? shape * s : -Math.expm1(-shape * Math.log1p(p * s)) / p);
    }
    return [purchases, density];
  };

  let step = 1 / 4;
  let [purchases, density] = sums(from, step);
  for (;;) {
    const before = purchases / density;
    const [more, moreDensity] = sums(from + step / 2, step);
    purchases += more;
    density += moreDensity;
    step /= 2;
    // Halving the step nearly squares the error: after a change of 1e-11, what is left is rounding.
    const change = Math.abs(purchases / density / before - 1);
    if (change < 1e-11 || step < 1e-3) return purchases / density;
  }
}
