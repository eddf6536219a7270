/**
 * The version of the Admin API, released on 2026-10-01 and supported until 2027-10. Every query here was held against
 * its published schema on 2026-11-29.
 */
export const API_VERSION = '2026-10';

/** Personal data that Shopify grants an app one by one ("protected customer data"). */
export const PROTECTED = ['email', 'phone', 'name', 'address'] as const;
type Protected = (typeof PROTECTED)[number];

/** What the app may read beside orders and customers. */
export type Access = Record<Protected | 'products', boolean>;

export const FULL_ACCESS: Access = { email: true, phone: true, name: true, address: true, products: true };

/** A named operation of the Admin API. */
export type Operation = { name: string; text: string };

/** What is read, in the order it is read; each has a cursor and a mark of its own. */
export const PARTS = ['products', 'customers', 'orders'] as const;
export type Part = (typeof PARTS)[number];

const MONEY = '{ shopMoney { amount } }';
const ADDRESS = 'city province provinceCode zip countryCodeV2';

const when = (granted: boolean, fields: string): string => (granted ? fields : '');

const FIELDS: Record<Part, (access: Access) => string> = {
  products: () => 'id title productType vendor updatedAt category { name }',
  customers: ({ email, phone, name, address }) => `id updatedAt tags dataSaleOptOut
    ${when(name, 'firstName lastName')}
    ${when(email, 'emailMarketingConsent { marketingState } defaultEmailAddress { emailAddress marketingState }')}
    ${when(phone, 'defaultPhoneNumber { phoneNumber smsMarketingConsent { state } }')}
    ${when(address, `defaultAddress { ${ADDRESS} }`)}`,
  orders: ({ email, phone, name, address }) => `id name processedAt updatedAt cancelledAt test
    displayFinancialStatus currencyCode taxesIncluded
    subtotalPriceSet ${MONEY} currentSubtotalPriceSet ${MONEY} totalPriceSet ${MONEY} totalTaxSet ${MONEY}
    totalDiscountsSet ${MONEY} totalRefundedShippingSet ${MONEY}
    shippingLine { discountedPriceSet ${MONEY} taxLines { priceSet ${MONEY} } }
    refunds { id processedAt totalRefundedSet ${MONEY} }
    customer { id }
    ${when(email, 'email')} ${when(phone, 'phone')}
    ${when(address, `billingAddress { ${when(name, 'firstName lastName')} ${ADDRESS} } shippingAddress { countryCodeV2 }`)}`,
};

/** What belongs to a record and comes as a list of its own, by the name of that list. */
export const CHILDREN: Partial<Record<Part, { field: string; fields(access: Access): string }>> = {
  products: { field: 'collections', fields: () => 'id title' },
  orders: {
    field: 'lineItems',
    fields: ({ products }) => `id sku title vendor quantity originalTotalSet ${MONEY}
      discountAllocations { allocatedAmountSet ${MONEY} } taxLines { priceSet ${MONEY} }
      ${when(products, 'product { id productType category { name } }')}`,
  },
};

/** The name of one record of a part, as Shopify's ids have it. */
export const TYPES: Record<Part, string> = { products: 'Product', customers: 'Customer', orders: 'Order' };

/** The search for what changed at this moment or later, in Shopify's search syntax. */
export function changedSince(since: string | undefined): string {
  return since === undefined ? '' : `updated_at:>='${new Date(since).toISOString()}'`;
}

/** One page, the longest unchanged first; with the first of each record's children. */
export function pageQuery(part: Part, access: Access): Operation {
  const name = `Changed${TYPES[part]}s`;
  const children = CHILDREN[part];
  const nested = children
    ? `${children.field}(first: $children) { nodes { ${children.fields(access)} } pageInfo { hasNextPage endCursor } }`
    : '';
  return operation(
    name,
    `query ${name}($first: Int!, $after: String, $query: String!${children ? ', $children: Int!' : ''}) {
      ${part}(first: $first, after: $after, query: $query, sortKey: UPDATED_AT) {
        nodes { ${FIELDS[part](access)} ${nested} } pageInfo { hasNextPage endCursor }
      }
    }`,
  );
}

/** Further children of one record. */
export function childrenQuery(part: 'products' | 'orders', access: Access): Operation {
  const name = `MoreOf${TYPES[part]}`;
  const { field, fields } = CHILDREN[part]!;
  return operation(
    name,
    `query ${name}($id: ID!, $children: Int!, $after: String) {
      ${TYPES[part].toLowerCase()}(id: $id) {
        ${field}(first: $children, after: $after) { nodes { ${fields(access)} } pageInfo { hasNextPage endCursor } }
      }
    }`,
  );
}

/** How many records changed, up to a limit. */
export function countQuery(part: Part): Operation {
  const name = `Count${TYPES[part]}s`;
  return operation(
    name,
    `query ${name}($query: String!, $limit: Int!) { ${part}Count(query: $query, limit: $limit) { count } }`,
  );
}

/** What a bulk operation is asked: no paging, children on lines of their own. */
export function bulkQuery(part: Part, access: Access, since: string | undefined): string {
  const children = CHILDREN[part];
  const nested = children ? `${children.field} { edges { node { ${children.fields(access)} } } }` : '';
  const search = since === undefined ? '' : `(query: "${changedSince(since)}")`;
  return tidy(`{ ${part}${search} { edges { node { ${FIELDS[part](access)} ${nested} } } } }`);
}

export const SHOP = operation(
  'Shop',
  `query Shop {
    shop { name currencyCode plan { publicDisplayName } }
    currentAppInstallation { accessScopes { handle } }
  }`,
);

/** One customer and one order with all that is protected: what is denied shows in the errors of the answer. */
export const PROBE = operation(
  'Probe',
  `query Probe {
    customers(first: 1) { nodes {
      defaultEmailAddress { emailAddress } defaultPhoneNumber { phoneNumber } firstName defaultAddress { city }
    } }
    orders(first: 1) { nodes { email phone billingAddress { city } } }
  }`,
);

export const START_BULK = operation(
  'StartBulk',
  `mutation StartBulk($query: String!) {
    bulkOperationRunQuery(query: $query, groupObjects: false) {
      bulkOperation { id status createdAt } userErrors { code message }
    }
  }`,
);

export const LOOK_AT_BULK = operation(
  'LookAtBulk',
  `query LookAtBulk($id: ID!) {
    bulkOperation(id: $id) {
      id status errorCode createdAt objectCount rootObjectCount fileSize url
    }
  }`,
);

function operation(name: string, text: string): Operation {
  return { name, text: tidy(text) };
}

function tidy(text: string): string {
  return text.replace(/\s+/g, ' ').trim();
}
