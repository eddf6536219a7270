import { describe, expect, test } from 'vitest';
import { openStand, settled } from './shopify-stand.ts';

describe('an order', () => {
  test('is worth its goods after discounts, without the tax in them and without shipping', async () => {
    const { shop, pull } = await openStand();
    shop.putOrder({
      id: 1,
      name: '#1001',
      processedAt: '2026-03-01T12:00:00Z',
      updatedAt: '2026-03-02T12:00:00Z',
      customer: 7,
      email: 'Ana@Example.com',
      phone: '+40721000111',
      billing: { city: 'Cluj', country: 'RO' },
      taxesIncluded: true,
      shippingPrice: 1190,
      shippingTax: 190,
      lines: [
        {
          id: 11,
          product: 5,
          sku: 'SAN-38',
          title: 'Sandals',
          vendor: 'Tide',
          quantity: 2,
          price: 5950,
          discount: 2380,
          tax: 1520,
        },
        { id: 12, title: 'Gift wrap', price: 119, tax: 19 },
      ],
    });
    shop.putProduct({
      id: 5,
      title: 'Sandals',
      type: 'Shoes',
      vendor: 'Tide',
      collections: ['Summer', 'New'],
    });

    const { orders, lines, refunds, products } = await pull();

    const version = Date.parse('2026-03-02T12:00:00Z');
    // 2 × 59.50 − 23.80 + 1.19 = 96.39, of which 15.39 are tax.
    expect(orders).toEqual([
      {
        order_id: '1',
        number: '#1001',
        customer_id: '7',
        email: 'ana@example.com',
        phone: '+40721000111',
        ordered_at: '2026-03-01T12:00:00.000Z',
        cancelled_at: undefined,
        state: 'paid',
        counts: true,
        is_test: false,
        currency: 'EUR',
        goods: '81.00',
        discount: '23.8',
        tax: '17.29',
        shipping: '10.00',
        total: '108.29',
        country: 'RO',
        version,
      },
    ]);
    expect(lines).toEqual(
      expect.arrayContaining([
        {
          order_id: '1',
          line_id: '11',
          product_id: '5',
          sku: 'SAN-38',
          title: 'Sandals',
          category: undefined,
          brand: 'Tide',
          quantity: '2',
          net: '80.00',
          version,
        },
        expect.objectContaining({
          line_id: '12',
          title: 'Gift wrap',
          net: '1.00',
          product_id: undefined,
          version,
        }),
      ]),
    );
    expect(lines).toHaveLength(2);
    expect(refunds).toEqual([]);
    expect(products).toEqual([
      expect.objectContaining({
        product_id: '5',
        category: 'Shoes',
        brand: 'Tide',
        collections: ['New', 'Summer'],
      }),
    ]);
  });

  test('of a shop whose prices are without tax is worth its subtotal', async () => {
    const { shop, pull } = await openStand();
    shop.putOrder({
      id: 1,
      taxesIncluded: false,
      lines: [{ id: 1, price: 10_000, tax: 1900 }],
      shippingPrice: 500,
      shippingTax: 95,
    });

    const { orders, lines } = await pull();

    expect(orders[0]).toMatchObject({ goods: '100.00', tax: '19.95', shipping: '5.00', total: '124.95' });
    expect(lines[0]).toMatchObject({ net: '100.00' });
  });

  test('counts by what was paid, and keeps the state in the words of Shopify', async () => {
    const { shop, pull } = await openStand();
    const states = [
      'PAID',
      'PARTIALLY_PAID',
      'PARTIALLY_REFUNDED',
      'REFUNDED',
      'VOIDED',
      'EXPIRED',
      'PENDING',
      'AUTHORIZED',
      'NEW_WORD',
      null,
    ];
    states.forEach((status, id) => shop.putOrder({ id: id + 1, status, lines: [{ id, price: 100 }] }));

    const { orders, warnings } = await pull();

    const counted = orders.filter((order) => order.counts).map((order) => order.state);
    expect(counted.toSorted()).toEqual(['paid', 'partially_paid', 'partially_refunded', 'refunded']);
    expect(orders).toHaveLength(10);
    expect(warnings).toEqual([
      'shopify sandbox.myshopify.com: orders in a state that is not known do not count: new_word, unknown (2)',
    ]);
  });

  test('that is not paid yet counts where the job says so', async () => {
    const { shop, pull } = await openStand({ settings: { pending_orders: 'count' } });
    shop.putOrder({ id: 1, status: 'PENDING' });
    shop.putOrder({ id: 2, status: 'AUTHORIZED' });
    shop.putOrder({ id: 3, status: 'VOIDED' });

    const { orders } = await pull();

    expect(
      orders
        .filter((order) => order.counts)
        .map((order) => order.order_id)
        .toSorted(),
    ).toEqual(['1', '2']);
  });

  test('is marked when it is a test, or was cancelled', async () => {
    const { shop, pull } = await openStand();
    shop.putOrder({ id: 1, test: true });
    shop.putOrder({ id: 2, cancelledAt: '2026-04-01T00:00:00Z', status: 'VOIDED' });

    const { orders } = settled(await pull());

    expect(orders[0]).toMatchObject({ is_test: true });
    expect(orders[1]).toMatchObject({
      is_test: false,
      cancelled_at: '2026-04-01T00:00:00.000Z',
      counts: false,
    });
  });

  test('in another currency than the shop is told in the money of the shop', async () => {
    const { shop, pull } = await openStand();
    shop.putOrder({
      id: 1,
      currency: 'EUR',
      presentment: 'RON',
      lines: [{ id: 1, price: 11_900, tax: 1900 }],
    });

    const { orders, lines } = await pull();

    expect(orders[0]).toMatchObject({ currency: 'EUR', goods: '100.00', total: '119.0' });
    expect(lines[0]).toMatchObject({ net: '100.00' });
  });

  test('of a guest names the person itself; of a customer it leaves that to the customer', async () => {
    const { shop, pull } = await openStand();
    const billing = {
      firstName: 'Ana',
      lastName: 'Pop',
      city: 'Cluj',
      provinceCode: 'CJ',
      zip: '400001',
      country: 'RO',
    };
    shop.putOrder({ id: 1, email: 'ana@example.com', billing, processedAt: '2026-03-01T12:00:00Z' });
    shop.putOrder({ id: 2, customer: 4, email: 'ion@example.com', billing });
    shop.putOrder({ id: 3 });

    const { orders, customers } = settled(await pull());

    expect(orders.map((order) => order.customer_id)).toEqual([undefined, '4', undefined]);
    expect(customers).toEqual([
      {
        email: 'ana@example.com',
        phone: undefined,
        first_name: 'Ana',
        last_name: 'Pop',
        city: 'Cluj',
        region: 'CJ',
        zip: '400001',
        country: 'RO',
        email_consent: 'unknown',
        sms_consent: 'unknown',
        ads_consent: 'unknown',
        updated_at: '2026-03-01T12:00:00.000Z',
      },
    ]);
  });

  test('of a kind that was never seen is left out by itself, without a word of its content', async () => {
    const { shop, pull } = await openStand();
    shop.putOrder({ id: 1, email: 'ana@example.com' });
    shop.putOrder({ id: 2 });
    shop.orders.get(1)!.subtotalPriceSet = null;

    const { orders, rejected } = await pull();

    expect(orders.map((order) => order.order_id)).toEqual(['2']);
    expect(rejected).toEqual([
      {
        source: 'shopify orders',
        line: expect.any(Number),
        reason: "subtotalPriceSet is not as Shopify's documents say",
      },
    ]);
  });
});

