import type { Consent } from './records.ts';

/** One word for "On hold", "on-hold" and "ON_HOLD". */
export function wordOf(text: string): string {
  return text.toLowerCase().replace(/[\s_-]+/g, '_');
}

export const MEANINGS = ['paid', 'pending', 'unpaid', 'refunded', 'cancelled', 'test'] as const;

/** What the state of an order means: `pending` is the one that the setting `pending_orders` decides on. */
export type Meaning = (typeof MEANINGS)[number];

const STATE_WORDS: Record<Meaning, string> = {
  paid: 'paid partially_paid partially_refunded completed complete processing shipped delivered fulfilled closed',
  pending: 'pending authorized on_hold awaiting_payment pending_payment',
  unpaid: 'unpaid voided expired failed draft checkout_draft',
  refunded: 'refunded returned',
  cancelled: 'cancelled canceled trash',
  test: 'test',
};

/**
 * @param states the job's own words, which add to the usual ones
 * @returns what each state means, as `wordOf` writes it; a state that is not there means nothing known
 */
export function meaningsOf(states: Readonly<Record<string, Meaning>>): Map<string, Meaning> {
  const meanings = new Map<string, Meaning>();
  for (const [meaning, words] of Object.entries(STATE_WORDS) as [Meaning, string][]) {
    for (const word of words.split(' ')) meanings.set(word, meaning);
  }
  for (const [word, meaning] of Object.entries(states)) meanings.set(wordOf(word.trim()), meaning);
  return meanings;
}

function meaning<Answer>(answer: Answer, words: string): [string, Answer][] {
  return words.split(' ').map((word) => [word, answer]);
}

const YES = 'yes y true t 1 on';
const NO = 'no n false f 0 off';

/** What stands in a column that says yes or no. */
export const ANSWERS = new Map([...meaning(true, YES), ...meaning(false, NO)]);

export const CONSENT_WORDS = new Map<string, Consent>([
  ...meaning('yes' as const, `${YES} subscribed opted_in granted`),
  ...meaning('no' as const, `${NO} unsubscribed not_subscribed opted_out denied cleaned`),
  ['pending', 'pending'],
]);

/** A word that is not known is no permission. */
export function consentOf(text: string): Consent {
  return CONSENT_WORDS.get(wordOf(text)) ?? 'unknown';
}
