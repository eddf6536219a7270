import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'csv-parse/sync';
import { expect, test } from 'vitest';
import { netOf, openCsv, pullAll } from './csv-folder.ts';

const REFERENCE = join(import.meta.dirname, '../../../shared/reference/shopify-export');
const read = (name: string) => readFileSync(join(REFERENCE, name), 'utf8');
const pullExport = async (path: string) => pullAll(await openCsv(REFERENCE, { path, format: 'shopify' }));

test.skipIf(!existsSync(REFERENCE))(
  'each of the 6,919 orders of the reference shop is read as it was',
  async () => {
    const expected = parse<Record<string, string>>(read('expected_orders.csv'), { columns: true });

    const all = await pullExport('orders_export.csv');
    const linesOf = Map.groupBy(all.lines, ({ order_id }) => order_id);

    expect(all).toMatchObject({ rejected: [], warnings: [], refunds: [] });
    const found = all.orders.map(({ order_id, email, ordered_at, goods, discount, counts, is_test }) => {
      const lines = linesOf.get(order_id) ?? [];
      const quantity = String(lines.reduce((sum, line) => sum + Number(line.quantity), 0));
      const facts = { name: order_id, email, date: ordered_at.slice(0, 10), quantity, total: goods };
      return { ...facts, discount_amount: discount, line_items: String(lines.length), counts, is_test };
    });
    expect(found).toEqual(
      expected.map((order) => ({ ...order, customer_id: undefined, counts: true, is_test: false })),
    );
  },
);

test.skipIf(!existsSync(REFERENCE))(
  'every order of the messy reference export is what is expected of it',
  async () => {
    type Expected = {
      name: string;
      counts_as_purchase: boolean;
      net_value: string | null;
      currency: string;
      customer: string | null;
    };
    const { orders: expected } = JSON.parse(read('expected_messy.json')) as { orders: Expected[] };

    const all = await pullExport('orders_export_messy.csv');

    expect(all).toMatchObject({ rejected: [], warnings: [] });
    const found = all.orders.map((order) => {
      const { net, isPurchase } = netOf(all, order.order_id);
      const customer = order.email ?? (order.phone ? `phone:${order.phone}` : null);
      const { order_id: name, currency } = order;
      return { name, counts_as_purchase: isPurchase, net_value: net, currency, customer };
    });
    expect(found).toEqual(expected.map((order) => ({ ...order, why: undefined })));
    expect(all.customers.find(({ email }) => email === 'shopper17@example.com')?.zip).toBe('02138');
  },
);