describe('a refund', () => {
  test('of everything takes the goods off to the cent, whatever tax and shipping went back with them', async () => {
    const { shop, pull } = await openStand();
    shop.putOrder({
      id: 1,
      status: 'REFUNDED',
      shippingPrice: 595,
      shippingTax: 95,
      lines: [{ id: 1, price: 3333, tax: 532 }],
      refunds: [{ id: 9, at: '2026-04-01T10:00:00Z', amount: 3333 + 595, goods: 3333, shipping: 595 }],
    });

    const { orders, refunds } = await pull();

    expect(orders[0]).toMatchObject({ goods: '28.01', counts: true, state: 'refunded' });
    expect(refunds).toEqual([
      {
        refund_id: '9',
        order_id: '1',
        at: '2026-04-01T10:00:00.000Z',
        amount: '28.01',
        version: orders[0]!.version,
      },
    ]);
  });

  test('of a part takes off what it gave back for goods, at its own date', async () => {
    const { shop, pull } = await openStand();
    // Prices with 19 % tax: two of 119.00, one went back with its shipping of 11.90; later 23.80 out of goodwill.
    shop.putOrder({
      id: 1,
      status: 'PARTIALLY_REFUNDED',
      shippingPrice: 1190,
      shippingTax: 190,
      lines: [{ id: 1, quantity: 2, price: 11_900, tax: 3800 }],
      refunds: [
        { id: 8, at: '2026-04-01T10:00:00Z', amount: 11_900, goods: 11_900 },
        { id: 9, at: '2026-05-01T10:00:00Z', amount: 2380 },
      ],
    });

    const { orders, refunds } = await pull();

    expect(orders[0]).toMatchObject({ goods: '200.00' });
    expect(refunds).toMatchObject([
      { refund_id: '8', at: '2026-04-01T10:00:00.000Z', amount: '100.00' },
      { refund_id: '9', at: '2026-05-01T10:00:00.000Z', amount: '20.00' },
    ]);
  });

  test('in a shop whose prices are without tax gives back goods without the tax on them', async () => {
    const { shop, pull } = await openStand();
    shop.putOrder({
      id: 1,
      status: 'PARTIALLY_REFUNDED',
      taxesIncluded: false,
      shippingPrice: 1000,
      shippingTax: 190,
      lines: [{ id: 1, quantity: 4, price: 5000, tax: 3800 }],
      refunds: [{ id: 8, at: '2026-04-01T10:00:00Z', amount: 5950 + 1190, goods: 5000, shipping: 1000 }],
    });

    const { orders, refunds } = await pull();

    expect(orders[0]).toMatchObject({ goods: '200.00' });
    expect(refunds).toMatchObject([{ amount: '50.00' }]);
  });

  test('that is hidden leaves an order which Shopify calls refunded worth nothing', async () => {
    const { shop, pull } = await openStand();
    shop.putOrder({
      id: 1,
      status: 'REFUNDED',
      cancelledAt: '2026-04-02T00:00:00Z',
      lines: [{ id: 1, price: 5000 }],
    });

    const { refunds } = await pull();

    expect(refunds).toMatchObject([{ refund_id: '1', at: '2026-04-02T00:00:00.000Z', amount: '50.00' }]);
  });

  test('is none when goods were only exchanged: what was never paid for is not counted', async () => {
    const { shop, pull } = await openStand();
    shop.putOrder({
      id: 1,
      lines: [
        { id: 1, price: 5000 },
        { id: 2, price: 6000 },
      ],
      removed: 5000,
    });

    const { orders, refunds } = await pull();

    expect(orders[0]).toMatchObject({ goods: '60.00' });
    expect(refunds).toEqual([]);
  });
});

