/** Texts, of which one that a spreadsheet could take for a formula gets a leading apostrophe. */
const TEXTS = {
  email: 'E-mail address.',
  customer_id: "The shop's own customer id; where there is none, whatever else tells the person apart.",
  first_name: 'First name.',
  last_name: 'Last name.',
  city: 'City.',
  region: 'State, province or county.',
  zip: 'Postal code.',
  country: 'ISO 3166-1 code of two letters.',
};

const PROFILE = {
  phone: 'Phone number.',
  email_consent: 'Consent to e-mail marketing: yes, no, pending or unknown.',
  sms_consent: 'Consent to text messages.',
  ads_consent: 'Consent to use for advertising audiences.',
  orders: 'Orders that count.',
  purchase_days: 'Days with at least one order that counts.',
  first_order: 'Day of the first order.',
  last_order: 'Day of the latest order.',
  last_visit: 'Day of the latest visit; empty where none is known.',
  days_since_order: 'Days since the latest order.',
  days_since_active: 'Days since the latest order or visit.',
  revenue: 'Paid for goods in all, less refunds.',
  revenue_12m: 'The same in the last 12 months.',
  acquisition_cost: 'What it cost to win the customer, where a source says so.',
  service_cost: 'What serving the customer cost in the last 12 months, where a source says so.',
};

const PREDICTIONS = {
  p_alive:
    'Probability that the customer still buys, from 0 to 1; this and the next three are empty without a model.',
  expected_purchases: "Days with an order that are expected within the lifecycle's horizon.",
  expected_order_value: 'What is expected to be paid on such a day.',
  clv_12m: 'What the customer is expected to pay for goods in the next 12 months, discounted.',
};

const SCORES = {
  r_score:
    'How lately the customer bought, from 1 to 5: 1, and 1 more for each whole fifth of all customers who bought longer ago. Equal numbers have equal scores.',
  f_score: 'The same for the number of purchase days: 5 has at least four fifths of the customers below it.',
  m_score: 'The same for revenue in all.',
};

/** The columns a file may have beside one for each model of the job, in their order, with what they hold. */
export const COLUMNS: Record<string, string> = { ...TEXTS, ...PROFILE, ...PREDICTIONS, ...SCORES };

/** Before the columns of the models; the others come after them. */
const FIRST = ['email', 'customer_id'];

/** @returns every column of a file with these models, in their order */
export function columnsOf(models: readonly string[]): string[] {
  return [...FIRST, ...models, ...Object.keys(COLUMNS).filter((column) => !FIRST.includes(column))];
}

/**
 * @param columns of `columnsOf(models)`
 * @returns SQL that gives `columns` and `customer` for each customer of a run who is in one of some segments. Bind
 *   `job`, `run` and `segments` (full names).
 */
export function exportedSql(columns: readonly string[], models: readonly string[]): string {
  const mine = 'WHERE job = {job:String} AND run_id = {run:String}';
  // Only what is asked for is joined: each join holds all customers in memory.
  const more = Object.entries({ predictions: PREDICTIONS, scores: SCORES }).map(([table, held]) => {
    const fields = Object.keys(held).filter((column) => columns.includes(column));
    if (fields.length === 0) return '';
    return `LEFT JOIN (SELECT customer, ${fields.join(', ')} FROM ${table} ${mine}) AS ${table} USING (customer)`;
  });
  const segment = (model: string) => `anyIf(segment, model = '${model}') AS ${model}`;
  return `SELECT ${['customer', ...new Set(columns.map(shown))].join(', ')}
    FROM (SELECT customer_id AS own_id, * EXCEPT customer_id FROM profiles ${mine}) AS p
    INNER JOIN (
      SELECT customer, ${models.map(segment).join(', ')}, groupArray(concat(model, '.', segment)) AS names
      FROM assignments ${mine} GROUP BY customer HAVING hasAny(names, {segments:Array(String)})
    ) AS a USING (customer) ${more.join(' ')}`;
}

function shown(column: string): string {
  if (column === 'customer_id')
    return `if(own_id != '', own_id, replaceRegexpOne(customer, '^email:', '')) AS customer_id`;
  if (!(column in TEXTS)) return column;
  return `if(match(${column}, '^[=+@\\\\-\\t\\r]'), concat('\\'', ${column}), ${column}) AS ${column}`;
}
