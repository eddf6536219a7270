import type { Graph } from './sandbox-execute.ts';

/** Amounts are whole cents; times ISO. What is not given is absent, or what most tests do not care about. */
export type SandboxOrder = {
  id: number;
  name?: string;
  processedAt?: string;
  updatedAt?: string;
  cancelledAt?: string;
  test?: boolean;
  status?: string | null;
  currency?: string;
  /** What the buyer saw, at five for one of the shop's money. */
  presentment?: string;
  taxesIncluded?: boolean;
  customer?: number;
  email?: string;
  phone?: string;
  billing?: SandboxAddress;
  shipping?: SandboxAddress;
  lines?: SandboxLine[];
  /** Price of shipping after discounts, as the buyer sees it, and the tax in it or on it. */
  shippingPrice?: number;
  shippingTax?: number;
  refunds?: SandboxRefund[];
  /** Value of lines that left without any money going back, as in an exchange; as in the subtotal. */
  removed?: number;
};

type SandboxLine = {
  id: number;
  product?: number;
  sku?: string;
  title?: string;
  vendor?: string;
  quantity?: number;
  /** Of one, as the buyer sees it. */
  price: number;
  /** All discounts of the line, its share of those of the order among them. */
  discount?: number;
  /** In the price or on it. */
  tax?: number;
};

type SandboxRefund = {
  id: number;
  at: string;
  /** Paid back in all. */
  amount: number;
  /** Value of the goods that went back, as in the subtotal. */
  goods?: number;
  /** Shipping that was paid back, as in the price of shipping. */
  shipping?: number;
};

type SandboxAddress = {
  firstName?: string;
  lastName?: string;
  city?: string;
  province?: string;
  provinceCode?: string;
  zip?: string;
  country?: string;
};

type SandboxCustomer = {
  id: number;
  updatedAt?: string;
  email?: string;
  /** Consent by e-mail and by text message, in Shopify's words. */
  emailState?: string;
  phone?: string;
  smsState?: string;
  firstName?: string;
  lastName?: string;
  address?: SandboxAddress;
  tags?: string[];
  dataSaleOptOut?: boolean;
};

type SandboxProduct = {
  id: number;
  title?: string;
  type?: string;
  vendor?: string;
  category?: string;
  collections?: string[];
  updatedAt?: string;
};

/** The records of the shop, as the schema has them. Putting one again replaces it. */
export type SandboxShop = {
  orders: Map<number, Graph>;
  customers: Map<number, Graph>;
  products: Map<number, Graph>;
  putOrder(order: SandboxOrder): void;
  putCustomer(customer: SandboxCustomer): void;
  putProduct(product: SandboxProduct): void;
};

