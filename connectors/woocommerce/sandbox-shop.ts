/** Rows of the imitation shop, in the shape of the API; money is a string, dates are GMT without a zone. */
type Meta = { id?: number; key: string; value: unknown };
type Item = { id: number; total: string };
export type SandboxLine = Item & {
  name: string;
  product_id: number;
  variation_id: number;
  quantity: number;
  sku: string;
};
export type SandboxRefund = {
  id: number;
  date_created_gmt: string;
  amount: string;
  reason: string;
  line_items: (Item & { quantity: number; product_id: number })[];
  fee_lines: Item[];
  shipping_lines: Item[];
};
type SandboxAddress = Partial<
  Record<'first_name' | 'last_name' | 'city' | 'state' | 'postcode' | 'country' | 'email' | 'phone', string>
>;
export type SandboxOrder = {
  id: number;
  number: string;
  status: string;
  version: string;
  currency: string;
  date_created_gmt: string;
  date_modified_gmt: string;
  discount_total: string;
  shipping_total: string;
  total: string;
  total_tax: string;
  prices_include_tax: boolean;
  customer_id: number;
  billing: SandboxAddress;
  shipping: SandboxAddress;
  meta_data: Meta[];
  line_items: SandboxLine[];
  fee_lines: (Item & { name: string })[];
  refunds: { id: number; reason: string; total: string }[];
};
export type SandboxCustomer = {
  id: number;
  role: string;
  date_created_gmt: string;
  date_modified_gmt: string | null;
  email: string;
  first_name: string;
  last_name: string;
  billing: SandboxAddress;
  meta_data: Meta[];
};
type Term = { id: number; name: string; slug: string };
export type SandboxProduct = {
  id: number;
  name: string;
  sku: string;
  date_created_gmt: string;
  date_modified_gmt: string;
  categories: Term[];
  tags: Term[];
  brands: Term[];
};
export type SandboxCategory = Term & { parent: number };

/** What a shop of WooCommerce holds, and how it changes. */
export type SandboxShop = ReturnType<typeof sandboxShop>;

/** @param now milliseconds since 1970: whatever changes, changes then */
export function sandboxShop(now: () => number) {
  const orders = new Map<number, SandboxOrder>();
  const refunds = new Map<number, SandboxRefund[]>();
  const customers = new Map<number, SandboxCustomer>();
  const products = new Map<number, SandboxProduct>();
  const categories = new Map<number, SandboxCategory>();
  /** WordPress numbers posts of all kinds together. */
  let lastId = 0;

  const nextId = () => (lastId += 1);
  const stamp = () => gmtText(now());
  const idFor = (given: number | undefined) => {
    const id = given ?? nextId();
    lastId = Math.max(lastId, id);
    return id;
  };

  return {
    orders,
    refunds,
    customers,
    products,
    categories,

    /** Adds an order; what is not given is that of a paid order of a guest. */
    put(given: Partial<SandboxOrder> = {}): SandboxOrder {
      const id = idFor(given.id);
      const order: SandboxOrder = {
        number: String(id),
        status: 'processing',
        version: '10.3.0',
        currency: 'EUR',
        date_created_gmt: stamp(),
        date_modified_gmt: stamp(),
        discount_total: '0.00',
        shipping_total: '0.00',
        total: '10.00',
        total_tax: '0.00',
        prices_include_tax: false,
        customer_id: 0,
        billing: {},
        shipping: {},
        meta_data: [],
        line_items: [],
        fee_lines: [],
        refunds: [],
        ...given,
        id,
      };
      orders.set(id, order);
      return order;
    },

    /** Changes an order, as saving it in WooCommerce does. */
    change(id: number, changes: Partial<SandboxOrder>): void {
      Object.assign(orders.get(id)!, { date_modified_gmt: stamp() }, changes);
    },

    /** Gives money back, which also counts as a change of the order. Amounts of items are negative. */
    refund(id: number, given: Partial<SandboxRefund> & { amount: string }): SandboxRefund {
      const order = orders.get(id)!;
      const refund: SandboxRefund = {
        id: nextId(),
        date_created_gmt: stamp(),
        reason: '',
        line_items: [],
        fee_lines: [],
        shipping_lines: [],
        ...given,
      };
      refunds.set(id, [refund, ...(refunds.get(id) ?? [])]);
      order.refunds = [{ id: refund.id, reason: '', total: `-${refund.amount}` }, ...order.refunds];
      order.date_modified_gmt = stamp();
      return refund;
    },

    putCustomer(given: Partial<SandboxCustomer> = {}): SandboxCustomer {
      const customer: SandboxCustomer = {
        role: 'customer',
        date_created_gmt: stamp(),
        date_modified_gmt: null,
        email: '',
        first_name: '',
        last_name: '',
        billing: {},
        meta_data: [],
        ...given,
        id: given.id ?? Math.max(0, ...customers.keys()) + 1,
      };
      customers.set(customer.id, customer);
      return customer;
    },

    putProduct(given: Partial<SandboxProduct> = {}): SandboxProduct {
      const id = idFor(given.id);
      const product: SandboxProduct = {
        name: `Product ${id}`,
        sku: '',
        date_created_gmt: stamp(),
        date_modified_gmt: stamp(),
        categories: [],
        tags: [],
        brands: [],
        ...given,
        id,
      };
      products.set(id, product);
      return product;
    },

    putCategory(given: Partial<SandboxCategory> & { name: string }): SandboxCategory {
      const id = given.id ?? Math.max(0, ...categories.keys()) + 1;
      const category = { slug: given.name.toLowerCase().replaceAll(/\W+/g, '-'), parent: 0, ...given, id };
      categories.set(id, category);
      return category;
    },
  };
}

/** As the API writes times. */
export function gmtText(ms: number): string {
  return new Date(ms).toISOString().slice(0, 19);
}