describe('a customer', () => {
  test('comes with name, address, tags and the consent of each channel', async () => {
    const { shop, pull } = await openStand();
    shop.putCustomer({
      id: 7,
      updatedAt: '2026-03-01T12:00:00Z',
      email: 'Ana@Example.com',
      emailState: 'SUBSCRIBED',
      phone: '+40721000111',
      smsState: 'UNSUBSCRIBED',
      firstName: 'Ana',
      lastName: 'Pop',
      address: { city: 'Cluj', province: 'Cluj', zip: '400001', country: 'RO' },
      tags: ['vip'],
    });

    const { customers } = await pull();

    expect(customers).toEqual([
      {
        customer_id: '7',
        email: 'ana@example.com',
        phone: '+40721000111',
        first_name: 'Ana',
        last_name: 'Pop',
        city: 'Cluj',
        region: 'Cluj',
        zip: '400001',
        country: 'RO',
        email_consent: 'yes',
        sms_consent: 'no',
        ads_consent: 'unknown',
        tags: ['vip'],
        updated_at: '2026-03-01T12:00:00.000Z',
      },
    ]);
  });

  test.each([
    ['SUBSCRIBED', 'yes'],
    ['PENDING', 'pending'],
    ['NOT_SUBSCRIBED', 'no'],
    ['UNSUBSCRIBED', 'no'],
    ['INVALID', 'no'],
    ['SOMETHING_NEW', 'unknown'],
  ])('in the state %s has consented: %s', async (emailState, email_consent) => {
    const { shop, pull } = await openStand();
    shop.putCustomer({ id: 1, email: 'ana@example.com', emailState });

    const { customers } = await pull();

    expect(customers).toMatchObject([{ email_consent, sms_consent: 'unknown' }]);
  });

  test('who opted out of having data sold is not for advertising', async () => {
    const { shop, pull } = await openStand();
    shop.putCustomer({ id: 1, email: 'ana@example.com', dataSaleOptOut: true });

    expect((await pull()).customers).toMatchObject([{ ads_consent: 'no' }]);
  });

  test('who was erased keeps an id and refuses everything', async () => {
    const { shop, pull } = await openStand();
    shop.putCustomer({
      id: 1,
      emailState: 'REDACTED',
      firstName: 'left',
      lastName: 'over',
      tags: ['ana@example.com'],
    });

    const { customers, warnings } = await pull();

    expect(customers).toEqual([
      {
        customer_id: '1',
        redacted: true,
        updated_at: expect.any(String),
        email_consent: 'no',
        sms_consent: 'no',
        ads_consent: 'no',
        tags: [],
      },
    ]);
    expect(warnings[0]).toContain('were erased at Shopify');
  });
});

test('a product has the category of the taxonomy, else its type', async () => {
  const { shop, pull } = await openStand();
  shop.putProduct({ id: 1, type: 'Schuhe', category: 'Sandals' });
  shop.putProduct({ id: 2, type: 'Schuhe' });
  shop.putProduct({ id: 3 });
  shop.putOrder({ id: 1, lines: [{ id: 1, product: 1, price: 1 }] });

  const { products, lines } = settled(await pull());

  expect(products.map((product) => product.category)).toEqual(['Sandals', 'Schuhe', undefined]);
  expect(lines[0]).toMatchObject({ category: 'Sandals' });
});
