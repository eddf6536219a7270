import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'csv-parse/sync';
import { expect, test } from 'vitest';
import { jobText, openShop, REFERENCE } from './shop.ts';

const FOLDER = join(REFERENCE, 'shopify-export');

type Expected = {
  orders: {
    name: string;
    counts_as_purchase: boolean;
    net_value: string;
    currency: string;
    customer: string | null;
  }[];
};

test.skipIf(!existsSync(FOLDER))(
  'the messy Shopify export gives what its expectations say, customer by customer',
  async () => {
    const shop = await openShop();
    await shop.write('job.yaml', jobText(join(FOLDER, 'orders_export_messy.csv')));
    const { orders } = JSON.parse(await readFile(join(FOLDER, 'expected_messy.json'), 'utf8')) as Expected;
    const expected = new Map<string, { orders: number; cents: number }>();
    for (const { customer, counts_as_purchase, net_value, currency } of orders) {
      if (!customer || !counts_as_purchase) continue;
      const so_far = expected.get(customer) ?? { orders: 0, cents: 0 };
      const cents = currency === 'USD' ? Math.round(Number(net_value) * 100) : 0;
      expected.set(customer, { orders: so_far.orders + 1, cents: so_far.cents + cents });
    }

    const report = await shop.json('run', 'job.yaml', '--as-of', '2026-04-01');

    expect(report.error).toBeNull();
    expect(report.pulled).toMatchObject({ orders: 20, rejected: 0 });
    expect(report.customers).toBe(expected.size);
    const out = join(shop.folder, 'all.csv');
    await shop.cli('export', 'job.yaml', '--out', out);
    const rows = parse<Record<string, string>>(await readFile(out), { columns: true });
    const found = rows.map((row) => [
      row.customer_id,
      { orders: Number(row.orders), cents: Math.round(Number(row.revenue) * 100) },
    ]);
    expect(Object.fromEntries(found)).toEqual(Object.fromEntries(expected));
    expect(report.warnings.join('\n')).toMatch(/2 orders belong to nobody/);
    expect(report.warnings.join('\n')).toMatch(/1 order in CAD .* exchange_rates/);
    expect(report.warnings.join('\n')).toMatch(/authorized.*pending.*voided/);
    const { klaviyo } = shop.state();
    expect(Object.values(klaviyo.lists).flat()).toContain('+15550100008');
    expect(Object.values(klaviyo.lists).flat()).toContain('josé.núñez@example.com');
  },
);

test.skipIf(!existsSync(FOLDER))('with a rate, an order in another currency is worth that much', async () => {
  const shop = await openShop();
  const path = join(FOLDER, 'orders_export_messy.csv');
  await shop.write('job.yaml', jobText(path, { lines: 'exchange_rates: { CAD: 0.7251 }' }));

  await shop.json('plan', 'job.yaml', '--as-of', '2026-04-01');

  const out = join(shop.folder, 'all.csv');
  await shop.cli('export', 'job.yaml', '--columns', 'email,revenue', '--out', out);
  expect(await readFile(out, 'utf8')).toContain('"shopper13@example.com",36.255');
});
