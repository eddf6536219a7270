import type { Customer, Order, OrderLine } from '../records.ts';
import { consentOf } from '../words.ts';
import { countryOf, digitsOf, emailOf, namesOf } from './cells.ts';
import type { Reading, RowReader } from './draft.ts';
import type { Header } from './header.ts';
import { lineIds } from './line-ids.ts';
import { minus, times } from './money.ts';
import { addOrder, type OrderCells, type Standing } from './order.ts';

/**
 * Reads rows of Shopify's orders export. It has a row per product: the first row of an order holds the order, the
 * others hold only their product, the e-mail and the time.
 * @throws SyncError `SOURCE_MISSING_COLUMN`
 */
export function shopifyReader(header: Header, reading: Reading): RowReader {
  const cell = orderCells(header);
  const isTest = testReader(header);
  const buyerOf = buyerReader(header, reading);
  const customerOf = customerReader(header);
  const lineOf = lineReader(header, reading);
  return (cells, draft) => {
    if ([cell.state, cell.total, cell.goods].some((read) => read(cells) !== '')) {
      const standing = (state: string): Standing => ({ ...standingOf(state, reading), test: isTest(cells) });
      const buyer = buyerOf(cells);
      const order = addOrder(cells, cell, reading, draft, buyer, standing);
      if (typeof order === 'string') return order;
      order.number = order.order_id;
      if (buyer.email || buyer.phone) draft.customers.push(customerOf(cells, order));
    }
    const order_id = cell.order_id(cells);
    if (order_id === '') return 'the row has no order number';
    const line = lineOf(cells, order_id);
    if (typeof line === 'string') return line;
    if (line) draft.lines.push(line);
    return undefined;
  };
}

function orderCells(header: Header): OrderCells {
  return {
    order_id: header.required('Name'),
    ordered_at: header.required('Created at'),
    state: header.required('Financial Status'),
    goods: header.has('Total') ? header.optional('Subtotal') : header.required('Subtotal'),
    total: header.optional('Total'),
    tax: header.optional('Taxes'),
    shipping: header.optional('Shipping'),
    discount: header.optional('Discount Amount'),
    refunded: header.optional('Refunded Amount'),
    cancelled_at: header.optional('Cancelled at'),
    currency: header.optional('Currency'),
  };
}

const COUNTED = new Set(['paid', 'partially_paid', 'partially_refunded', 'refunded']);
const NOT_COUNTED = new Set(['voided', 'expired']);
const PENDING = new Set(['pending', 'authorized']);

function standingOf(state: string, reading: Reading): Standing {
  if (PENDING.has(state)) return { counts: reading.countsPending };
  if (COUNTED.has(state)) return { counts: true, refunded: state === 'refunded' };
  if (!NOT_COUNTED.has(state)) reading.notes.add('orders in an unknown state do not count', state);
  return { counts: false };
}

/** Orders of Shopify's own trial payment are tests; some export programs mark tests in a column. */
function testReader(header: Header): (cells: readonly string[]) => boolean {
  const payment = header.optional('Payment Method');
  const test = header.optional('Test');
  return (cells) => /bogus.gateway/i.test(payment(cells)) || consentOf(test(cells)) === 'yes';
}

/** The export has no customer id. `Phone` is the customer's; the numbers of the addresses may be anybody's. */
function buyerReader(header: Header, reading: Reading) {
  const email = header.optional('Email');
  const phone = header.optional('Phone');
  const billing = header.optional('Billing Country');
  const shipTo = header.optional('Shipping Country');
  return (cells: readonly string[]) => ({
    email: emailOf(email(cells), reading.notes),
    phone: digitsOf(phone(cells)),
    country: countryOf(billing(cells) || shipTo(cells)),
  });
}

/** The billing address as a whole, or the shipping address where only that says a place. */
function customerReader(header: Header): (cells: readonly string[], order: Order) => Customer {
  const billing = addressCells(header, 'Billing');
  const shipTo = addressCells(header, 'Shipping');
  const acceptsMarketing = header.optional('Accepts Marketing');
  return (cells, order) => {
    const address = billing.city(cells) || billing.zip(cells) || !shipTo.city(cells) ? billing : shipTo;
    return {
      email: order.email,
      phone: order.phone ?? digitsOf(billing.phone(cells) || shipTo.phone(cells)),
      ...namesOf(billing.name(cells) || shipTo.name(cells)),
      city: address.city(cells) || undefined,
      region: address.region(cells) || undefined,
      zip: digitsOf(address.zip(cells)),
      country: countryOf(address.country(cells)) ?? order.country,
      email_consent: consentOf(acceptsMarketing(cells)),
      sms_consent: 'unknown',
      ads_consent: 'unknown',
      updated_at: order.ordered_at,
    };
  };
}

function addressCells(header: Header, kind: 'Billing' | 'Shipping') {
  const column = (name: string) => header.optional(`${kind} ${name}`);
  return {
    name: column('Name'),
    phone: column('Phone'),
    city: column('City'),
    region: column('Province'),
    zip: column('Zip'),
    country: column('Country'),
  };
}

const UNREADABLE_LINE = 'quantity, price or discount of a product cannot be read';
const CATEGORY_COLUMNS = ['Lineitem category', 'Product Type', 'Type'];

/** Shopify itself exports no category; programs that add one are met half-way. */
function lineReader(header: Header, reading: Reading) {
  const title = header.optional('Lineitem name');
  const quantity = header.optional('Lineitem quantity');
  const price = header.optional('Lineitem price');
  const discount = header.optional('Lineitem discount');
  const sku = header.optional('Lineitem sku');
  const vendor = header.optional('Vendor');
  const category = header.optional(CATEGORY_COLUMNS.find((column) => header.has(column)) ?? '');
  const lineId = lineIds();
  return (cells: readonly string[], order_id: string): OrderLine | string | undefined => {
    const facts = [title, sku, quantity, price, discount].map((read) => read(cells));
    const [name = '', code, count = '', each = '', off = ''] = facts;
    if (name === '' && count === '') return undefined;
    const amounts = [count, each || '0', off || '0'].map((text) => reading.amount(text));
    const [units, unitPrice, reduction] = amounts;
    if (!units || !unitPrice || !reduction) return UNREADABLE_LINE;
    const gross = times(unitPrice, units);
    const net = gross && minus(gross, reduction);
    if (!net) return UNREADABLE_LINE;
    return {
      order_id,
      line_id: lineId(order_id, facts.join('\n')),
      sku: code || undefined,
      title: name,
      category: category(cells) || undefined,
      brand: vendor(cells) || undefined,
      quantity: units,
      net,
      version: reading.version,
    };
  };
}
