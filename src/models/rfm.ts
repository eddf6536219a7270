/** What is scored, turned so that less is better. */
const AXES = {
  r_score: 'days_since_order',
  f_score: '-toInt64(purchase_days)',
  m_score: '-revenue',
};

const PROFILES = 'profiles WHERE job = {job:String} AND run_id = {run:String}';

// quantilesExact takes the element at floor(level * rows) of the sorted numbers: less than that one has whoever is
// worse than at most that many.
const fifths = Object.values(AXES).map((axis) => `quantilesExact(0.2, 0.4, 0.6, 0.8)(${axis})`);

const scores = Object.entries(AXES).map(([score, axis], index) => {
  const above = [1, 2, 3, 4].map((fifth) => `${axis} < fifths.${index + 1}[${fifth}], ${6 - fifth}`);
  return `multiIf(${above.join(', ')}, 1) AS ${score}`;
});

/**
 * The R, F and M scores of a run's customers: how lately they bought (days since the latest order), on how many days,
 * and for how much in all. A score is 1 plus the number of whole fifths of all customers who do strictly worse: 5 has
 * at least four fifths of them below it, 1 less than one fifth. So equal numbers have equal scores, and where all are
 * equal, all have 1.
 *
 * A statement over the profiles of one run (bound as `job` and `run`) that gives every customer one row with
 * `customer`, `r_score`, `f_score` and `m_score`.
 */
export const RFM_SCORES = `
  WITH (SELECT tuple(${fifths.join(', ')}) FROM ${PROFILES}) AS fifths
  SELECT customer, ${scores.join(', ')} FROM ${PROFILES}`;
