/** Repeat purchases of all calibration customers together, from the beginning to the end of a week. */
export type TrackedWeek = {
  /** Counted from the shop's first day; week 1 is its first seven days. */
  week: number;
  /** Its last day, as an ISO date. */
  until: string;
  /** Whether that day lies in the holdout. */
  holdout: boolean;
  actual: number;
  expected: number;
};

/** Customers with equally many repeat purchases in the calibration, and their mean purchases in the holdout. */
export type FrequencyClass = { frequency: string; customers: number; actual: number; expected: number };

/** What part of the holdout's revenue came from a tenth of the customers, each a share of 1. */
export type Ranking = {
  /** How many customers the tenth is. */
  customers: number;
  /** Revenue of all calibration customers in the holdout, a decimal string in the job's currency. */
  revenue: string;
  /** The tenth with the highest predicted value; null where there was no revenue. */
  predicted: number | null;
  /** The tenth that spent the most: no ranking could do better. */
  best: number | null;
  /** A tenth drawn by lot. */
  random: number;
  /** Spearman's correlation of predicted value and revenue in the holdout; null where one of them is all equal. */
  rank_correlation: number | null;
};

/**
 * A tenth of the customers by P(alive), lowest first; equal ones stay together. Nobody can see who is alive, so what
 * is compared is who bought: the share that did, and the share that should have.
 */
export type AliveTenth = {
  tenth: number;
  customers: number;
  /** Mean over these customers. */
  p_alive: number;
  actual_buyers: number;
  expected_buyers: number;
};
