/** What a field holds: `money` is in the job's currency, `share` runs from 0 to 1, `texts` is a list. */
export type FieldType = 'text' | 'texts' | 'consent' | 'number' | 'money' | 'share' | 'date';

export type Field = { type: FieldType; meaning: string };

/** Computed from the records. */
const PROFILES = {
  customer_id: {
    type: 'text',
    meaning: "The shop's own customer id; where there is none, whatever else tells the person apart.",
  },
  email: { type: 'text', meaning: 'E-mail address.' },
  phone: { type: 'text', meaning: 'Phone number.' },
  first_name: { type: 'text', meaning: 'First name.' },
  last_name: { type: 'text', meaning: 'Last name.' },
  city: { type: 'text', meaning: 'City.' },
  region: { type: 'text', meaning: 'State, province or county.' },
  zip: { type: 'text', meaning: 'Postal code.' },
  country: { type: 'text', meaning: 'ISO 3166-1 code of two letters.' },
  tags: { type: 'texts', meaning: "The shop's own tags of the customer." },
  email_consent: {
    type: 'consent',
    meaning: 'Consent to e-mail marketing: yes, no, pending or unknown.',
  },
  sms_consent: { type: 'consent', meaning: 'Consent to text messages.' },
  ads_consent: { type: 'consent', meaning: 'Consent to use for advertising audiences.' },
  orders: { type: 'number', meaning: 'Orders that count.' },
  purchase_days: { type: 'number', meaning: 'Days with at least one order that counts.' },
  first_order: { type: 'date', meaning: 'Day of the first order.' },
  last_order: { type: 'date', meaning: 'Day of the latest order.' },
  last_visit: { type: 'date', meaning: 'Day of the latest visit; empty where none is known.' },
  days_since_order: { type: 'number', meaning: 'Days since the latest order.' },
  days_since_active: { type: 'number', meaning: 'Days since the latest order or visit.' },
  tenure_days: { type: 'number', meaning: 'Days since the first order.' },
  revenue: { type: 'money', meaning: 'Paid for goods in all, less refunds.' },
  revenue_12m: { type: 'money', meaning: 'The same in the last 12 months.' },
  average_order_value: { type: 'money', meaning: 'Revenue divided by orders.' },
  visits_12m: { type: 'number', meaning: 'Visits in the last 12 months.' },
  opens_12m: { type: 'number', meaning: 'E-mails opened in the last 12 months.' },
  clicks_12m: { type: 'number', meaning: 'Clicks in e-mails in the last 12 months.' },
  reviews_12m: { type: 'number', meaning: 'Reviews written in the last 12 months.' },
  referrals_12m: { type: 'number', meaning: 'Referrals made in the last 12 months.' },
  acquisition_cost: {
    type: 'money',
    meaning: 'What it cost to win the customer, where a source says so.',
  },
  service_cost: {
    type: 'money',
    meaning: 'What serving the customer cost in the last 12 months, where a source says so.',
  },
} as const satisfies Record<string, Field>;

const FAVOURITES = {
  favourite_product: {
    type: 'text',
    meaning: 'The product that most was spent on; of equals, the one bought last.',
  },
  favourite_category: { type: 'text', meaning: 'The same of categories.' },
  favourite_brand: { type: 'text', meaning: 'The same of brands.' },
  next_order: {
    type: 'date',
    meaning:
      'The day by which every second customer like this one, if still one, has ordered again. Without a model: the latest order and the usual gap once more, today where that is past.',
  },
} as const satisfies Record<string, Field>;

const PREDICTIONS = {
  p_alive: {
    type: 'share',
    meaning:
      'Probability that the customer still buys, from 0 to 1; this and the next three are empty without a model.',
  },
  expected_purchases: {
    type: 'number',
    meaning: "Days with an order that are expected within the lifecycle's horizon.",
  },
  expected_order_value: { type: 'money', meaning: 'What is expected to be paid on such a day.' },
  clv_12m: {
    type: 'money',
    meaning: 'What the customer is expected to pay for goods in the next 12 months, discounted.',
  },
} as const satisfies Record<string, Field>;

const SCORES = {
  r_score: {
    type: 'number',
    meaning:
      'How lately the customer bought, from 1 to 5: 1, and 1 more for each whole fifth of all customers who bought longer ago. Equal numbers have equal scores.',
  },
  f_score: {
    type: 'number',
    meaning:
      'The same for the number of purchase days: 5 has at least four fifths of the customers below it.',
  },
  m_score: { type: 'number', meaning: 'The same for revenue in all.' },
  engagement_score: {
    type: 'number',
    meaning:
      'Weighted mean of the percentiles of what the customer did, from 0 to 100; 0 where the job has no engagement model.',
  },
} as const satisfies Record<string, Field>;

/** The profile fields by the table of the store that holds them, in the order they are shown. */
export const FIELD_TABLES = {
  profiles: PROFILES,
  favourites: FAVOURITES,
  predictions: PREDICTIONS,
  scores: SCORES,
} as const;

export type FieldName = {
  [T in keyof typeof FIELD_TABLES]: keyof (typeof FIELD_TABLES)[T];
}[keyof typeof FIELD_TABLES];

/** Every profile field: what rules may ask for, exports hold and destinations may take as properties. */
export const FIELDS: Readonly<Record<FieldName, Field>> = {
  ...PROFILES,
  ...FAVOURITES,
  ...PREDICTIONS,
  ...SCORES,
};
