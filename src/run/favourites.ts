import type { Params } from '../engine/engine.ts';
import { linesAtHand, purchasedLines, STRAY_LINES, type LinesAtHand } from './lines.ts';
import { DAYS_A_WEEK, type ModelReport } from './predict.ts';
import { purchaseParams } from './purchases.ts';
import type { RunContext } from './run.ts';

const MINE = 'WHERE job = {job:String} AND run_id = {run:String}';

/** Of a customer's products (or categories, brands) the one most was spent on; of equals the one bought last, then the first by name. */
const favourite = (kind: string): string => `
  minIf((-spent, -toInt32(last), name), kind = '${kind}').3 AS favourite_${kind}`;

const KINDS = ['product', 'category', 'brand'];

const likings = (hand: LinesAtHand): string => `
  SELECT customer, ${KINDS.map(favourite).join(', ')}
  FROM (
    SELECT customer, kind, name, sum(spent) AS spent, max(day) AS last
    FROM (SELECT customer, day, spent, arrayJoin([${KINDS.map((kind) => `('${kind}', ${kind})`).join(', ')}]) AS pair,
            pair.1 AS kind, pair.2 AS name FROM (${purchasedLines(hand)}))
    WHERE name != '' GROUP BY customer, kind, name)
  GROUP BY customer`;

/**
 * Days until the next order by the model: the median of the wait, given that the customer is still one.
 *
 * A customer buys at random with a rate of their own. After x repeat purchases in a time T, and given that they have
 * not left by T, what is known of the rate is Gamma(r + x, alpha + T): the prior Gamma(r, alpha) times the likelihood
 * rate^x e^(-rate T), under the MBG/NBD, the BG/NBD and the NBD alike, since their chances to leave do not depend on
 * the rate. Averaged over it, the wait is longer than t with the chance ((alpha + T)/(alpha + T + t))^(r + x), which
 * is a half at t = (alpha + T) (2^(1/(r + x)) - 1).
 */
const BY_MODEL = `({next_alpha:Float64} + age_days / ${DAYS_A_WEEK})
  * (exp2(1 / ({next_r:Float64} + frequency)) - 1) * ${DAYS_A_WEEK}`;

/** The gap in the middle of all gaps between purchase days, in days, a customer's gaps counting as their mean gap; null without any. */
const USUAL_GAP = `(SELECT if(count() = 0, NULL, quantileExactWeighted(0.5)(recency_days / frequency, frequency))
  FROM profiles ${MINE} AND frequency > 0)`;

/** The same by rules: the latest order and once more the customer's own mean gap, or the shop's usual one; today where that is past. */
const BY_RECENCY = `if(frequency > 0, recency_days / frequency, ${USUAL_GAP}) AS gap,
  if(gap IS NULL, NULL, greatest(0, gap - days_since_order))`;

/** As a day; empty where it lies beyond the last that the store can hold. */
const nextOrder = (days: string): string => `
  ${days} AS wait, toFloat64(dateDiff('day', {as_of:Date32}, toDate32('2299-12-31'))) AS longest,
  if(wait <= longest, {as_of:Date32} + toInt32(ceil(least(wait, longest))), NULL) AS next_order`;

/**
 * Stores what each customer of the run likes best and when their next order may be expected.
 * @param round which labels of the run hold
 * @param model the model of the run; by the rules on recency where it has none
 * @returns what people should know of lines that could not be used
 */
export async function findFavourites(run: RunContext, round: number, model: ModelReport): Promise<string[]> {
  const params = purchaseParams(run, round);
  const hand = await linesAtHand(run);
  const liked = hand.lines ? KINDS.map((kind) => `favourite_${kind}`) : [];
  const byModel = model.name !== 'recency';
  const { r, alpha } = model.parameters;
  await run.engine.command(
    `INSERT INTO favourites (${['job', 'run_id', 'customer', 'next_order', ...liked].join(', ')})
     SELECT ${['{job:String}', '{run:String}', 'customer', 'next_order', ...liked.map((name) => `coalesce(${name}, '')`)].join(', ')}
     FROM (SELECT customer, ${nextOrder(byModel ? BY_MODEL : BY_RECENCY)} FROM profiles ${MINE}) AS known
     ${hand.lines ? `LEFT JOIN (${likings(hand)}) AS likings USING (customer)` : ''}`,
    { ...params, ...(byModel ? { next_r: r, next_alpha: alpha } : {}) },
  );
  return hand.adopted ? strayLines(run, params) : [];
}

async function strayLines(run: RunContext, params: Params): Promise<string[]> {
  const rows = await run.engine.query<{ why: 'none' | 'several'; lines: number }>(STRAY_LINES, params);
  return rows.map(({ why, lines }) => {
    const count = lines === 1 ? '1 line belongs' : `${lines} lines belong`;
    if (why === 'none') return `${count} to no order: no source has an order of that number`;
    return `${count} to no order: several sources have an order of that number`;
  });
}
