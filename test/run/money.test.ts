import { describe, expect, test } from 'vitest';
import { anOrder, aRefund, openStage, type ShopSettings } from './stage.ts';
import type { Page } from '../../connectors/index.ts';

const stage = openStage();

/** What a shop that holds these records knows of its customers on 31 March 2026. */
function profiled(records: Page | Page[], settings: ShopSettings = {}) {
  const shop = stage.shop(settings);
  shop.holds(records);
  return shop.profile('2026-03-31');
}

describe('what a customer is worth', () => {
  test('is what was paid for goods less what was given back', async () => {
    const order = anOrder({
      goods: '30.00',
      tax: '5.70',
      shipping: '4.00',
      total: '39.70',
      discount: '2.00',
    });
    const refunds = [aRefund(order, { amount: '4.50' }), aRefund(order, { amount: '0.25' })];

    const { customers, warnings } = await profiled({ orders: [order, anOrder({ goods: '12.00' })], refunds });

    expect(customers).toMatchObject([
      { customer: 'email:ana@example.com', orders: 2, revenue: '37.25', revenue_12m: '37.25' },
    ]);
    expect(warnings).toEqual([]);
  });

  test('is exact to the cent, however many orders there are', async () => {
    const orders = Array.from({ length: 100_000 }, (_, index) =>
      anOrder({ goods: index % 2 ? '0.01' : '0.07' }),
    );

    const { customers } = await profiled({ orders });

    expect(customers).toMatchObject([{ orders: 100_000, purchase_days: 1, revenue: '4000' }]);
  });

  test('is nothing for an order that a discount made free, which still counts as a purchase', async () => {
    const { customers, warnings } = await profiled({
      orders: [anOrder({ goods: '0.00', discount: '50.00' })],
    });

    expect(customers).toMatchObject([{ orders: 1, purchase_days: 1, revenue: '0' }]);
    expect(warnings).toEqual([]);
  });
});

describe('orders that are no purchase', () => {
  test('are left out, and how many and why is told in words', async () => {
    const email = 'bo@example.com';
    const [whole, partly] = [anOrder({ email }), anOrder({ email })];
    const orders = [
      anOrder({ goods: '20.00' }),
      anOrder({ email, state: 'pending', counts: false }),
      anOrder({ email, state: 'voided', counts: false }),
      anOrder({ email, cancelled_at: '2026-03-01T13:00:00.000Z' }),
      anOrder({ email, is_test: true }),
      anOrder({ email, is_test: true, counts: false }),
      whole,
      partly,
    ];
    const refunds = [
      aRefund(whole),
      aRefund(partly, { amount: '4.00' }),
      aRefund(partly, { amount: '6.00', at: '2026-03-03T09:00:00.000Z' }),
    ];

    const { customers, warnings } = await profiled({ orders, refunds });

    expect(customers).toMatchObject([{ customer: 'email:ana@example.com', orders: 1, revenue: '20' }]);
    expect(warnings.toSorted()).toEqual([
      '2 orders left out: placed as a test',
      '2 orders left out: refunded in full',
      '3 orders left out: not paid, cancelled or voided (cancelled, pending, voided)',
    ]);
  });

  test('include one whose refund is larger than its goods, because postage went back too', async () => {
    const order = anOrder({ goods: '10.00', shipping: '4.00' });

    const { customers, warnings } = await profiled({
      orders: [order],
      refunds: [aRefund(order, { amount: '14.00' })],
    });

    expect(customers).toEqual([]);
    expect(warnings).toEqual(['1 order left out: refunded in full']);
  });

  test('do not hide the orders of the same customer that are', async () => {
    const { customers } = await profiled({
      orders: [anOrder({ goods: '8.00' }), anOrder({ state: 'voided', counts: false, goods: '99.00' })],
    });

    expect(customers).toMatchObject([{ orders: 1, revenue: '8' }]);
  });
});

describe('orders in another currency', () => {
  test('are worth exactly goods times rate, rounded to four decimals away from zero', async () => {
    const cases = [
      { currency: 'RON', rate: '0.2012', goods: '149.90', revenue: '30.1599' },
      { currency: 'VND', rate: '0.0000345678912345', goods: '250000.00', revenue: '8.642' },
      { currency: 'GBP', rate: '1.1734', goods: '0.05', revenue: '0.0587' },
      { currency: 'HUF', rate: '0.005', goods: '0.01', revenue: '0.0001' },
      { currency: 'USD', rate: '0.9', goods: '90071992547409.93', revenue: '81064793292668.937' },
    ];
    const orders = cases.map(({ currency, goods }) =>
      anOrder({ currency, goods, email: `${currency}@example.com` }),
    );
    const exchange_rates = Object.fromEntries(cases.map(({ currency, rate }) => [currency, rate]));

    const { customers, warnings } = await profiled({ orders }, { exchange_rates });

    const found = new Map(customers.map(({ customer, revenue }) => [customer, revenue]));
    for (const { currency, revenue } of cases)
      expect.soft(found.get(`email:${currency.toLowerCase()}@example.com`), currency).toBe(revenue);
    expect(warnings).toEqual([]);
  });

  test('have the refund taken off before the rate', async () => {
    const order = anOrder({ currency: 'RON', goods: '100.00' });

    const { customers } = await profiled(
      { orders: [order], refunds: [aRefund(order, { amount: '50.00' })] },
      { exchange_rates: { RON: '0.2' } },
    );

    expect(customers).toMatchObject([{ revenue: '10' }]);
  });

  test('are purchases without revenue where no rate is given, and a warning says so', async () => {
    const orders = [
      anOrder({ goods: '5.00' }),
      anOrder({ currency: 'USD', goods: '70.00', ordered_at: '2026-03-09T12:00:00.000Z' }),
    ];

    const { customers, warnings } = await profiled({ orders });

    expect(customers).toMatchObject([
      { orders: 2, purchase_days: 2, last_order: '2026-03-09', revenue: '5', revenue_12m: '5' },
    ]);
    expect(warnings).toEqual([
      '1 order in USD counts as a purchase but adds no revenue: exchange_rates has no rate for that',
    ]);
  });

  test('may run into the billions, as in a currency with small units', async () => {
    const orders = [anOrder({ currency: 'VND', goods: '98765432100.00' })];

    const { customers } = await profiled({ orders }, { currency: 'VND' });

    expect(customers).toMatchObject([{ revenue: '98765432100' }]);
  });
});
