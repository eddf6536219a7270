import type { History, PurchaseModel } from '../../../src/models/clv/purchase-model.ts';
import type { GammaGammaParameters } from '../../../src/models/clv/gamma-gamma.ts';

export type Random = { uniform(): number; gamma(shape: number): number };

/** The same numbers for the same seed. */
export function random(seed: number): Random {
  let state = seed;
  const uniform = () => ((state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0) + 0.5) / 2 ** 32;
  const normal = () => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());
  /** Marsaglia and Tsang's method, with its boost for shapes below 1. */
  const gamma = (shape: number): number => {
    if (shape < 1) return gamma(shape + 1) * uniform() ** (1 / shape);
    const d = shape - 1 / 3;
    for (;;) {
      const n = normal();
      const v = (1 + n / Math.sqrt(9 * d)) ** 3;
      if (v > 0 && Math.log(uniform()) < (n * n) / 2 + d - d * v + d * Math.log(v)) return d * v;
    }
  };
  return { uniform, gamma };
}

/** Customers of an invented shop, first seen, unless `age` says, half a year to a year and a half ago, time in weeks. */
export function simulate(
  model: PurchaseModel,
  customers: number,
  { uniform, gamma } = random(1),
  age = () => 26 + 52 * uniform(),
): History[] {
  const { r, alpha } = model.parameters;
  return Array.from({ length: customers }, () => {
    const T = age();
    const rate = gamma(r) / alpha;
    let p = 0;
    if (model.name !== 'nbd') {
      const leave = gamma(model.parameters.a);
      p = leave / (leave + gamma(model.parameters.b));
    }
    let [x, t_x] = [0, 0];
    let active = model.name !== 'mbg_nbd' || uniform() >= p;
    while (active) {
      const next = t_x - Math.log(uniform()) / rate;
      if (next > T) break;
      t_x = next;
      x++;
      active = uniform() >= p;
    }
    return { x, t_x, T };
  });
}

/** The mean value of the repeat purchases of such customers; 0 without any. */
export function simulateMean({ p, q, v }: GammaGammaParameters, x: number, { gamma }: Random): number {
  return x === 0 ? 0 : (gamma(p * x) * v) / gamma(q) / x;
}
