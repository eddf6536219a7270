import type { AnalyticsTable, Table } from './table.ts';

/**
 * The records a source yields: the glossary in code.
 *
 * Money is a decimal string in the record's own currency ("29.90"), never a float.
 * Times are ISO 8601 in UTC ("2026-03-02T16:07:11.000Z"). A field the source does not know is left out.
 */

/** One order. `version` decides between two copies of the same order: the greater one stands. */
export type Order = {
  order_id: string;
  /** The number people see, for example "#1001". */
  number?: string;
  /** The source's own customer id; guests have none. */
  customer_id?: string;
  email?: string;
  phone?: string;
  ordered_at: string;
  cancelled_at?: string;
  /** The source's own word for the order's state, for example "partially_refunded". */
  state: string;
  /** True when the state says that it was paid (refunds are records of their own). */
  counts: boolean;
  is_test: boolean;
  /** ISO 4217, upper case. */
  currency: string;
  /** What the customer paid for goods, after discounts, before refunds, without tax and shipping. */
  goods: string;
  discount?: string;
  tax?: string;
  shipping?: string;
  total?: string;
  /** ISO 3166-1 alpha-2, upper case. */
  country?: string;
  version: number;
};

/** One line of an order: a product and how many of it. `version` is the order's. */
export type OrderLine = {
  order_id: string;
  line_id: string;
  product_id?: string;
  sku?: string;
  title: string;
  category?: string;
  brand?: string;
  quantity: string;
  /** What was paid for the whole line, after the line's own discount. */
  net: string;
  version: number;
};

/**
 * A product as a source describes it; what a line does not say of itself (its category, say) is taken from here, by
 * SKU, else by product id. `version` decides between two descriptions: the greater one stands.
 */
export type Product = {
  product_id?: string;
  sku?: string;
  title?: string;
  category?: string;
  brand?: string;
  collections?: string[];
  version: number;
};

/** Money given back. A source that knows only a total yields one refund per order, with the order's id. */
export type Refund = {
  refund_id: string;
  order_id: string;
  at: string;
  amount: string;
  version: number;
};

/** What a source knows of a person's permission. `unknown` is not `yes`. */
export type Consent = 'yes' | 'no' | 'pending' | 'unknown';

/** A person as a source describes them at `updated_at`; the newest description stands. */
export type Customer = {
  customer_id?: string;
  email?: string;
  phone?: string;
  first_name?: string;
  last_name?: string;
  city?: string;
  region?: string;
  zip?: string;
  country?: string;
  email_consent: Consent;
  sms_consent: Consent;
  ads_consent: Consent;
  /** What it cost to win this customer, once; in the job's currency. */
  acquisition_cost?: string;
  /** What serving this customer cost in the twelve months up to `updated_at`, beside the goods; in the job's currency. */
  service_cost?: string;
  tags?: string[];
  /** What else the source says of the person, by the name the job file gives it: age, interests and the like. */
  extra?: Record<string, string>;
  /**
   * True where the source has erased the person, by `customer_id`: whatever it said of them before is taken out here too,
   * and their orders stay without an address.
   */
  redacted?: boolean;
  updated_at: string;
};

export const EVENT_TYPES = [
  'visit',
  'view',
  'cart',
  'open',
  'click',
  'bounce',
  'review',
  'referral',
  'support',
] as const;
export type EventType = (typeof EVENT_TYPES)[number];

/** Something a person did other than ordering. */
export type Event = {
  event_id: string;
  type: EventType;
  at: string;
  /**
   * True where the source says that a program did it (a mail client that loads pictures ahead, a scanner that follows
   * links): such events do not count. False where it says that a person did; left out where it does not tell.
   */
  is_machine?: boolean;
  customer_id?: string;
  email?: string;
  phone?: string;
};

/** A row that could not be read: where it stands and why, without any of its personal content. */
export type Rejection = {
  /** The file or query, as the job file names it. */
  source: string;
  /** Line in a file, or row in a result; 1 is the first. */
  line: number;
  reason: string;
};

/** What a source yields at a time. `warnings` are sentences for people; equal ones are shown once. */
export type Page = {
  /** Rows that the engine reads by itself. */
  tables?: Table[];
  analytics?: AnalyticsTable[];
  orders?: Order[];
  lines?: OrderLine[];
  products?: Product[];
  refunds?: Refund[];
  customers?: Customer[];
  events?: Event[];
  rejected?: Rejection[];
  warnings?: string[];
  /**
   * By part of the source: how far it has been read once this page and all before it are stored. An empty text takes a
   * mark away.
   */
  marks?: Record<string, string>;
  /**
   * Whether the source tells of its latest past only, also when it is asked for everything: then what it does not tell of
   * may still be there.
   */
  recent_only?: boolean;
  /** How many records this pull will have brought in all, where the source tells; for people. */
  expected?: number;
  /**
   * Why the source could not be read whole, as a sentence. What was read stays, no mark of this page or a later one is
   * kept, and nothing is sent.
   */
  incomplete?: string;
};
