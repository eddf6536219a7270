/** What a measure did over the second half of its samples. */
export type Trend = {
  measure: string;
  first: number;
  middle: number;
  last: number;
  /** Growth over the second half, as a share of the middle; of its line, so that one odd sample decides nothing. */
  growth: number;
  flat: boolean;
};

/** How much a measure may grow over the second half: a share of it, or so much in all where that is little. */
export type Bound = { share: number; least: number };

/** The slope of the line through points that most pairs of them agree on (Theil and Sen), in value per sample. */
function slopeOf(values: readonly number[]): number {
  const slopes = values.flatMap((from, index) =>
    values.slice(index + 1).map((to, gap) => (to - from) / (gap + 1)),
  );
  return middleOf(slopes);
}

function middleOf(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0;
}

/** @param samples the first first, the same measures in each */
export function trendsOf(
  samples: readonly Record<string, number>[],
  bounds: Readonly<Record<string, Bound>>,
): Trend[] {
  return Object.entries(bounds).map(([measure, { share, least }]) => {
    const values = samples.map((sample) => sample[measure]!);
    const half = values.slice(values.length >> 1);
    const grown = slopeOf(half) * (half.length - 1);
    const middle = middleOf(half);
    return {
      measure,
      first: values[0]!,
      middle,
      last: values.at(-1)!,
      growth: middle === 0 ? 0 : grown / middle,
      flat: grown <= Math.max(middle * share, least),
    };
  });
}
