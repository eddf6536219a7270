import { SCORED, type Scores } from './scores.ts';

/** What is scored, turned so that less is better. */
const AXES = {
  r_score: 'days_since_order',
  f_score: '-toInt64(purchase_days)',
  m_score: '-revenue',
};

// quantilesExact takes the element at floor(level * rows) of the sorted numbers: less than that one has whoever is
// worse than at most that many.
const fifths = Object.values(AXES).map((axis) => `quantilesExact(0.2, 0.4, 0.6, 0.8)(${axis})`);

const scores = Object.entries(AXES).map(([score, axis], index) => {
  const above = [1, 2, 3, 4].map((fifth) => `${axis} < fifths.${index + 1}[${fifth}], ${6 - fifth}`);
  return [score, `multiIf(${above.join(', ')}, 1)`] as const;
});

/**
 * The R, F and M scores of a run's customers: how lately they bought (days since the latest order), on how many days,
 * and for how much in all. A score is 1 plus the number of whole fifths of all customers who do strictly worse: 5 has
 * at least four fifths of them below it, 1 less than one fifth. So equal numbers have equal scores, and where all are
 * equal, all have 1.
 */
export const RFM_SCORES: Scores = {
  shared: [`(SELECT tuple(${fifths.join(', ')}) FROM ${SCORED}) AS fifths`],
  columns: Object.fromEntries(scores),
  params: {},
};
