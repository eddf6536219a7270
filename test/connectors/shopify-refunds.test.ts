import { describe, expect, test } from 'vitest';
import { openStand } from './shopify-stand.ts';

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
