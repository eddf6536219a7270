import { z } from 'zod';
import { EVENT_TYPES } from './records.ts';
import { isTimezone } from './timezone.ts';
import { MEANINGS } from './words.ts';

/**
 * Tables of any shape: the job names for each of our fields the column that holds it. The same words for files,
 * databases and whatever else has rows and columns.
 */
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
  tags: header("The shop's own tags of the customer, separated by commas."),
  event_id: header('Unique per event; without it equal rows are one event.'),
  type: header('visit, view, cart, open, click, bounce, review, referral or support.'),
  at: header('When the event happened.'),
  is_machine: header(
    'Whether a program did it (an e-mail client that loads pictures ahead, a scanner of links): true, 1 or yes; such events do not count.',
  ),
  line_id: header(
    'Unique within the order; without it equal rows are one line, unless they follow each other.',
  ),
  sku: header("The shop's code of what is sold, size and colour included."),
  product_id: header("The shop's own id of the product."),
  title: header('What the product is called.'),
  category: header('Category of the product.'),
  brand: header('Brand or maker of the product.'),
  collections: header('Collections that the product is in, separated by commas.'),
  quantity: header('How many were bought; 1 where it is missing or blank.'),
  net: header('What was paid for the whole line, after its own discount, without tax.'),
  price: header('Price of one; what was paid is price times quantity where `net` is missing or blank.'),
});
export type Field = keyof z.output<typeof Columns>;

const PERSON = ['customer_id', 'email', 'phone'] as const;
const ADDRESS = ['first_name', 'last_name', 'city', 'region', 'zip', 'country'] as const;
const CONSENT = ['accepts_marketing', 'accepts_sms', 'accepts_ads'] as const;
const COSTS = ['acquisition_cost', 'service_cost'] as const;
const PRODUCT = ['sku', 'product_id', 'title', 'category', 'brand'] as const;
const ORDER = ['order_id', 'ordered_at', 'cancelled_at', 'updated_at', 'state', 'currency'] as const;
const MONEY = ['goods', 'total', 'tax', 'shipping', 'discount', 'refunded'] as const;

export const FIELDS = {
  orders: [...ORDER, ...MONEY, ...PERSON, ...ADDRESS, ...CONSENT],
  lines: ['order_id', 'line_id', ...PRODUCT, 'quantity', 'net', 'price'],
  products: [...PRODUCT, 'collections'],
  customers: [...PERSON, ...ADDRESS, ...CONSENT, ...COSTS, 'tags', 'updated_at'],
  events: ['event_id', 'type', 'at', 'is_machine', ...PERSON],
} as const satisfies Record<string, readonly Field[]>;

/** What one row of a table is. */
export type Records = keyof typeof FIELDS;

/** Fields that records need; of several in a list, one. */
export const NEEDED: Record<Records, readonly (readonly Field[])[]> = {
  orders: [['order_id'], ['ordered_at'], ['goods', 'total']],
  lines: [['order_id'], ['sku', 'product_id', 'title'], ['net', 'price']],
  products: [['sku', 'product_id']],
  customers: [PERSON],
  events: [PERSON, ['at']],
};

/** Settings of every source that reads tables: which column is what, and what the words in them mean. */
export const columnSettings = {
  columns: Columns.optional().describe('Our name of a field, and the column it stands in.'),
  extra: z
    .record(
      z.string().regex(/^[a-z][a-z0-9_]*$/, 'Names are made of a-z, 0-9 and _, a letter first'),
      z.string().min(1),
    )
    .default({})
    .describe(
      'What else the rows say of customers (age, interests): a name of your own, and the column it stands in. Rules know it as `extra.NAME`.',
    ),
  records: z
    .enum(Object.keys(FIELDS) as [Records, ...Records[]])
    .default('orders')
    .describe('What one row is.'),
  event: z.enum(EVENT_TYPES).optional().describe('What every row is, for events without a `type` column.'),
  states: z
    .record(z.string(), z.enum(MEANINGS))
    .default({})
    .describe('What the words in the `state` column mean; adds to the usual English words.'),
  pending_orders: z
    .enum(['ignore', 'count'])
    .default('ignore')
    .describe('Whether orders that are not paid yet count (bank transfer, cash on delivery).'),
  timezone: z
    .string()
    .refine(isTimezone, 'is not an IANA time zone, for example Europe/Bucharest')
    .optional()
    .describe("Zone of times that carry none; the job's when absent."),
};

const ColumnSettings = z.strictObject(columnSettings);
export type ColumnSettings = z.output<typeof ColumnSettings>;

type Wrong = { path: string[]; message: string };

/** Reports what is wrong with `columns`, `extra` and `event` for these `records`. */
export function checkColumns(settings: ColumnSettings, context: z.RefinementCtx): void {
  for (const { path, message } of [...misplaced(settings), ...wrongColumns(settings)])
    context.addIssue({ code: 'custom', path, message });
}

/** What is given that these `records` do not have, whatever the columns. */
export function misplaced({ records, extra, event }: ColumnSettings): Wrong[] {
  const wrong: Wrong[] = [];
  if (records !== 'customers' && Object.keys(extra).length > 0)
    wrong.push({ path: ['extra'], message: '`extra` belongs to `records: customers`' });
  if (records !== 'events' && event)
    wrong.push({ path: ['event'], message: '`event` belongs to `records: events`' });
  return wrong;
}

/** What these `records` need of columns and do not have, or have and cannot use. */
export function wrongColumns({ columns = {}, records, event }: ColumnSettings): Wrong[] {
  const wrong: Wrong[] = [];
  const known: readonly Field[] = FIELDS[records];
  for (const field of Object.keys(columns) as Field[]) {
    if (known.includes(field)) continue;
    const message = `${records} have no ${field}; they have ${known.join(', ')}`;
    wrong.push({ path: ['columns', field], message });
  }
  for (const fields of NEEDED[records]) {
    if (fields.some((field) => columns[field])) continue;
    wrong.push({ path: ['columns'], message: `${records} need a column for ${fields.join(' or ')}` });
  }
  if (records === 'events' && !columns.type === !event)
    wrong.push({ path: ['event'], message: 'give either `columns.type` or `event`' });
  return wrong;
}
