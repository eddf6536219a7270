import { z } from 'zod';
import { EVENT_TYPES } from '../records.ts';

const header = (meaning: string) => z.string().min(1).optional().describe(meaning);

const Columns = z.strictObject({
  order_id: header('Unique per order.'),
  customer_id: header("The shop's own customer id."),
  email: header('E-mail address.'),
  phone: header('Phone number, best with country code.'),
  ordered_at: header('When the order was placed.'),
  cancelled_at: header('When the order was cancelled; blank where it was not.'),
  updated_at: header('When the row last changed; of two copies of an order the later one stands.'),
  state: header(
    "The shop's word for the order's state; see `states`. Without this column every order counts.",
  ),
  currency: header("ISO 4217 code; the job's currency where it is missing or blank."),
  goods: header('What was paid for goods, after discounts, without tax and shipping.'),
  total: header('What was paid in all; goods is total less tax and shipping where `goods` is not mapped.'),
  tax: header('Tax.'),
  shipping: header('Shipping.'),
  discount: header('Discount, for information: `goods` and `total` are taken after it.'),
  refunded: header('What was given back of the order.'),
  first_name: header('First name.'),
  last_name: header('Last name.'),
  city: header('City.'),
  region: header('State, province or county.'),
  zip: header('Postal code.'),
  country: header('ISO 3166-1 code of two letters.'),
  accepts_marketing: header('Consent to e-mail marketing: yes, no, pending, or like words.'),
  accepts_sms: header('Consent to text messages.'),
  accepts_ads: header('Consent to use for advertising audiences.'),
  acquisition_cost: header("What it cost to win the customer, once; in the job's currency."),
  service_cost: header(
    "What serving the customer cost in the last 12 months (support, handling of returns, shipping that the shop paid); in the job's currency.",
  ),
  event_id: header('Unique per event; without it equal rows are one event.'),
  type: header('visit, view, cart, open, click, bounce, review, referral or support.'),
  at: header('When the event happened.'),
});
export type Field = keyof z.output<typeof Columns>;

const PERSON = ['customer_id', 'email', 'phone'] as const;
const ADDRESS = ['first_name', 'last_name', 'city', 'region', 'zip', 'country'] as const;
const CONSENT = ['accepts_marketing', 'accepts_sms', 'accepts_ads'] as const;
const COSTS = ['acquisition_cost', 'service_cost'] as const;
const ORDER = ['order_id', 'ordered_at', 'cancelled_at', 'updated_at', 'state', 'currency'] as const;
const MONEY = ['goods', 'total', 'tax', 'shipping', 'discount', 'refunded'] as const;

const FIELDS: Record<'orders' | 'customers' | 'events', readonly Field[]> = {
  orders: [...ORDER, ...MONEY, ...PERSON, ...ADDRESS, ...CONSENT],
  customers: [...PERSON, ...ADDRESS, ...CONSENT, ...COSTS, 'updated_at'],
  events: ['event_id', 'type', 'at', ...PERSON],
};

const MEANINGS = ['paid', 'pending', 'unpaid', 'refunded', 'cancelled', 'test'] as const;

/** What a state means: `pending` is the one that the setting `pending_orders` decides on. */
export type Meaning = (typeof MEANINGS)[number];

const Shape = z.strictObject({
  path: z
    .union([z.string().min(1), z.array(z.string().min(1)).min(1)])
    .describe('File, glob or list of them, relative to the job file. gzip and zstd are unpacked.'),
  format: z.literal('shopify').optional().describe("Shopify's orders export as it is. Excludes `columns`."),
  columns: Columns.optional().describe(
    'For any other file: our name of a field, and the column it stands in.',
  ),
  records: z
    .enum(['orders', 'customers', 'events'])
    .default('orders')
    .describe('What one row of the file is.'),
  event: z.enum(EVENT_TYPES).optional().describe('What every row is, for events without a `type` column.'),
  states: z
    .record(z.string(), z.enum(MEANINGS))
    .default({})
    .describe('What the words in the `state` column mean; adds to the usual English words.'),
  pending_orders: z
    .enum(['ignore', 'count'])
    .default('ignore')
    .describe('Whether orders that are not paid yet count (bank transfer, cash on delivery).'),
  delimiter: z.string().length(1).optional().describe('Found in the header line when absent: , ; tab or |.'),
  decimal: z.enum(['.', ',']).default('.').describe('Decimal sign; the other one may separate thousands.'),
  dates: z
    .enum(['iso', 'ymd', 'dmy', 'mdy'])
    .default('iso')
    .describe('Order of day, month and year; never guessed.'),
  timezone: z
    .string()
    .refine(isTimezone, 'is not an IANA time zone, for example Europe/Bucharest')
    .optional()
    .describe("Zone of times that carry none; the job's when absent."),
  encoding: z
    .string()
    .refine(isEncoding, 'is not the name of an encoding, for example utf-8, windows-1250, iso-8859-2')
    .optional()
    .describe('Found when absent: byte order mark, else UTF-8, else windows-1252 with a warning.'),
});

export type CsvSettings = z.output<typeof Shape>;

/** Settings of the source `csv`. Which fields `columns` may and must name depends on `records`. */
export const CsvSettings = Shape.superRefine((settings, context) => {
  const problem = (path: string[], message: string) => context.addIssue({ code: 'custom', path, message });
  const { columns, records } = settings;
  if (!columns === !settings.format) {
    return problem(['format'], 'give either `format: shopify` or `columns`, one of the two');
  }
  if (!columns) {
    if (records !== 'orders') problem(['records'], '`format: shopify` holds orders');
    return;
  }
  for (const field of Object.keys(columns) as Field[]) {
    if (!FIELDS[records].includes(field)) {
      problem(['columns', field], `${records} have no ${field}; they have ${FIELDS[records].join(', ')}`);
    }
  }
  const need = (...fields: Field[]) => {
    if (fields.some((field) => columns[field])) return;
    problem(['columns'], `${records} need a column for ${fields.join(' or ')}`);
  };
  if (records === 'orders') {
    need('order_id');
    need('ordered_at');
    need('goods', 'total');
  } else {
    need(...PERSON);
  }
  if (records === 'events') {
    need('at');
    if (!columns.type === !settings.event) problem(['event'], 'give either `columns.type` or `event`');
  } else if (settings.event) {
    problem(['event'], '`event` belongs to `records: events`');
  }
});

function isTimezone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

function isEncoding(name: string): boolean {
  try {
    new TextDecoder(name);
    return true;
  } catch {
    return false;
  }
}
