import { DAY, DAYS, instantAt } from './calendar.ts';
import { PRODUCTS, type Product } from './catalogue.ts';
import type { Customer } from './customers.ts';
import type { Random } from './random.ts';

const HOUR = 3_600_000;

export type Line = { product: Product; size?: string; quantity: number; cents: number; wasCents?: number };

/** An order and what happened to it when; instants in milliseconds, money in cents of its own currency. */
export type Order = {
  number: number;
  /** Nobody is known for a sale in the store. */
  customer?: Customer;
  /** The e-mail or phone as typed this time. */
  email: string;
  phone: string;
  newsletter: boolean;
  currency: 'EUR' | 'RON';
  at: number;
  lines: Line[];
  discount?: { code: string; cents: number };
  subtotal: number;
  shipping: number;
  tax: number;
  method: string;
  source: string;
  note: string;
  tags: string;
  paidAt?: number;
  fulfilledAt?: number;
  cancelledAt?: number;
  voidedAt?: number;
  refund?: { at: number; cents: number };
};

export const CARD = 'Shopify Payments';
const ON_DELIVERY = 'Cash on Delivery (COD)';
const TEST_GATEWAY = 'Bogus Gateway (for testing)';

const NOTES = [
  'Please ring "twice", the bell is quiet.',
  'Leave it with the neighbour.\nName on the door: "Groß", 2nd floor, left',
  'Gift, please no invoice in the parcel; merci!',
  'Size 42 if 41 is gone,\nelse cancel.',
];

/** Draws every order of these customers, and the store's nameless sales, oldest first and numbered. */
export function drawOrders(random: Random, customers: readonly Customer[]): Order[] {
  const bought = customers.flatMap((customer) =>
    customer.days.map((day, earlier) => drawOrder(random, day, earlier, customer)),
  );
  const nameless = Array.from({ length: 40 }, () => drawOrder(random, random.whole(0, DAYS - 1), 0));
  return [...bought, ...nameless]
    .sort((a, b) => a.at - b.at)
    .map((order, index) => ({ ...order, number: 1001 + index }));
}

function drawOrder(random: Random, day: number, earlier: number, customer?: Customer): Order {
  const currency = customer?.currency ?? 'EUR';
  const at = instantAt(day, random.whole(7 * HOUR, DAY - 1));
  const lines = drawLines(random, currency, customer?.appetite ?? 0.3);
  const goods = lines.reduce((sum, line) => sum + line.quantity * line.cents, 0);
  const discount = drawDiscount(random, at, earlier, goods);
  const subtotal = goods - (discount?.cents ?? 0);
  const shipping = customer && subtotal > 0 && subtotal < price(100, currency) ? price(5.9, currency) : 0;
  const tax = Math.round(((subtotal + shipping) * (customer?.country.taxPercent ?? 21)) / 100);
  const wholesale = customer !== undefined && random.chance(0.01);
  const newsletter = customer?.newsletter;
  const order: Order = {
    number: 0,
    customer,
    email: typed(random, customer?.email),
    phone: customer?.email ? '' : phoneTyped(random, customer),
    newsletter: newsletter !== undefined && day >= newsletter.from && day < newsletter.until,
    currency,
    at,
    lines,
    discount,
    subtotal,
    shipping,
    tax,
    method: customer && random.chance(0.12) ? ON_DELIVERY : CARD,
    source: !customer ? 'pos' : wholesale ? 'shopify_draft_order' : 'web',
    note: random.chance(0.015) ? random.pick(NOTES) : '',
    tags: wholesale ? 'wholesale, net 30' : '',
  };
  return happen(random, order);
}

