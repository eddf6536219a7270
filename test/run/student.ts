/**
 * The probability that Student's t with so many degrees of freedom is at most `t`, integrated with x = tan(u), where
 * the density becomes a power of the cosine.
 */
export function tProbability(t: number, freedom: number): number {
  const density = (u: number) => (1 + Math.tan(u) ** 2 / freedom) ** (-(freedom + 1) / 2) / Math.cos(u) ** 2;
  const edge = Math.PI / 2 - 1e-9;
  return simpson(density, -edge, Math.atan(t)) / simpson(density, -edge, edge);
}

const STEPS = 20_000;

function simpson(of: (x: number) => number, from: number, to: number): number {
  const width = (to - from) / STEPS;
  let sum = of(from) + of(to);
  for (let step = 1; step < STEPS; step += 1) sum += of(from + step * width) * (step % 2 ? 4 : 2);
  return (sum * width) / 3;
}
