/**
 * Writes the sample shop beside itself: `node config/sample/generate.ts`. Everything is made up and comes out of
 * one seed, so it is the same each time. With `--check` nothing is written: it exits 1 when a file is not what
 * would be written.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { drawAccounts } from './generator/accounts.ts';
import { DAY } from './generator/calendar.ts';
import { csv } from './generator/csv.ts';
import { drawCustomers } from './generator/customers.ts';
import { drawEngagement } from './generator/engagement.ts';
import { oldShopExport } from './generator/old-shop.ts';
import { drawOrders } from './generator/orders.ts';
import { productList } from './generator/products.ts';
import { randomFrom } from './generator/random.ts';
import { shopifyExport } from './generator/shopify-export.ts';
import { drawVisits } from './generator/visits.ts';

const CUSTOMERS = 1950;
const END = Date.parse('2026-11-15T23:59:59+02:00');
/** The first export was taken at this instant; the second reaches back five days before it. */
const FIRST_EXPORT = Date.parse('2025-06-05T23:59:59+03:00');
const OVERLAP = 5 * DAY;

const ACCOUNT_COLUMNS = ['email', 'tags', 'birth_year', 'sport', 'ad_cost', 'support_cost', 'changed'];
const PRODUCT_COLUMNS = ['sku', 'title', 'product', 'category', 'brand', 'collections'];

function sampleFiles(): Map<string, string> {
  const customers = drawCustomers(randomFrom(20261115), CUSTOMERS);
  const orders = drawOrders(randomFrom(1), customers);
  const between = (from: number, to: number) => orders.filter(({ at }) => at > from && at <= to);
  return new Map([
    ['orders_export_1.csv', shopifyExport(between(0, FIRST_EXPORT), FIRST_EXPORT)],
    ['orders_export_2.csv', shopifyExport(between(FIRST_EXPORT - OVERLAP, END), END)],
    ['visits.csv', csv(['visit_id', 'visited_at', 'email', 'page'], drawVisits(randomFrom(2), customers))],
    ['engagement.csv', csv(['type', 'at', 'email'], drawEngagement(randomFrom(5), customers))],
    ['accounts.csv', csv(ACCOUNT_COLUMNS, drawAccounts(randomFrom(6), customers))],
    ['products.csv', csv(PRODUCT_COLUMNS, productList())],
    ['old-shop.csv', oldShopExport(randomFrom(3), drawCustomers(randomFrom(4), 200))],
  ]);
}

const stale: string[] = [];
for (const [name, text] of sampleFiles()) {
  const file = new URL(name, import.meta.url);
  if (!process.argv.includes('--check')) await writeFile(file, text);
  else if ((await readFile(file, 'utf8').catch(() => '')) !== text) stale.push(name);
}
if (stale.length > 0) {
  console.error(`Not what the generator writes: ${stale.join(', ')}. Run: node config/sample/generate.ts`);
  process.exitCode = 1;
}
