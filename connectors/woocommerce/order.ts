import type { Customer, Order as OrderRecord, OrderLine, Refund as RefundRecord } from '../records.ts';
import { amountOf, sum, type Units } from '../money.ts';
import { buyerOf, describedBuyer } from './people.ts';
import { refundRecords } from './refunds.ts';
import type { Meta, Order, Refund } from './replies.ts';
import type { Settings } from './schema.ts';
import type { Standing } from './states.ts';
import { plain } from './text.ts';

/** What one order comes to. */
export type OrderRecords = {
  order: OrderRecord;
  lines: OrderLine[];
  refunds: RefundRecord[];
  customer?: Customer;
};

/** WooPayments marks orders paid in its test mode so; WooCommerce leaves them out of its own analytics. */
const TEST_MODE = '_wcpay_mode';

/**
 * Makes records of an order. Amounts are in the order's own currency; those of lines are without tax in WooCommerce,
 * however the shop enters its prices.
 */
export function orderRecords(
  order: Order,
  standing: Standing,
  refunds: readonly Refund[],
  settings: Settings,
): OrderRecords {
  const order_id = String(order.id);
  const ordered_at = order.date_created_gmt;
  const version = Date.parse(order.date_modified_gmt ?? ordered_at);
  const goods = goodsOf(order);
  return {
    order: {
      order_id,
      number: order.number ? `#${order.number.replace(/^#/, '')}` : undefined,
      ...buyerOf(order),
      ordered_at,
      state: order.status,
      counts: standing.counts,
      is_test: standing.test || isTest(order.meta_data),
      currency: order.currency.toUpperCase(),
      goods: amountOf(goods),
      discount: amountOf(order.discount_total),
      tax: amountOf(order.total_tax),
      shipping: amountOf(order.shipping_total),
      total: amountOf(order.total),
      version,
    },
    lines: order.line_items.map(({ id, name, product_id, quantity, sku, total }) => ({
      order_id,
      line_id: String(id),
      product_id: product_id > 0 ? String(product_id) : undefined,
      sku: sku || undefined,
      title: plain(name),
      quantity: amountOf(quantity).replace(/\.0+$/, ''),
      net: amountOf(total),
      version,
    })),
    refunds: standing.counts ? refundRecords(order, refunds, goods, standing.refunded, version) : [],
    customer: describedBuyer(order, ordered_at, settings),
  };
}

/**
 * The lines after their discounts, and what fees take off: plugins write discounts as negative fees. Fees on top
 * (wrapping, a way of payment) are no goods.
 */
function goodsOf({ line_items, fee_lines }: Order): Units {
  const reductions = fee_lines.filter(({ total }) => total < 0n);
  const goods = sum([...line_items, ...reductions].map(({ total }) => total));
  return goods > 0n ? goods : 0n;
}

function isTest(meta: Meta): boolean {
  return meta.some(({ key, value }) => key === TEST_MODE && value === 'test');
}
