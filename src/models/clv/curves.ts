import { type Discount, discountTerms, expectedAtRatio, type PurchaseModel } from './purchase-model.ts';

/**
 * Expected purchases of an active customer as polynomials that SQL can evaluate for millions of rows.
 *
 * Apart from x, the expectation depends on alpha + T alone. For each x, its octaves [2^k, 2^(k+1)) are one cell each,
 * and in a cell the expectation is a polynomial in y = 2 (log2(alpha + T) - k) - 1, from -1 to 1.
 *
 * Why this is exact: as a function of log(alpha + T), the expectation has no singularity nearer than i pi/2 and does not
 * grow within that strip, whatever the parameters. A cell is ln 2 wide, so the ellipse around it that touches the strip
 * has rho = 9.2, and interpolation in 16 Chebyshev points leaves about rho^-16 = 4e-16 of the value.
 */
export type Cell = { x: number; octave: number };
export type Curve = Cell & {
  /** Coefficients of expected purchases within the horizon, from the constant up. */
  purchases: number[];
  /** The same for expected purchases, each discounted. */
  discounted: number[];
};

export const POINTS = 16;

/**
 * @param cells the combinations of x and octave that occur
 * @param horizon time ahead, above 0, in the unit of the model
 */
export function curves(
  model: PurchaseModel,
  cells: Iterable<Cell>,
  { horizon, discount }: { horizon: number; discount: Discount },
): Curve[] {
  const terms = discountTerms(discount);
  const byX = new Map<number, (ratio: number) => number>();
  return Array.from(cells, ({ x, octave }) => {
    const expected = byX.get(x) ?? byOctaves((ratio) => expectedAtRatio(model, x, ratio));
    byX.set(x, expected);
    const scales = NODES.map((y) => 2 ** (octave + (y + 1) / 2));
    const discounted = (scale: number) =>
      terms.reduce((sum, { t, weight }) => sum + weight * expected(t / scale), 0);
    return {
      x,
      octave,
      purchases: through(scales.map((scale) => expected(horizon / scale))),
      discounted: through(scales.map(discounted)),
    };
  });
}

/**
 * The function by polynomials in the logarithm of its argument, one for each octave in which it is asked for. The twelve
 * months of every cell of an x fall into a few octaves of t/(alpha + T), so this saves four of five evaluations.
 */
function byOctaves(exact: (value: number) => number): (value: number) => number {
  const polynomials = new Map<number, number[]>();
  return (value) => {
    const logarithm = Math.log2(value);
    const octave = Math.floor(logarithm);
    let polynomial = polynomials.get(octave);
    if (!polynomial) {
      polynomial = through(NODES.map((y) => exact(2 ** (octave + (y + 1) / 2))));
      polynomials.set(octave, polynomial);
    }
    const y = 2 * (logarithm - octave) - 1;
    return polynomial.reduceRight((sum, power) => sum * y + power, 0);
  };
}

const NODES = Array.from({ length: POINTS }, (_, i) => Math.cos((Math.PI * (i + 0.5)) / POINTS));

/** Powers of y in the Chebyshev polynomials T_0, T_1, …: T_(k+1) = 2 y T_k - T_(k-1). */
const CHEBYSHEV = [[1], [0, 1]];
while (CHEBYSHEV.length < POINTS) {
  const [before, last] = CHEBYSHEV.slice(-2) as [number[], number[]];
  CHEBYSHEV.push([0, ...last].map((power, i) => (i > 0 ? 2 * power : 0) - (before[i] ?? 0)));
}

/** T_k at the nodes. */
const AT_NODES = NODES.map((_, k) => NODES.map((_, i) => Math.cos((Math.PI * k * (i + 0.5)) / POINTS)));

/** The polynomial, by powers of y, through values at the Chebyshev points. */
function through(values: number[]): number[] {
  const powers = NODES.map(() => 0);
  CHEBYSHEV.forEach((polynomial, k) => {
    const weights = AT_NODES[k]!;
    const share = values.reduce((sum, value, i) => sum + value * weights[i]!, 0) * ((k ? 2 : 1) / POINTS);
    polynomial.forEach((power, i) => (powers[i]! += share * power));
  });
  return powers;
}
