import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openStage } from './stage.ts';

const FOLDER = join(import.meta.dirname, '../../../shared/reference/shopify-export');
const EXPECTED = join(FOLDER, 'expected_messy.json');
const AS_OF = '2026-11-22';

type Expected = {
  name: string;
  counts_as_purchase: boolean;
  net_value: string | null;
  currency: string;
  customer: string | null;
};

const stage = openStage();

function openShop(settings: object = {}) {
  const path = join(FOLDER, 'orders_export_messy.csv');
  return stage.shop({ currency: 'USD', sources: [{ type: 'csv', format: 'shopify', path }], ...settings });
}

function cents(amount: unknown): number {
  return Math.round(Number(amount) * 100);
}

test.skipIf(!existsSync(EXPECTED))(
  'every customer of the messy export has the purchases and the value that are expected of them',
  async () => {
    const { orders } = JSON.parse(readFileSync(EXPECTED, 'utf8')) as { orders: Expected[] };
    const purchases = orders.filter(({ counts_as_purchase }) => counts_as_purchase);
    const nobodys = purchases.filter(({ customer }) => customer === null);
    const expected = [
      ...Map.groupBy(
        purchases.filter(({ customer }) => customer),
        ({ customer }) => customer!,
      ),
    ].map(([customer, own]) => ({
      customer: customer.startsWith('phone:') ? customer : `email:${customer}`,
      orders: own.length,
      // Without a rate, what was paid in another currency is not added.
      cents: own.reduce((sum, order) => sum + (order.currency === 'USD' ? cents(order.net_value) : 0), 0),
    }));

    const { pulled, customers, warnings } = await openShop().profile(AS_OF);

    expect(pulled).toMatchObject({ orders: orders.length, rejected: 0 });
    const found = customers.map(({ customer, orders, revenue }) => ({
      customer,
      orders,
      cents: cents(revenue),
    }));
    expect(found).toEqual(expected.toSorted((a, b) => (a.customer < b.customer ? -1 : 1)));
    expect(nobodys.map(({ name }) => name)).toEqual(['#9010', '#9011']);
    expect(warnings.toSorted()).toEqual([
      '1 order in CAD counts as a purchase but adds no revenue: exchange_rates has no rate for that',
      '1 order left out: refunded in full',
      '2 orders belong to nobody: no e-mail address, phone number or customer id',
      '4 orders left out: not paid, cancelled or voided (authorized, cancelled, pending, voided)',
    ]);
  },
);

test.skipIf(!existsSync(EXPECTED))(
  'with a rate, the Canadian order is worth that much and no more',
  async () => {
    const { customers } = await openShop({ exchange_rates: { CAD: '0.7251' } }).profile(AS_OF);

    expect(customers.find(({ email }) => email === 'shopper13@example.com')).toMatchObject({
      revenue: '36.255',
    });
  },
);
