/** What a figure is measured in; money is in the job's currency. */
export type Unit = 'money' | 'days' | 'share' | 'score';

/** How far a customer's figure is from a limit, and what lies behind it. */
export type Threshold = {
  figure: string;
  value: string;
  limit: string;
  side: 'below' | 'above' | 'at';
  /** The absolute difference, in the figure's unit. */
  distance: string;
  /** What begins on the other side; for a customer at the limit, what begins above it. */
  of: string;
  /** "3.20 EUR below the limit of high value". */
  text: string;
};

export type Figure = { figure: string; value: number | string; unit: Unit; currency: string };

/**
 * @param of what begins on the other side of the limit; a tie is not above it, nor below it
 */
export function threshold(figure: Figure, limit: number | string, of: string): Threshold {
  // No two decimals of 15 digits or fewer are the same number, so comparing them as numbers is exact.
  const [value, bound] = [Number(figure.value), Number(limit)];
  const side = value === bound ? 'at' : value < bound ? 'below' : 'above';
  const distance = inUnit({ ...figure, value: Math.abs(value - bound) });
  const text = side === 'at' ? `exactly at the limit of ${of}` : `${distance} ${side} the limit of ${of}`;
  return {
    figure: figure.figure,
    value: String(figure.value),
    limit: String(limit),
    side,
    distance: String(Math.round(Math.abs(value - bound) * 10_000) / 10_000),
    of,
    text,
  };
}

/** The nearest first, by the distance as a share of the limit, since figures of several units stand side by side. */
export function nearestFirst(thresholds: readonly Threshold[]): Threshold[] {
  const share = ({ distance, limit, value }: Threshold) =>
    Number(distance) / Math.max(Math.abs(Number(limit)), Math.abs(Number(value)), Number.MIN_VALUE);
  return thresholds.toSorted((a, b) => share(a) - share(b));
}

/** A figure for people: "3.20 EUR", "1 day", "0.42". */
export function inUnit({ value, unit, currency }: Figure): string {
  const number = Number(value);
  const decimals = (least: number, most: number) =>
    number.toLocaleString('en', { minimumFractionDigits: least, maximumFractionDigits: most });
  if (unit === 'days') return `${decimals(0, 1)} ${number === 1 ? 'day' : 'days'}`;
  if (unit === 'share') return decimals(0, number > 0 && number < 0.001 ? 7 : 3);
  if (unit === 'score') return decimals(0, 4);
  // A hundredth is what there is of most money; less is shown rather than rounded to nothing.
  return `${decimals(2, Math.abs(number) < 0.005 && number !== 0 ? 4 : 2)} ${currency}`;
}
