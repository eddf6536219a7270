import { EigenvalueDecomposition, Matrix } from 'ml-matrix';

/** A function at a point, with its first and second derivatives. */
export type Local = { value: number; gradient: number[]; hessian: number[][] };
export type Box = { lower: number[]; upper: number[] };

export type Maximum = {
  at: number[];
  value: number;
  /** The gradient vanishes, in every direction that the box leaves open. */
  converged: boolean;
  /** Which coordinates lie on the border of the box, pressed against it. */
  pressed: boolean[];
  /** Inverse of the negative Hessian over the open coordinates; undefined where that is not positive definite. */
  covariance: number[][] | undefined;
};

const MOST_STEPS = 200;
/** The longest step in one coordinate. Coordinates are logarithms, so this is a factor of about 20. */
const LONGEST_STEP = 3;
/**
 * Twice the gain that the next step promises, at which it is the last one: the maximum is then nearer than a
 * ten-thousandth of a standard error, and after that step as near as rounding allows.
 */
const LAST_GAIN = 1e-8;
/** The same where no step climbs any more, since the value has no more digits. */
const ROUNDING_GAIN = 1e-5;
/** Nearer than this to the border is on it. */
const BORDER = 1e-9;

/**
 * Maximises a smooth function in a box by Newton's method. Directions in which the function is not concave are climbed
 * with the size of their curvature (so a saddle repels), and a step that does not climb is halved.
 */
export function maximise(f: (at: number[]) => Local, start: number[], box: Box): Maximum {
  let at = start;
  let here = f(at);
  for (let count = 0; ; count++) {
    const { step, gain, covariance, pressed } = stepWithin(box, at, here);
    const done = { at, value: here.value, pressed, covariance };
    if (gain < LAST_GAIN) {
      // The step is so short that the parabola is exact: where it leads need not be looked at.
      return { ...done, at: moved(at, step, 1), value: here.value + gain / 2, converged: true };
    }
    if (count === MOST_STEPS) return { ...done, converged: false };

    // Below this the value is rounding noise; the gradient still tells the way.
    const noise = 1e-13 * Math.abs(here.value);
    const least = gain < noise ? here.value - noise : here.value;
    let length = 1;
    let next = f(moved(at, step, length));
    while (!(next.value > least)) {
      length /= 2;
      if (length < 1e-6) return { ...done, converged: gain < ROUNDING_GAIN };
      next = f(moved(at, step, length));
    }
    at = moved(at, step, length);
    here = next;
  }
}

function moved(at: number[], step: number[], length: number): number[] {
  return at.map((value, i) => value + length * step[i]!);
}

/**
 * The Newton step over the coordinates that are free to move, cut where the first of them meets the border. (To cut
 * each coordinate by itself would leave the ridges along which r and alpha, or p and v, grow together.)
 */
function stepWithin({ lower, upper }: Box, at: number[], local: Local) {
  const pressed = at.map((value, i) => leaves(value, local.gradient[i]!, i));
  for (;;) {
    const open = at.map((_, i) => i).filter((i) => !pressed[i]);
    const newton = newtonStep(local, open);
    const leaving = open.filter((i) => leaves(at[i]!, newton.step[i]!, i));
    if (leaving.length === 0) {
      const room = open.map((i) => {
        const step = newton.step[i]!;
        return step === 0 ? 1 : ((step > 0 ? upper : lower)[i]! - at[i]!) / step;
      });
      const length = Math.min(1, ...room);
      return { ...newton, step: newton.step.map((value) => value * length), pressed };
    }
    for (const i of leaving) pressed[i] = true;
  }
  function leaves(value: number, direction: number, i: number) {
    return (value <= lower[i]! + BORDER && direction <= 0) || (value >= upper[i]! - BORDER && direction >= 0);
  }
}

function newtonStep({ gradient, hessian }: Local, open: number[]) {
  const step = gradient.map(() => 0);
  const covariance = gradient.map(() => gradient.map(() => 0));
  if (open.length === 0) return { step, gain: 0, covariance };
  const curvature = new Matrix(open.map((i) => open.map((j) => -hessian[i]![j]!)));
  const { realEigenvalues, eigenvectorMatrix } = new EigenvalueDecomposition(curvature, {
    assumeSymmetric: true,
  });
  const flat = 1e-13 * Math.max(...realEigenvalues.map(Math.abs)) + Number.MIN_VALUE;
  let gain = 0;
  let definite = true;
  realEigenvalues.forEach((value, k) => {
    const vector = eigenvectorMatrix.getColumn(k);
    const slope = vector.reduce((sum, part, i) => sum + part * gradient[open[i]!]!, 0);
    const size = Math.max(Math.abs(value), flat);
    definite &&= value > flat;
    gain += slope ** 2 / size;
    open.forEach((i, row) => {
      step[i]! += (vector[row]! * slope) / size;
      open.forEach((j, column) => (covariance[i]![j]! += (vector[row]! * vector[column]!) / size));
    });
  });
  const shorten = Math.min(1, LONGEST_STEP / Math.max(...step.map(Math.abs)));
  return {
    step: step.map((value) => value * shorten),
    gain,
    covariance: definite ? covariance : undefined,
  };
}