/** What becomes of an order: most are paid and sent; some are never paid, called off, sent back or a test. */
function happen(random: Random, order: Order): Order {
  const total = order.subtotal + order.shipping + order.tax;
  if (random.chance(0.003)) return { ...order, method: TEST_GATEWAY, tags: 'test', paidAt: order.at + 2000 };
  if (random.chance(0.004)) return order;
  if (random.chance(0.007)) return { ...order, voidedAt: order.at + random.whole(1, 5) * DAY };
  const sentAt = order.at + random.whole(14, 60) * HOUR;
  const byHand = random.chance(0.04);
  const paidAt = order.method === ON_DELIVERY ? sentAt + 2 * DAY : byHand ? sentAt : order.at + 2000;
  if (random.chance(0.012)) {
    const cancelledAt = order.at + random.whole(1, 10) * HOUR;
    if (paidAt > cancelledAt) return { ...order, cancelledAt, voidedAt: cancelledAt };
    return { ...order, paidAt, cancelledAt, refund: { at: cancelledAt, cents: total } };
  }
  const sent = { ...order, paidAt, fulfilledAt: sentAt };
  const returnedAt = Math.max(sentAt, paidAt) + random.whole(3, 20) * DAY;
  if (random.chance(0.03)) return { ...sent, refund: { at: returnedAt, cents: total } };
  const returned = cheapest(order.lines);
  const cents = Math.round(returned.cents * (1 + (order.customer?.country.taxPercent ?? 21) / 100));
  const several = order.lines.reduce((sum, line) => sum + line.quantity, 0) > 1;
  if (several && cents < order.subtotal && random.chance(0.13)) {
    return { ...sent, refund: { at: returnedAt, cents } };
  }
  return sent;
}

function drawLines(random: Random, currency: Order['currency'], appetite: number): Line[] {
  const weights = PRODUCTS.map(({ weight }) => weight);
  const lines: Line[] = [];
  do {
    const product = PRODUCTS[random.weighted(weights)]!;
    weights[PRODUCTS.indexOf(product)] = 0;
    const size = product.sizes.length ? random.pick(product.sizes) : undefined;
    const quantity = product.euros < 30 && random.chance(0.3) ? random.whole(2, 3) : 1;
    const cents = price(product.euros, currency);
    const reduced = product.euros > 60 && random.chance(0.08);
    lines.push({
      product,
      size,
      quantity,
      cents: reduced ? Math.round(cents * 0.8) : cents,
      wasCents: reduced ? cents : undefined,
    });
  } while (lines.length < 5 && random.chance(appetite / (1 + appetite)));
  return lines;
}

function drawDiscount(random: Random, at: number, earlier: number, goods: number): Order['discount'] {
  const date = new Date(at);
  const salesWeek = date.getUTCMonth() === 10 && date.getUTCDate() >= 22;
  const percentOff = (code: string, percent: number) => ({
    code,
    cents: Math.round((goods * percent) / 100),
  });
  if (random.chance(0.002)) return percentOff('AMBASSADOR', 100);
  if (salesWeek && random.chance(0.6)) return percentOff('NOVEMBER20', 20);
  if (earlier === 0 && random.chance(0.25)) return percentOff('WELCOME10', 10);
  if (earlier >= 4 && random.chance(0.2)) return percentOff('THANKYOU15', 15);
  return undefined;
}

function price(euros: number, currency: Order['currency']): number {
  return Math.round(euros * 100 * (currency === 'RON' ? 5 : 1));
}

function cheapest(lines: readonly Line[]): Line {
  return lines.reduce((least, line) => (line.cents < least.cents ? line : least));
}

/** People type their address in capitals, or leave a blank behind it. */
function typed(random: Random, email = ''): string {
  if (!email || random.chance(0.96)) return email;
  return random.pick([email.toUpperCase(), `${email} `, ` ${email[0]!.toUpperCase()}${email.slice(1)}`]);
}

function phoneTyped(random: Random, customer?: Customer): string {
  if (!customer?.phone) return '';
  const national = customer.phone.slice(1).replaceAll(' ', '');
  const prefix = customer.country.code === 'DE' ? '49' : '40';
  return random.pick([customer.phone, `+${prefix}${national}`, `00${prefix} ${national}`]);
}
