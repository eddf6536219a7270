/**
 * What the sandbox knows of the Admin API's schema, version 2026-10, as published: types, arguments and what may be null
 * are those of Shopify. Connections (`OrderConnection`) are made from the type of their nodes.
 */
const SCHEMA = `
  type QueryRoot {
    shop: Shop!
    currentAppInstallation: AppInstallation!
    orders(first: Int, after: String, query: String, sortKey: OrderSortKeys): OrderConnection!
    customers(first: Int, after: String, query: String, sortKey: CustomerSortKeys): CustomerConnection!
    products(first: Int, after: String, query: String, sortKey: ProductSortKeys): ProductConnection!
    order(id: ID!): Order
    product(id: ID!): Product
    ordersCount(query: String, limit: Int): Count
    customersCount(query: String, limit: Int): Count
    productsCount(query: String, limit: Int): Count
    bulkOperation(id: ID!): BulkOperation
  }
  type Mutation {
    bulkOperationRunQuery(query: String!, groupObjects: Boolean!): BulkOperationRunQueryPayload
  }
  type BulkOperationRunQueryPayload { bulkOperation: BulkOperation userErrors: [BulkOperationUserError!]! }
  type BulkOperationUserError { code: BulkOperationUserErrorCode field: [String!] message: String! }
  type BulkOperation {
    id: ID! status: BulkOperationStatus! errorCode: BulkOperationErrorCode createdAt: DateTime! completedAt: DateTime
    objectCount: UnsignedInt64! rootObjectCount: UnsignedInt64! fileSize: UnsignedInt64 url: URL partialDataUrl: URL
  }
  type Shop { name: String! currencyCode: CurrencyCode! plan: ShopPlan! myshopifyDomain: String! }
  type ShopPlan { publicDisplayName: String! }
  type AppInstallation { accessScopes: [AccessScope!]! }
  type AccessScope { handle: String! }
  type Count { count: Int! }
  type MoneyBag { shopMoney: MoneyV2! presentmentMoney: MoneyV2! }
  type MoneyV2 { amount: Decimal! currencyCode: CurrencyCode! }
  type TaxLine { priceSet: MoneyBag! }
  type DiscountAllocation { allocatedAmountSet: MoneyBag! }
  type ShippingLine { discountedPriceSet: MoneyBag! taxLines: [TaxLine!]! }
  type MailingAddress {
    firstName: String lastName: String city: String province: String provinceCode: String zip: String
    countryCodeV2: CountryCode
  }
  type Refund {
    id: ID! createdAt: DateTime processedAt: DateTime! totalRefundedSet: MoneyBag!
    refundLineItems(first: Int, after: String): RefundLineItemConnection!
  }
  type RefundLineItem { quantity: Int! }
  type Order {
    id: ID! name: String! createdAt: DateTime! processedAt: DateTime! updatedAt: DateTime! cancelledAt: DateTime
    test: Boolean! displayFinancialStatus: OrderDisplayFinancialStatus currencyCode: CurrencyCode!
    presentmentCurrencyCode: CurrencyCode! taxesIncluded: Boolean! subtotalPriceSet: MoneyBag
    currentSubtotalPriceSet: MoneyBag! totalPriceSet: MoneyBag! totalTaxSet: MoneyBag totalDiscountsSet: MoneyBag
    totalRefundedSet: MoneyBag! totalRefundedShippingSet: MoneyBag! shippingLine: ShippingLine
    refunds(first: Int): [Refund!]! customer: Customer email: String phone: String billingAddress: MailingAddress
    shippingAddress: MailingAddress lineItems(first: Int, after: String): LineItemConnection!
  }
  type LineItem {
    id: ID! sku: String title: String! vendor: String quantity: Int! currentQuantity: Int! originalTotalSet: MoneyBag!
    discountAllocations: [DiscountAllocation!]! taxLines(first: Int): [TaxLine!]! product: Product
  }
  type Customer {
    id: ID! updatedAt: DateTime! tags: [String!]! dataSaleOptOut: Boolean! firstName: String lastName: String
    emailMarketingConsent: CustomerEmailMarketingConsentState defaultEmailAddress: CustomerEmailAddress
    defaultPhoneNumber: CustomerPhoneNumber defaultAddress: MailingAddress
  }
  type CustomerEmailMarketingConsentState { marketingState: CustomerEmailMarketingState! }
  type CustomerEmailAddress { emailAddress: String! marketingState: CustomerEmailAddressMarketingState! }
  type CustomerPhoneNumber { phoneNumber: String! smsMarketingConsent: CustomerSmsMarketingConsent! }
  type CustomerSmsMarketingConsent { state: CustomerMarketingConsentState! }
  type Product {
    id: ID! title: String! productType: String! vendor: String! updatedAt: DateTime! category: TaxonomyCategory
    collections(first: Int, after: String): CollectionConnection!
  }
  type TaxonomyCategory { id: ID! name: String! fullName: String! }
  type Collection { id: ID! title: String! }
  type PageInfo { hasNextPage: Boolean! endCursor: String }
`;

export type FieldType = {
  /** Name of the type, without list and null. */
  type: string;
  isList: boolean;
  /** Set where the type is a connection: the type of its nodes. */
  nodes?: string;
  args: Record<string, string>;
};

const types = new Map<string, Map<string, FieldType>>();
for (const [, type = '', body = ''] of SCHEMA.matchAll(/type (\w+) \{([^}]*)\}/g)) {
  const fields = new Map<string, FieldType>();
  for (const [, name = '', args = '', of = ''] of body.matchAll(/(\w+)(?:\(([^)]*)\))?: (\[?\w+!?\]?!?)/g)) {
    fields.set(name, fieldType(of, args));
  }
  types.set(type, fields);
}

function fieldType(of: string, args = ''): FieldType {
  const type = of.replace(/[[\]!]/g, '');
  const given = [...args.matchAll(/(\w+): (\w+!?)/g)].map(
    ([, name = '', kind = '']) => [name, kind] as const,
  );
  const nodes = type.endsWith('Connection') ? type.replace(/Connection$/, '') : undefined;
  return { type, isList: of.startsWith('['), nodes, args: Object.fromEntries(given) };
}

/** Types of things that have ids of their own; only lists of these may stand in a bulk operation. */
const NODES = new Set(['Order', 'Customer', 'Product', 'LineItem', 'Collection', 'Refund']);

export function isNode(type: string): boolean {
  return NODES.has(type);
}

/** @returns the type of a field; undefined where the type has none of that name */
export function fieldOf(type: string, name: string): FieldType | undefined {
  if (!type.endsWith('Connection') && !type.endsWith('Edge')) return types.get(type)?.get(name);
  const of = type.replace(/(Connection|Edge)$/, '');
  if (name === 'node') return fieldType(of);
  if (name === 'nodes') return fieldType(`[${of}]`);
  if (name === 'edges') return fieldType(`[${of}Edge]`);
  return name === 'pageInfo' ? fieldType('PageInfo!') : undefined;
}

export function isObject(type: string): boolean {
  return types.has(type) || /(Connection|Edge)$/.test(type);
}
