import { amountOf, share, sum, unitsOf, type Units } from '../money.ts';
import type { Customer, Order, OrderLine, Refund } from '../records.ts';
import { meaningsOf, wordOf } from '../words.ts';
import { countryOf, emailOf } from './customer.ts';
import type { Notes } from '../notes.ts';
import type { LineNode, OrderNode } from './replies.ts';

const MEANINGS = meaningsOf({});

/** What one order of Shopify is here. `guest` describes who ordered where Shopify has no customer for it. */
export type OrderRecords = { order: Order; lines: OrderLine[]; refunds: Refund[]; guest?: Customer };

/**
 * All amounts are the shop's own money, not the currency that the buyer saw. Lines and refunds have the version of
 * their order, so that they are those of the same reading of it.
 */
export function orderRecords(
  node: OrderNode,
  lines: readonly LineNode[],
  reading: { countsPending: boolean; notes: Notes },
): OrderRecords {
  const order_id = node.id;
  const version = Date.parse(node.updatedAt);
  const state = wordOf(node.displayFinancialStatus ?? 'unknown');
  const meaning = MEANINGS.get(state);
  if (!meaning) reading.notes.add('orders in a state that is not known do not count', state);
  const money = moneyOf(node, meaning === 'refunded');
  const { billingAddress: billing } = node;
  const order: Order = {
    order_id,
    number: node.name,
    customer_id: node.customer?.id,
    email: emailOf(node.email, reading.notes),
    phone: node.phone,
    ordered_at: node.processedAt,
    cancelled_at: node.cancelledAt,
    state,
    counts: meaning === 'paid' || meaning === 'refunded' || (meaning === 'pending' && reading.countsPending),
    is_test: node.test,
    currency: node.currencyCode,
    goods: amountOf(money.goods),
    discount: node.totalDiscountsSet,
    tax: node.totalTaxSet,
    shipping: amountOf(money.shipping),
    total: node.totalPriceSet,
    country: countryOf(billing?.countryCodeV2 ?? node.shippingAddress?.countryCodeV2),
    version,
  };
  const refunds = money.refunds.map((refund) => ({ ...refund, order_id, version }));
  return {
    order,
    lines: lines.map((line) => lineRecord(line, node.taxesIncluded, { order_id, version })),
    refunds,
    guest: order.customer_id || !(order.email || order.phone) ? undefined : guestOf(node, order),
  };
}

function lineRecord(
  node: LineNode,
  taxesIncluded: boolean,
  order: { order_id: string; version: number },
): OrderLine {
  const { originalTotalSet, discountAllocations, taxLines, product } = node;
  const paid =
    unitsIn(originalTotalSet) - totalOf(discountAllocations) - (taxesIncluded ? totalOf(taxLines) : 0n);
  return {
    order_id: order.order_id,
    line_id: node.id,
    product_id: product?.id,
    sku: node.sku,
    title: node.title,
    category: product?.category?.name ?? product?.productType,
    brand: node.vendor,
    quantity: String(node.quantity),
    net: amountOf(paid),
    version: order.version,
  };
}

type GoodsMoney = {
  goods: Units;
  shipping: Units;
  refunds: Pick<Refund, 'refund_id' | 'at' | 'amount'>[];
};

/**
 * The goods: the subtotal after discounts, without the tax that is in it. What left the order without any money going
 * back (an exchange, an edit before it was paid) was never paid for, and is taken off.
 *
 * Of a refund Shopify tells only the whole, with tax and shipping: its goods are what is left after the shipping that
 * went back, less tax as in the order. In an order of one tax rate and one refund that is exact to rounding.
 */
function moneyOf(node: OrderNode, isRefunded: boolean): GoodsMoney {
  const { taxesIncluded, shippingLine } = node;
  const shippingPrice = unitsIn(shippingLine?.discountedPriceSet);
  const shippingTax = totalOf(shippingLine?.taxLines ?? []);
  const subtotal = unitsIn(node.subtotalPriceSet);
  const tax = atLeast0(unitsIn(node.totalTaxSet) - shippingTax);
  const net = taxesIncluded ? atLeast0(subtotal - tax) : subtotal;
  const gross = taxesIncluded ? subtotal : subtotal + tax;

  const given = node.refunds
    .map(({ id, processedAt, totalRefundedSet }) => ({
      id,
      at: processedAt,
      total: unitsIn(totalRefundedSet),
    }))
    .filter(({ total }) => total > 0n)
    .toSorted((a, b) => a.at.localeCompare(b.at) || a.id.localeCompare(b.id));
  const total = sum(given.map((refund) => refund.total));
  const shippingBack = unitsIn(node.totalRefundedShippingSet);
  const shippingGross = taxesIncluded ? shippingPrice : shippingPrice + shippingTax;
  const notGoods = taxesIncluded ? shippingBack : share(shippingBack, shippingGross, shippingPrice);
  const back = share(least(atLeast0(total - notGoods), gross), subtotal, gross);

  const stays = node.cancelledAt !== undefined || isRefunded;
  const gone = stays ? 0n : atLeast0(subtotal - unitsIn(node.currentSubtotalPriceSet) - back);
  const goods = share(subtotal - gone, net, subtotal);
  const refunded = isRefunded ? goods : least(share(back, net, subtotal), goods);
  return {
    goods,
    shipping: taxesIncluded ? atLeast0(shippingPrice - shippingTax) : shippingPrice,
    refunds: refundsOf(node, given, total, refunded),
  };
}

/** Of amounts that the schema of the answer let through. */
function unitsIn(amount: string | undefined): Units {
  return unitsOf(amount ?? '0') ?? 0n;
}

function totalOf(amounts: readonly string[]): Units {
  return sum(amounts.map(unitsIn));
}

function least(a: Units, b: Units): Units {
  return a < b ? a : b;
}

function atLeast0(units: Units): Units {
  return units < 0n ? 0n : units;
}

/** Deals what went back for goods out to the refunds by their size; the last gets what rounding leaves. */
function refundsOf(
  node: OrderNode,
  given: readonly { id: string; at: string; total: Units }[],
  total: Units,
  refunded: Units,
): GoodsMoney['refunds'] {
  if (refunded === 0n) return [];
  if (given.length === 0) {
    const at = node.cancelledAt ?? node.updatedAt;
    return [{ refund_id: node.id, at, amount: amountOf(refunded) }];
  }
  let until = 0n;
  let dealt = 0n;
  return given.map(({ id, at, total: own }) => {
    until += own;
    const amount = share(refunded, until, total) - dealt;
    dealt += amount;
    return { refund_id: id, at, amount: amountOf(amount) };
  });
}

/** A guest is known by what the order says; consent stands with customers alone. */
function guestOf({ billingAddress: address }: OrderNode, order: Order): Customer {
  return {
    email: order.email,
    phone: order.phone,
    first_name: address?.firstName,
    last_name: address?.lastName,
    city: address?.city,
    region: address?.provinceCode ?? address?.province,
    zip: address?.zip,
    country: order.country,
    email_consent: 'unknown',
    sms_consent: 'unknown',
    ads_consent: 'unknown',
    updated_at: order.ordered_at,
  };
}
