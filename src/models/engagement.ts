import type { Engine, Params } from '../engine/engine.ts';
import { findCuts, type CutRule } from './cuts.ts';
import type { Assign, RunIds } from './model.ts';
import { SCORED, type Scores } from './scores.ts';

/** What customers do, turned so that more is better. */
const SIGNALS = {
  recency: '-toInt64(days_since_order)',
  purchases: 'toInt64(purchase_days)',
  visits: 'toInt64(visits_12m)',
  opens: 'toInt64(opens_12m)',
  clicks: 'toInt64(clicks_12m)',
  reviews: 'toInt64(reviews_12m)',
  referrals: 'toInt64(referrals_12m)',
} as const;

type Signal = keyof typeof SIGNALS;

export type EngagementSettings = CutRule & { weights: Record<Signal, number> };

/** Those that not every shop has: each customer has an order. */
const OPTIONAL = ['visits', 'opens', 'clicks', 'reviews', 'referrals'] as const satisfies Signal[];

/** The signals that a run's customers are scored by, with their weights, and those that the shop lacks. */
type Signals = { weights: Partial<Record<Signal, number>>; missing: Signal[] };

/** A signal without weight is left out; one that no customer has ever given is missing. */
async function signalsOf(
  engine: Engine,
  ids: RunIds,
  asked: EngagementSettings['weights'],
): Promise<Signals> {
  const [given] = await engine.query<Record<string, number>>(
    `SELECT ${OPTIONAL.map((signal) => `max(${signal}_12m) > 0 AS ${signal}`).join(', ')} FROM ${SCORED}`,
    ids,
  );
  const wanted = (Object.keys(SIGNALS) as Signal[]).filter((signal) => asked[signal] > 0);
  const missing = wanted.filter((signal) => given?.[signal] === 0);
  const used = wanted.filter((signal) => !missing.includes(signal));
  return { weights: Object.fromEntries(used.map((signal) => [signal, asked[signal]])), missing };
}

/** The score where there is nothing to tell customers apart by: what equal customers have. */
const EVEN = 50;

/**
 * How much each customer of a run takes part, from 0 to 100: the weighted mean of the percentiles of what they did.
 * A percentile is the share of all customers who did strictly less, plus half the share of those who did the same,
 * times 100. Equal customers have equal scores, and where all are equal, all have 50. Scores have four decimals.
 *
 * Percentiles are looked up by value: customers have few different numbers of days or visits, however many they are.
 */
export async function engagementScores(
  engine: Engine,
  ids: RunIds,
  settings: EngagementSettings,
): Promise<Scores> {
  const { weights } = await signalsOf(engine, ids, settings.weights);
  const signals = Object.keys(weights) as Signal[];
  if (signals.length === 0) return { shared: [], columns: { engagement_score: `${EVEN}.` }, params: {} };
  const weighted = signals.map(
    (signal) =>
      `{engagement_${signal}:Float64} * transform(${SIGNALS[signal]}, of_${signal}.1, of_${signal}.2, 0.)`,
  );
  const total = signals.map((signal) => `{engagement_${signal}:Float64}`).join(' + ');
  const params: Params = {};
  for (const signal of signals) params[`engagement_${signal}`] = weights[signal];
  return {
    shared: signals.map((signal) => `(${percentiles(SIGNALS[signal])}) AS of_${signal}`),
    columns: { engagement_score: `round((${weighted.join(' + ')}) / (${total}), 4)` },
    params,
  };
}

/** One row: the different values of a signal, and the percentile of each. */
function percentiles(signal: string): string {
  return `SELECT (groupArray(value), groupArray(percentile)) FROM (
    SELECT value, 100 * (sum(same) OVER (ORDER BY value ROWS UNBOUNDED PRECEDING) - same / 2) / sum(same) OVER () AS percentile
    FROM (SELECT ${signal} AS value, count() AS same FROM ${SCORED} GROUP BY value))`;
}

/** As a decimal, so that a score can be told from a cut to its last digit. Half a unit rounds what would be cut off. */
const SCORE = 'toDecimal64(engagement_score + 0.00005, 4)';

/**
 * The engagement: high, medium or low by the score of `engagementScores`, which must have been stored. Signals that the
 * shop lacks drop out, and a warning says which.
 */
export async function engagement(engine: Engine, ids: RunIds, settings: EngagementSettings): Promise<Assign> {
  // Straight from their table: `facts` would join it to the profiles, and there is a score for each of them.
  const scores = '(SELECT engagement_score FROM scores WHERE job = {job:String} AND run_id = {run:String})';
  const [found, { weights, missing }] = await Promise.all([
    findCuts(engine, settings, SCORE, scores, ids),
    signalsOf(engine, ids, settings.weights),
  ]);
  const cuts = found ?? { low: '0', high: '100' };
  return {
    segment: `multiIf(${SCORE} < toDecimal64({engagement_low:String}, 4), 'low',
      ${SCORE} > toDecimal64({engagement_high:String}, 4), 'high', 'medium')`,
    columns: ['engagement_score'],
    params: { engagement_low: cuts.low, engagement_high: cuts.high },
    limits: { ...cuts, weights },
    warnings: found ? missingSignals(missing, Object.keys(weights).length) : [],
  };
}

function missingSignals(missing: readonly Signal[], used: number): string[] {
  if (missing.length === 0) return [];
  const lack = `engagement goes without ${missing.join(', ')}: no customer has any in the last 12 months`;
  return [used > 0 ? lack : `${lack}, so that all have the score ${EVEN}`];
}
