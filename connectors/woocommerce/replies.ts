import { z } from 'zod';
import { unitsOf, type Units } from '../money.ts';

/** WooCommerce writes amounts as strings; some plugins as numbers, and nothing as ''. */
const money = z.union([z.string(), z.number()]).transform((value, context): Units => {
  const units = unitsOf(value === '' ? '0' : String(value));
  if (units !== undefined) return units;
  context.addIssue({ code: 'custom', message: 'is no amount' });
  return z.NEVER;
});

/** `2026-03-01T12:00:00`, without a zone and in GMT. */
const gmt = z.iso
  .datetime({ local: true, offset: true })
  .transform((text) => new Date(/Z$|[+-]\d\d:\d\d$/.test(text) ? text : `${text}Z`).toISOString());

/** Fields that may be missing, blank or of another type: plugins write what they like. */
const text = z.string().trim().catch('');
const id = z.coerce.number().int().min(0).catch(0);
const named = z.array(z.object({ id, name: text, slug: text })).catch([]);
const meta = z.array(z.object({ key: z.string(), value: z.unknown() })).catch([]);

const Address = z
  .object({
    first_name: text,
    last_name: text,
    city: text,
    state: text,
    postcode: text,
    country: text,
    email: text,
    phone: text,
  })
  .partial()
  .catch({});
export type Address = z.output<typeof Address>;

export type Meta = z.output<typeof meta>;

const ITEM = { id: z.int(), total: money };
const items = z.array(z.object(ITEM)).default([]);

export const Order = z.object({
  id: z.int(),
  number: text,
  status: z.string(),
  currency: z.string().regex(/^[A-Za-z]{3}$/, 'is no currency code'),
  date_created_gmt: gmt,
  date_modified_gmt: gmt.nullish().catch(undefined),
  discount_total: money,
  shipping_total: money,
  total: money,
  total_tax: money,
  customer_id: id,
  billing: Address,
  shipping: Address,
  meta_data: meta,
  line_items: z.array(
    z.object({
      ...ITEM,
      name: text,
      product_id: id,
      quantity: money,
      sku: z.string().nullish().catch(undefined),
    }),
  ),
  fee_lines: items,
  refunds: items,
});
export type Order = z.output<typeof Order>;

export const ORDER_FIELDS = Object.keys(Order.shape).join(',');

export const Refund = z.object({
  id: z.int(),
  date_created_gmt: gmt,
  amount: money,
  line_items: items,
  fee_lines: items,
  shipping_lines: items,
});
export type Refund = z.output<typeof Refund>;

export const REFUND_FIELDS = Object.keys(Refund.shape).join(',');

export const Customer = z.object({
  id: z.int(),
  date_created_gmt: gmt.nullish().catch(undefined),
  date_modified_gmt: gmt.nullish().catch(undefined),
  email: text,
  first_name: text,
  last_name: text,
  billing: Address,
  meta_data: meta,
});
export type Customer = z.output<typeof Customer>;

export const CUSTOMER_FIELDS = Object.keys(Customer.shape).join(',');

export const Product = z.object({
  id: z.int(),
  name: text,
  sku: text,
  date_modified_gmt: gmt.nullish().catch(undefined),
  date_created_gmt: gmt.nullish().catch(undefined),
  categories: named,
  tags: named,
  brands: named,
});
export type Product = z.output<typeof Product>;

export const PRODUCT_FIELDS = Object.keys(Product.shape).join(',');

export const Category = z.object({ id: z.int(), name: text, slug: text, parent: id });
export type Category = z.output<typeof Category>;

/** Why a row cannot be read, by field and without its content. */
export function reasonOf(what: string, error: z.ZodError): string {
  const [issue] = error.issues;
  const field = issue?.path.map((part) => (typeof part === 'number' ? part + 1 : String(part))).join(' ');
  const happened = issue?.message.startsWith('is ') ? issue.message : 'is not as described';
  return `${what}: ${field || 'the whole of it'} ${happened}`;
}
