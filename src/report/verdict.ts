type Verdict = 'good' | 'fair' | 'poor';

/** What was forecast for a time that has passed since, and what happened in it. */
export type Outcome = {
  actual: number;
  expected: number;
  /** Expected less actual, as a share of actual: 0.1 is a tenth too many. Null where nothing happened. */
  error: number | null;
  verdict: Verdict;
};

/** A forecast of all purchases may miss by so much and be called good, or fair; beyond that it is poor. */
export const GOOD_WITHIN = 0.1;
export const FAIR_WITHIN = 0.3;

/**
 * Judges a forecast by its total. A miss within two standard deviations of a count that chance alone makes vary
 * (Poisson: the square root of what was expected) is never poor: a shop that sells little is not blamed for luck.
 */
export function judge(actual: number, expected: number): Outcome {
  const miss = Math.abs(expected - actual);
  const verdict =
    miss <= GOOD_WITHIN * actual
      ? 'good'
      : miss <= Math.max(FAIR_WITHIN * actual, 2 * Math.sqrt(expected))
        ? 'fair'
        : 'poor';
  return { actual, expected, error: actual > 0 ? expected / actual - 1 : null, verdict };
}

/** A forecast against what happened, in words: "12.1 % too few purchases expected". */
export function missText({ actual, expected, error }: Outcome): string {
  if (error === null) return `${Math.round(expected)} purchases expected and none made`;
  const share = Math.abs(error * 100).toFixed(1);
  if (share === '0.0') return 'as many purchases expected as made';
  return `${share} % too ${expected > actual ? 'many' : 'few'} purchases expected`;
}
