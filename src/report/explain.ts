import type { Reason } from './explain-models.ts';
import type { RuleTree } from './explain-rules.ts';

/** One order as of the run, and what it adds. Money is a decimal string. */
export type ExplainedOrder = {
  order_id: string;
  /** The number people see, '' where there is none. */
  number: string;
  /** ISO date in the job's time zone. */
  day: string;
  /** The source's own word. */
  state: string;
  /** Goods and refunds in `currency`. */
  currency: string;
  goods: string;
  refunded: string;
  /** Whether it counts as a purchase. */
  counts: boolean;
  /** What it adds to the revenue, in the job's currency. */
  value: string;
  /** Why it does not count, or adds nothing; null where it does. */
  why: string | null;
};

export type ExplainedNumber = { field: string; value: unknown; meaning: string };

export type ExplainedSegment = {
  segment: string;
  label: string;
  /** Of the built-in models; the nearest threshold first. */
  reason: Reason | null;
  /** Of custom segments that are rules; also those that the customer is not in. */
  rule: RuleTree | null;
  holds: boolean;
};

/** What changed on a date: the segments that the customer entered and left; `gone` where they were no customer then. */
export type HistoryEntry = {
  as_of: string;
  run_id: string;
  entered: string[];
  left: string[];
  gone: boolean;
};

/** What the platform answered about the customer, as the ledger has it. */
export type PushEvent = {
  /** ISO time. */
  at: string;
  op: 'add' | 'remove';
  result: 'done' | 'refused';
  reason: string;
  run_id: string;
};

export type ExplainedAudience = {
  destination: string;
  audience: string;
  /** Null where the job no longer has this audience. */
  segment: string | null;
  /** What the last run made of the customer here. */
  wanted: 'yes' | 'not in segment' | 'held out' | 'without consent' | 'unreachable' | null;
  /** Whether the platform is known to hold them, as far as it acknowledged. */
  held: boolean;
  events: PushEvent[];
};

/** Two names that are taken for one person's. */
export type Join = {
  names: [string, string];
  by:
    | 'both stand in one record'
    | 'both use that number'
    | 'nobody else uses that number'
    | 'their sources share customer ids'
    | `its visits are theirs, since order ${string} was placed there`;
};

/** The answer of `explain JOB EMAIL --json`. */
export type Explanation = {
  job: string;
  run_id: string;
  as_of: string;
  currency: string;
  customer: string;
  /** Every name that the job's records give this person. */
  names: string[];
  /** Why those are one person's. */
  joined: Join[];
  /** Whether the last run took them for a customer: somebody with an order that counts. */
  is_customer: boolean;
  orders: ExplainedOrder[];
  numbers: ExplainedNumber[];
  segments: ExplainedSegment[];
  history: HistoryEntry[];
  audiences: ExplainedAudience[];
  notes: string[];
};
