import { z } from 'zod';

/** What of Shopify's answers is used; everything else is passed over. */

/** The shop's own money. There are a dozen of them in an order, so they are looked at by hand. */
const Money = z.unknown().transform((bag, context): string => {
  const amount = (bag as { shopMoney?: { amount?: unknown } } | null | undefined)?.shopMoney?.amount;
  if (typeof amount === 'string' && /^-?\d{1,14}(\.\d+)?$/.test(amount)) return amount;
  context.addIssue({ code: 'custom', message: 'is no amount' });
  return z.NEVER;
});

/** The number at the end of `gid://shopify/Order/450789469`. */
const Id = z.string().transform((gid, context) => {
  const [number] = /\d+(?=(\?|$))/.exec(gid) ?? [];
  if (number !== undefined) return number;
  context.addIssue({ code: 'custom', message: 'is no id' });
  return z.NEVER;
});

const Time = z.string().transform((text, context) => {
  const ms = Date.parse(text);
  if (!Number.isNaN(ms)) return new Date(ms).toISOString();
  context.addIssue({ code: 'custom', message: 'is no time' });
  return z.NEVER;
});

const maybe = <T extends z.ZodType>(type: T) => type.nullish().transform((value) => value ?? undefined);
const text = maybe(z.string().transform((value) => value.trim() || undefined));

const Address = z.object({
  firstName: text,
  lastName: text,
  city: text,
  province: text,
  provinceCode: text,
  zip: text,
  countryCodeV2: text,
});

const taxLines = z
  .array(z.object({ priceSet: Money }))
  .transform((lines) => lines.map((line) => line.priceSet));

export const OrderNode = z.object({
  id: Id,
  name: text,
  processedAt: Time,
  updatedAt: Time,
  cancelledAt: maybe(Time),
  test: z.boolean(),
  displayFinancialStatus: maybe(z.string()),
  currencyCode: z.string().regex(/^[A-Z]{3}$/),
  taxesIncluded: z.boolean(),
  subtotalPriceSet: Money,
  currentSubtotalPriceSet: Money,
  totalPriceSet: Money,
  totalTaxSet: maybe(Money),
  totalDiscountsSet: maybe(Money),
  totalRefundedShippingSet: Money,
  shippingLine: maybe(z.object({ discountedPriceSet: Money, taxLines })),
  refunds: z.array(z.object({ id: Id, processedAt: Time, totalRefundedSet: Money })),
  customer: maybe(z.object({ id: Id })),
  email: text,
  phone: text,
  billingAddress: maybe(Address),
  shippingAddress: maybe(z.object({ countryCodeV2: text })),
});
export type OrderNode = z.output<typeof OrderNode>;

export const LineNode = z.object({
  id: Id,
  sku: text,
  title: z.string(),
  vendor: text,
  quantity: z.int(),
  originalTotalSet: Money,
  discountAllocations: z
    .array(z.object({ allocatedAmountSet: Money }))
    .transform((all) => all.map((one) => one.allocatedAmountSet)),
  taxLines,
  product: maybe(z.object({ id: Id, productType: text, category: maybe(z.object({ name: text })) })),
});
export type LineNode = z.output<typeof LineNode>;

export const CustomerNode = z.object({
  id: Id,
  updatedAt: Time,
  tags: z.array(z.string()),
  dataSaleOptOut: z.boolean(),
  firstName: text,
  lastName: text,
  emailMarketingConsent: maybe(z.object({ marketingState: z.string() })),
  defaultEmailAddress: maybe(z.object({ emailAddress: text, marketingState: z.string() })),
  defaultPhoneNumber: maybe(
    z.object({ phoneNumber: text, smsMarketingConsent: maybe(z.object({ state: z.string() })) }),
  ),
  defaultAddress: maybe(Address),
});
export type CustomerNode = z.output<typeof CustomerNode>;

export const ProductNode = z.object({
  id: Id,
  title: text,
  productType: text,
  vendor: text,
  updatedAt: Time,
  category: maybe(z.object({ name: text })),
});
export type ProductNode = z.output<typeof ProductNode>;

export const CollectionNode = z.object({ title: z.string() });

/** One page of a list; its nodes are looked at one by one, so that a strange one does not cost the others. */
export const NodePage = z.object({
  nodes: z.array(z.looseObject({ id: z.string() })),
  pageInfo: z.object({ hasNextPage: z.boolean(), endCursor: z.string().nullish() }),
});
export type NodePage = z.output<typeof NodePage>;

export const ShopReply = z.object({
  shop: z.object({
    name: z.string(),
    currencyCode: z.string(),
    plan: z.object({ publicDisplayName: z.string() }),
  }),
  currentAppInstallation: z.object({
    accessScopes: z
      .array(z.object({ handle: z.string() }))
      .transform((all) => all.map(({ handle }) => handle)),
  }),
});

/** A 64-bit number, which Shopify writes as text. */
const Count = z.union([z.string().regex(/^\d+$/), z.int()]).transform(Number);

const BULK_STATES = [
  'CREATED',
  'RUNNING',
  'COMPLETED',
  'CANCELING',
  'CANCELED',
  'FAILED',
  'EXPIRED',
] as const;

export const BulkLook = z.object({
  bulkOperation: z
    .object({
      id: z.string(),
      status: z.enum(BULK_STATES),
      errorCode: z.string().nullish(),
      createdAt: Time,
      objectCount: Count,
      rootObjectCount: Count,
      fileSize: maybe(Count),
      url: z.string().nullish(),
    })
    .nullable(),
});
export type BulkState = NonNullable<z.output<typeof BulkLook>['bulkOperation']>;

export const BulkStart = z.object({
  bulkOperationRunQuery: z.object({
    bulkOperation: z.object({ id: z.string() }).nullish(),
    userErrors: z.array(z.object({ code: z.string().nullish(), message: z.string() })),
  }),
});

export const Token = z.object({ access_token: z.string().min(1), expires_in: z.number().positive() });

/** An error beside, or instead of, the data of an answer. */
const GraphError = z.object({
  message: z.string(),
  path: z.array(z.union([z.string(), z.number()])).nullish(),
  extensions: z
    .object({ code: z.string().optional().catch(undefined) })
    .nullish()
    .catch(undefined),
});
export type GraphError = z.output<typeof GraphError>;

const Cost = z.object({
  requestedQueryCost: z.number().optional().catch(undefined),
  throttleStatus: z
    .object({
      maximumAvailable: z.number(),
      currentlyAvailable: z.number(),
      restoreRate: z.number().positive(),
    })
    .optional()
    .catch(undefined),
});
export type Cost = z.output<typeof Cost>;

export const Envelope = z.object({
  data: z.unknown().optional(),
  errors: z.union([z.array(GraphError), z.string()]).optional(),
  extensions: z
    .object({ cost: Cost.optional().catch(undefined) })
    .optional()
    .catch(undefined),
});