export function sandboxShop(now: () => number, currency = 'EUR'): SandboxShop {
  const orders = new Map<number, Graph>();
  const customers = new Map<number, Graph>();
  const products = new Map<number, Graph>();
  const time = (given?: string): string => new Date(given ?? now()).toISOString().replace(/\.\d+Z$/, 'Z');

  const productOf = (id: number): Graph =>
    products.get(id) ?? {
      id: gid('Product', id),
      title: 'Gone',
      productType: '',
      vendor: '',
      category: null,
      collections: [],
    };

  function putOrder(order: SandboxOrder): void {
    const { lines = [], refunds = [], shippingPrice = 0, shippingTax = 0, taxesIncluded = true } = order;
    const shopCurrency = order.currency ?? currency;
    const money = bags(shopCurrency, order.presentment ?? shopCurrency);
    const whole = (line: SandboxLine) => line.price * (line.quantity ?? 1);
    const subtotal = total(lines, (line) => whole(line) - (line.discount ?? 0));
    const tax = total(lines, (line) => line.tax ?? 0) + shippingTax;
    const back = total(refunds, (refund) => refund.goods ?? 0) + (order.removed ?? 0);
    const processedAt = time(order.processedAt);
    orders.set(order.id, {
      id: gid('Order', order.id),
      name: order.name ?? `#${order.id}`,
      createdAt: processedAt,
      processedAt,
      updatedAt: time(order.updatedAt ?? order.processedAt),
      cancelledAt: order.cancelledAt ? time(order.cancelledAt) : null,
      test: order.test ?? false,
      displayFinancialStatus: order.status === undefined ? 'PAID' : order.status,
      currencyCode: shopCurrency,
      presentmentCurrencyCode: order.presentment ?? shopCurrency,
      taxesIncluded,
      subtotalPriceSet: money(subtotal),
      currentSubtotalPriceSet: money(subtotal - back),
      totalPriceSet: money(subtotal + shippingPrice + (taxesIncluded ? 0 : tax)),
      totalTaxSet: money(tax),
      totalDiscountsSet: money(total(lines, (line) => line.discount ?? 0)),
      totalRefundedSet: money(total(refunds, (refund) => refund.amount)),
      totalRefundedShippingSet: money(total(refunds, (refund) => refund.shipping ?? 0)),
      shippingLine:
        shippingPrice > 0
          ? {
              discountedPriceSet: money(shippingPrice),
              taxLines: shippingTax > 0 ? [{ priceSet: money(shippingTax) }] : [],
            }
          : null,
      refunds: refunds.map(({ id, at, amount }) => ({
        id: gid('Refund', id),
        createdAt: time(at),
        processedAt: time(at),
        totalRefundedSet: money(amount),
        refundLineItems: [],
      })),
      customer: order.customer === undefined ? null : { id: gid('Customer', order.customer) },
      email: order.email ?? null,
      phone: order.phone ?? null,
      billingAddress: address(order.billing),
      shippingAddress: address(order.shipping),
      lineItems: lines.map((line) => ({
        id: gid('LineItem', line.id),
        sku: line.sku ?? null,
        title: line.title ?? 'Sandals',
        vendor: line.vendor ?? null,
        quantity: line.quantity ?? 1,
        currentQuantity: line.quantity ?? 1,
        originalTotalSet: money(whole(line)),
        discountAllocations: line.discount ? [{ allocatedAmountSet: money(line.discount) }] : [],
        taxLines: line.tax ? [{ priceSet: money(line.tax) }] : [],
        product: line.product === undefined ? null : productOf(line.product),
      })),
    });
  }

  function putCustomer(customer: SandboxCustomer): void {
    const { id, email, emailState = 'NOT_SUBSCRIBED', phone, smsState = 'NEVER_SUBSCRIBED' } = customer;
    customers.set(id, {
      id: gid('Customer', id),
      updatedAt: time(customer.updatedAt),
      tags: customer.tags ?? [],
      dataSaleOptOut: customer.dataSaleOptOut ?? false,
      firstName: customer.firstName ?? null,
      lastName: customer.lastName ?? null,
      emailMarketingConsent: email || emailState === 'REDACTED' ? { marketingState: emailState } : null,
      defaultEmailAddress: email ? { emailAddress: email, marketingState: emailState } : null,
      defaultPhoneNumber: phone ? { phoneNumber: phone, smsMarketingConsent: { state: smsState } } : null,
      defaultAddress: address(customer.address),
    });
  }

  function putProduct(product: SandboxProduct): void {
    const { id, title = 'Sandals', type = '', vendor = '', category, collections = [] } = product;
    const node = products.get(id) ?? {};
    products.set(
      id,
      Object.assign(node, {
        id: gid('Product', id),
        title,
        productType: type,
        vendor,
        updatedAt: time(product.updatedAt),
        category: category
          ? { id: 'gid://shopify/TaxonomyCategory/sg-1', name: category, fullName: category }
          : null,
        collections: collections.map((name, index) => ({
          id: gid('Collection', id * 100 + index),
          title: name,
        })),
      }),
    );
  }

  return { orders, customers, products, putOrder, putCustomer, putProduct };
}

export function gid(type: string, id: number): string {
  return `gid://shopify/${type}/${id}`;
}

function total<T>(items: readonly T[], of: (item: T) => number): number {
  return items.reduce((sum, item) => sum + of(item), 0);
}

function bags(currencyCode: string, presentment: string) {
  const rate = presentment === currencyCode ? 1 : 5;
  return (cents: number): Graph => ({
    shopMoney: { amount: decimal(cents), currencyCode },
    presentmentMoney: { amount: decimal(cents * rate), currencyCode: presentment },
  });
}

/** Shopify leaves closing zeros out, but for one. */
function decimal(cents: number): string {
  return (cents / 100).toFixed(2).replace(/0$/, '');
}

function address(given: SandboxAddress | undefined): Graph | null {
  if (!given) return null;
  const { country = null, ...others } = given;
  const blank = {
    firstName: null,
    lastName: null,
    city: null,
    province: null,
    provinceCode: null,
    zip: null,
  };
  return { ...blank, ...others, countryCodeV2: country };
}
