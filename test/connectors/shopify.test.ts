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
