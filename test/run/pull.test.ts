import { describe, expect, test } from 'vitest';
import type { Page } from '../../connectors/index.ts';
import { aBuyer, aCustomer, aLine, anOrder, aRefund, aVisit, openStage, type Shop } from './stage.ts';

const stage = openStage();
const AS_OF = '2026-03-31';

/** What can be bought again of each order: the lines of its copy that stands. */
async function titles(shop: Shop): Promise<string[]> {
  const rows = await stage.engine.query<{ title: string }>(
    `SELECT title FROM order_lines AS line FINAL INNER JOIN orders AS o FINAL USING (source, order_id, version)
     WHERE source = {source:String} ORDER BY title`,
    { source: shop.job.sources[0]!.key },
  );
  return rows.map(({ title }) => title);
}

describe('pulling again', () => {
  test('what was pulled before changes nothing', async () => {
    const order = anOrder({ goods: '30.00' });
    const shop = stage.shop();
    shop.holds({
      orders: [order],
      lines: [aLine(order)],
      refunds: [aRefund(order, { amount: '5.00' })],
      customers: [aCustomer({ first_name: 'Ana' })],
      events: [aVisit()],
    });

    const first = await shop.profile(AS_OF);
    const second = await shop.profile(AS_OF);

    expect(first.pulled).toMatchObject({ orders: 1, lines: 1, customers: 1, events: 1, rejected: 0 });
    expect(first.customers).toMatchObject([{ orders: 1, revenue: '25', first_name: 'Ana' }]);
    expect(second).toEqual(first);
  });

  test('takes a newer copy of an order with its lines and refunds, and nothing of an older one', async () => {
    const order = { order_id: 'order-a', goods: '30.00' };
    const older = anOrder({ ...order, version: 7 });
    const newer = anOrder({ ...order, goods: '20.00', version: 8 });
    const copies = {
      older: {
        orders: [older],
        lines: [aLine(older, { line_id: '1' }), aLine(older, { line_id: '2', title: 'Hat' })],
        refunds: [aRefund(older, { refund_id: 'r1', amount: '4.00' }), aRefund(older, { amount: '6.00' })],
      },
      newer: {
        orders: [newer],
        lines: [aLine(newer, { line_id: '1', title: 'Boots' })],
        refunds: [aRefund(newer, { refund_id: 'r1', amount: '1.00' })],
      },
    };
    const shop = stage.shop();
    const after = async (page: Page) => {
      shop.holds(page);
      const { customers } = await shop.profile(AS_OF);
      return { revenue: customers[0]?.revenue, titles: await titles(shop) };
    };

    expect(await after(copies.older)).toEqual({ revenue: '20', titles: ['Hat', 'Sandals'] });
    expect(await after(copies.newer)).toEqual({ revenue: '19', titles: ['Boots'] });
    expect(await after(copies.older)).toEqual({ revenue: '19', titles: ['Boots'] });
  });

  test('forgets the purchase when the newer copy says that it was voided', async () => {
    const shop = stage.shop();
    shop.holds([
      aBuyer('bo', { order_id: 'order-a', version: 1 }),
      aBuyer('bo', { order_id: 'order-a', version: 2, state: 'voided', counts: false }),
    ]);

    expect((await shop.profile(AS_OF)).customers).toEqual([]);
  });
});

test('rejected rows are all counted, and the first hundred are listed', async () => {
  const rejected = Array.from({ length: 150 }, (_, index) => ({
    source: 'orders.csv',
    line: index + 2,
    reason: 'the order has no amount',
  }));
  const shop = stage.shop();
  shop.holds([
    { rejected: rejected.slice(0, 90) },
    { rejected: rejected.slice(90), warnings: ['odd', 'odd'] },
  ]);

  const { pulled } = await shop.profile(AS_OF);

  expect(pulled).toMatchObject({ rejected: 150, warnings: ['odd'] });
  expect(pulled.rejections).toEqual(rejected.slice(0, 100));
});

describe('sources', () => {
  test('that left the job no longer count, and count again once they are back', async () => {
    const shop = stage.shop({ sources: ['web', 'till'] });
    shop.holds(aBuyer('ana', { customer_id: '5', goods: '1.00' }), 'web');
    shop.holds(aBuyer('ana', { customer_id: '9', goods: '20.00' }), 'till');
    const worth = async () => (await shop.profile(AS_OF)).customers.map(({ revenue }) => revenue);

    expect(await worth()).toEqual(['21']);
    shop.change({ sources: ['web'] });
    expect(await worth()).toEqual(['1']);
    shop.change({ sources: ['till', 'web'] });
    expect(await worth()).toEqual(['21']);
  });

  test('may give two orders the same number', async () => {
    const shop = stage.shop({ sources: ['shop-ro', 'shop-bg'] });
    shop.holds(aBuyer('ana', { order_id: '1001', goods: '1.00' }), 'shop-ro');
    shop.holds(aBuyer('ana', { order_id: '1001', goods: '20.00' }), 'shop-bg');

    expect((await shop.profile(AS_OF)).customers).toMatchObject([{ orders: 2, revenue: '21' }]);
  });
});

describe('two jobs in one store', () => {
  test('do not see each other’s customers', async () => {
    const [one, other] = [stage.shop(), stage.shop()];
    one.holds(aBuyer('ana'));
    other.holds(aBuyer('bo'));

    await one.profile(AS_OF);

    expect((await other.profile(AS_OF)).customers).toMatchObject([{ customer: 'email:bo@example.com' }]);
    expect((await one.profile(AS_OF)).customers).toMatchObject([{ customer: 'email:ana@example.com' }]);
  });

  test('read one source each with its own zone and currency', async () => {
    const record = aBuyer('ana', { currency: 'RON', goods: '50.00', ordered_at: '2026-03-31T22:00:00.000Z' });
    const here = stage.shop({ sources: ['shared'], currency: 'RON', timezone: 'Europe/Bucharest' });
    const abroad = stage.shop({ sources: ['shared'], exchange_rates: { RON: '0.2' } });
    here.holds(record);

    expect((await here.profile('2026-04-01')).customers).toMatchObject([
      { revenue: '50', last_order: '2026-04-01' },
    ]);
    expect((await abroad.profile('2026-04-01')).customers).toMatchObject([
      { revenue: '10', last_order: '2026-03-31' },
    ]);
  });
});
