import { shopifyTime } from './calendar.ts';
import { csv } from './csv.ts';
import { CARD, type Line, type Order } from './orders.ts';

/** The header of Shopify's orders export, in its order. */
const COLUMNS = [
  'Name,Email,Financial Status,Paid at,Fulfillment Status,Fulfilled at,Accepts Marketing,Currency,Subtotal',
  'Shipping,Taxes,Total,Discount Code,Discount Amount,Shipping Method,Created at,Lineitem quantity',
  'Lineitem name,Lineitem price,Lineitem compare at price,Lineitem sku,Lineitem requires shipping',
  'Lineitem taxable,Lineitem fulfillment status,Billing Name,Billing Street,Billing Address1',
  'Billing Address2,Billing Company,Billing City,Billing Zip,Billing Province,Billing Country,Billing Phone',
  'Shipping Name,Shipping Street,Shipping Address1,Shipping Address2,Shipping Company,Shipping City',
  'Shipping Zip,Shipping Province,Shipping Country,Shipping Phone,Notes,Note Attributes,Cancelled at',
  'Payment Method,Payment Reference,Refunded Amount,Vendor,Outstanding Balance,Employee,Location,Device ID',
  'Id,Tags,Risk Level,Source,Lineitem discount,Tax 1 Name,Tax 1 Value,Tax 2 Name,Tax 2 Value,Tax 3 Name',
  'Tax 3 Value,Tax 4 Name,Tax 4 Value,Tax 5 Name,Tax 5 Value,Phone,Receipt Number,Duties',
  'Billing Province Name,Shipping Province Name,Payment ID,Payment Terms Name,Next Payment Due At',
  'Payment References',
].flatMap((names) => names.split(','));

/** The export as it would have come out at the instant `at`: what happened to an order later is not in it. */
export function shopifyExport(orders: readonly Order[], at: number): string {
  return csv(
    COLUMNS,
    orders.flatMap((order) =>
      order.lines.map((line, index) => ({
        ...(index === 0 ? orderCells(order, at) : {}),
        ...lineCells(order, line, at),
      })),
    ),
  );
}

/** A line's row says little of its order: these cells, and blanks for the rest. */
function lineCells(order: Order, line: Line, at: number): Record<string, string> {
  const { product, size } = line;
  return {
    Name: `#${order.number}`,
    Email: order.email,
    'Created at': shopifyTime(order.at),
    'Lineitem quantity': String(line.quantity),
    'Lineitem name': size ? `${product.title} - ${size}` : product.title,
    'Lineitem price': money(line.cents),
    'Lineitem compare at price': line.wasCents ? money(line.wasCents) : '',
    'Lineitem sku': skuOf(product.code, size),
    'Lineitem requires shipping': String(product.code !== 'GIFT'),
    'Lineitem taxable': 'true',
    'Lineitem fulfillment status': before(order.fulfilledAt, at) ? 'fulfilled' : 'pending',
    'Lineitem discount': '0.00',
    Vendor: product.vendor,
    Phone: order.phone,
  };
}

function orderCells(order: Order, at: number): Record<string, string> {
  const { customer, currency, subtotal, shipping, tax } = order;
  const total = subtotal + shipping + tax;
  const refunded = before(order.refund?.at, at) ? order.refund!.cents : 0;
  const payment = `pay${(order.number * 7919).toString(36)}`;
  const time = (instant?: number) => (before(instant, at) ? shopifyTime(instant!) : '');
  const state = stateAt(order, at);
  const [city, zip, province, provinceName] = customer?.place ?? ['', '', '', ''];
  const address = (kind: 'Billing' | 'Shipping') => ({
    [`${kind} Name`]: customer?.name ?? '',
    [`${kind} City`]: city,
    [`${kind} Zip`]: zip && `'${zip}`,
    [`${kind} Province`]: province,
    [`${kind} Province Name`]: provinceName,
    [`${kind} Country`]: customer?.country.code ?? '',
    [`${kind} Phone`]: customer?.email ? (customer.phone ?? '') : '',
  });
  return {
    'Financial Status': state,
    'Paid at': time(order.paidAt),
    'Fulfillment Status': before(order.fulfilledAt, at) ? 'fulfilled' : 'unfulfilled',
    'Fulfilled at': time(order.fulfilledAt),
    'Accepts Marketing': order.newsletter ? 'yes' : 'no',
    Currency: currency,
    Subtotal: money(subtotal),
    Shipping: money(shipping),
    Taxes: money(tax),
    Total: money(total),
    'Discount Code': order.discount?.code ?? '',
    'Discount Amount': money(order.discount?.cents ?? 0),
    'Shipping Method': customer ? 'Standard' : '',
    ...address('Billing'),
    ...address('Shipping'),
    Notes: order.note,
    'Cancelled at': time(order.cancelledAt),
    'Payment Method': order.method,
    'Payment Reference': payment,
    'Refunded Amount': money(refunded),
    'Outstanding Balance': money(state === 'pending' || state === 'authorized' ? total : 0),
    Location: customer ? '' : 'Cluj store',
    Id: String(5_400_000_000_000 + order.number * 32_768),
    Tags: order.tags,
    'Risk Level': 'Low',
    Source: order.source,
    'Tax 1 Name': customer?.country.taxName ?? 'RO TVA 21%',
    'Tax 1 Value': money(tax),
    'Payment ID': payment,
    'Payment References': payment,
  };
}

function stateAt(order: Order, at: number): string {
  const total = order.subtotal + order.shipping + order.tax;
  if (before(order.refund?.at, at)) return order.refund!.cents === total ? 'refunded' : 'partially_refunded';
  if (before(order.voidedAt, at)) return 'voided';
  if (before(order.paidAt, at)) return 'paid';
  return order.method === CARD ? 'authorized' : 'pending';
}

export function skuOf(code: string, size?: string): string {
  return size ? `${code}-${size}` : code;
}

function before(instant: number | undefined, at: number): boolean {
  return instant !== undefined && instant <= at;
}

function money(cents: number): string {
  return (cents / 100).toFixed(2);
}
