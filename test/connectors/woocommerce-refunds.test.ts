import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { SandboxOrder } from '../../connectors/woocommerce/sandbox-shop.ts';
import { openStand, type Stand } from './woocommerce-stand.ts';

const LINE = { name: 'Hat', product_id: 7, variation_id: 0, quantity: 1, sku: 'HAT' };

/** Goods of 100.00, shipping 10.00, 19 % tax on both. */
function anOrder(stand: Stand, more: Partial<SandboxOrder> = {}): SandboxOrder {
  return stand.shop.put({
    line_items: [
      { ...LINE, id: 1, total: '60.00' },
      { ...LINE, id: 2, total: '40.00' },
    ],
    shipping_total: '10.00',
    total_tax: '20.90',
    total: '130.90',
    ...more,
  });
}

const refunded = (stand: Stand) =>
  [...stand.kept.refunds.values()].map(({ at, amount }) => [at.slice(0, 10), amount]);

test('a refund by products gives back what it says of them, without their tax and shipping', async () => {
  const stand = await openStand();
  const { id } = anOrder(stand);
  stand.shop.refund(id, {
    amount: '59.50',
    date_created_gmt: '2026-02-03T10:00:00',
    line_items: [{ id: 90, product_id: 7, quantity: -1, total: '-40.00' }],
    shipping_lines: [{ id: 91, total: '-10.00' }],
  });

  await stand.pull();

  expect(refunded(stand)).toEqual([['2026-02-03', '40.00']]);
  expect([...stand.kept.orders.values()]).toMatchObject([{ counts: true, goods: '100.00' }]);
});

test('a refund of shipping alone gives back no goods', async () => {
  const stand = await openStand();
  const { id } = anOrder(stand);
  stand.shop.refund(id, { amount: '11.90', shipping_lines: [{ id: 91, total: '-10.00' }] });

  await stand.pull();

  expect(refunded(stand)).toMatchObject([[expect.anything(), '0.00']]);
});

test('a refund of an amount is one of the goods by their share of what was paid', async () => {
  const stand = await openStand();
  const { id } = anOrder(stand);
  stand.shop.refund(id, { amount: '13.09' });

  await stand.pull();

  expect(refunded(stand)).toMatchObject([[expect.anything(), '10.00']]);
});

test('an order moved to refunded gives back all goods that had not come back before', async () => {
  const stand = await openStand();
  const { id } = anOrder(stand, { status: 'refunded' });
  stand.shop.refund(id, {
    amount: '47.60',
    date_created_gmt: '2026-02-03T10:00:00',
    line_items: [{ id: 90, product_id: 7, quantity: -1, total: '-40.00' }],
  });
  stand.shop.refund(id, { amount: '83.30', date_created_gmt: '2026-02-09T10:00:00' });

  await stand.pull();

  expect(refunded(stand)).toEqual([
    ['2026-02-03', '40.00'],
    ['2026-02-09', '60.00'],
  ]);
});

test('an order that a plugin calls refunded without a refund is given back whole', async () => {
  const stand = await openStand({ settings: { states: { returned: 'refunded' } } });
  anOrder(stand, { status: 'returned', date_modified_gmt: '2026-02-20T00:00:00' });

  await stand.pull();

  expect(refunded(stand)).toEqual([['2026-02-20', '100.00']]);
});

test('a discount that came as a negative fee is taken off what comes back', async () => {
  const stand = await openStand();
  const { id } = anOrder(stand, { fee_lines: [{ id: 5, name: 'Bundle', total: '-10.00' }], total: '119.00' });
  stand.shop.refund(id, {
    amount: '50.00',
    line_items: [{ id: 90, product_id: 7, quantity: -1, total: '-60.00' }],
    fee_lines: [{ id: 91, total: '10.00' }],
  });

  await stand.pull();

  expect(refunded(stand)).toMatchObject([[expect.anything(), '50.00']]);
});

test('refunds are asked for only of orders that have any and count', async () => {
  const stand = await openStand();
  anOrder(stand);
  const cancelled = anOrder(stand, { status: 'cancelled' });
  stand.shop.refund(cancelled.id, { amount: '130.90' });
  const partly = anOrder(stand);
  stand.shop.refund(partly.id, { amount: '13.09' });

  await stand.pull();

  expect(
    Object.keys(stand.sandbox.requests().woocommerce!).filter((route) => route.includes('/refunds')),
  ).toEqual([`GET /wc/v3/orders/${partly.id}/refunds`]);
});

test('of an order that is deleted while it is read, what the list said of its refunds stands', async () => {
  const stand = await openStand({
    before: (path) => {
      const [, id] = /orders\/(\d+)\/refunds/.exec(path) ?? [];
      if (id) stand.shop.orders.delete(Number(id));
    },
  });
  const { id } = anOrder(stand);
  stand.shop.refund(id, { amount: '26.18' });

  await stand.pull();

  expect(refunded(stand)).toMatchObject([[expect.anything(), '20.00']]);
});

test('however an order is given back in parts by amount, the whole is the whole and no part is more', async () => {
  const cents = fc.integer({ min: 0, max: 500_00 });
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 500_00 }),
      cents,
      cents,
      fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 4 }),
      async (goods, shipping, tax, parts) => {
        const stand = await openStand({ settings: { read: ['orders'] } });
        const total = goods + shipping + tax;
        const text = (amount: number) => (amount / 100).toFixed(2);
        const { id } = stand.shop.put({
          status: 'refunded',
          line_items: [{ ...LINE, id: 1, total: text(goods) }],
          shipping_total: text(shipping),
          total_tax: text(tax),
          total: text(total),
        });
        let left = total;
        for (const part of [...parts, 1]) {
          const amount = Math.round(left * part);
          left -= amount;
          stand.shop.refund(id, { amount: text(amount) });
        }

        await stand.pull();

        const amounts = [...stand.kept.refunds.values()].map(({ amount }) =>
          Math.round(Number(amount) * 10_000),
        );
        expect(amounts.every((amount) => amount >= 0)).toBe(true);
        expect(amounts.reduce((sum, amount) => sum + amount, 0)).toBe(goods * 100);
        await stand.sandbox.close();
      },
    ),
    { numRuns: 60 },
  );
});
