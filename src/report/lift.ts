/** A difference of treated and held-out customers with its 95 % interval; null where that cannot be told. */
export type Estimate<Figure> = { value: Figure; low: Figure | null; high: Figure | null };

/** What customers did from the day after they entered to `as_of`. Money is a decimal string in the job's currency. */
export type Arm = {
  customers: number;
  /** Mean days that they were observed. */
  days: number;
  /** Those who bought again. */
  buyers: number;
  /** Their share of the customers. */
  repeat_rate: number;
  /** Mean purchases (days with an order that counts) of a customer. */
  purchases: number;
  /** Mean revenue of a customer. */
  revenue: string;
};

/** What being sent is worth in one segment: customers who would be sent, by the lot, whatever became of them. */
export type SegmentLift = {
  segment: string;
  /** Share of the segment that is held out. */
  holdout: number;
  /** ISO date: the first run that sent the segment with this holdout; null where none has yet, or nobody entered. */
  since: string | null;
  /** Null where nobody of that lot has been observed for a day. */
  treated: Arm | null;
  held_out: Arm | null;
  /** Treated less held out; null where one of the two is missing. */
  difference: {
    repeat_rate: Estimate<number>;
    purchases: Estimate<number>;
    revenue: Estimate<string>;
    /** The difference in revenue, times the treated customers. */
    revenue_in_all: Estimate<string>;
  } | null;
};

/** The answer of `segments JOB --lift --json`. */
export type LiftReport = {
  job: string;
  run_id: string;
  as_of: string;
  currency: string;
  segments: SegmentLift[];
};

type Count = { buyers: number; customers: number };

/** The two-sided 95 % point of the normal distribution. */
const Z = 1.959963984540054;

/**
 * Wilson's score interval of a share: those shares for which what was counted lies within 95 %. Unlike the usual one
 * it stays between 0 and 1 and holds for few customers and for rare buyers.
 * Wilson (1927), Journal of the American Statistical Association 22, 209-212.
 */
export function wilson({ buyers, customers }: Count): { low: number; high: number } {
  const share = buyers / customers;
  const centre = share + Z ** 2 / (2 * customers);
  const spread = Z * Math.sqrt((share * (1 - share)) / customers + (Z / (2 * customers)) ** 2);
  const scale = 1 + Z ** 2 / customers;
  return { low: Math.max(0, (centre - spread) / scale), high: Math.min(1, (centre + spread) / scale) };
}

/**
 * The difference of two shares with Newcombe's hybrid score interval, made of the two Wilson intervals (his method 10).
 * Newcombe (1998), Statistics in Medicine 17, 873-890.
 */
export function differenceOfShares(first: Count, second: Count): Estimate<number> {
  const [p, q] = [first.buyers / first.customers, second.buyers / second.customers];
  const [a, b] = [wilson(first), wilson(second)];
  return {
    value: p - q,
    low: p - q - Math.hypot(p - a.low, b.high - q),
    high: p - q + Math.hypot(a.high - p, q - b.low),
  };
}
