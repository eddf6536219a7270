import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'csv-parse/sync';
import { expect, test } from 'vitest';
import { openShop } from './shop.ts';

const JOB = `name: shop
currency: EUR
timezone: UTC
sources:
  - type: csv
    path: orders.csv
    columns: { order_id: id, email: mail, ordered_at: day, goods: sum }
  - type: csv
    records: lines
    path: items.csv
    columns: { order_id: order, sku: code, quantity: count, price: each }
  - type: csv
    records: products
    path: products.csv
    columns: { sku: code, title: name, category: kind, brand: maker, collections: groups }
  - type: csv
    records: customers
    path: people.csv
    columns: { email: mail, tags: labels }
    extra: { age: years }
destinations:
  - { type: csv, path: out, audiences: [{ segment: lifecycle.* }] }
`;

test('from tables of orders, lines, products and people come favourites, the next order and tags, ready to export', async () => {
  const shop = await openShop();
  await shop.write('job.yaml', JOB);
  await shop.write(
    'orders.csv',
    [
      'id,mail,day,sum',
      '1,ana@example.com,2026-03-01,130',
      '2,ana@example.com,2026-03-21,30',
      '3,bo@example.com,2026-03-25,20',
    ].join('\n'),
  );
  await shop.write(
    'items.csv',
    'order,code,count,each\n1,BOOT,1,130\n2,SOCK,3,10\n3,SOCK,2,10\n9,SOCK,1,10\n',
  );
  await shop.write(
    'products.csv',
    'code,name,kind,maker,groups\nBOOT,Ridge Boot,Shoes,Padina,Winter\nSOCK,Wool Socks,Socks,Nordweg,\n',
  );
  await shop.write('people.csv', 'mail,labels,years\nana@example.com,"vip, club",31\n');

  const report = await shop.json('run', 'job.yaml', '--as-of', '2026-03-31');

  expect(report).toMatchObject({ status: 'done', pulled: { orders: 3, lines: 4, rejected: 0 } });
  expect(report.warnings).toContain('1 line belongs to no order: no source has an order of that number');
  const out = join(shop.folder, 'people.out.csv');
  const columns = 'email,favourite_product,favourite_category,favourite_brand,next_order,tags';
  const { code, stderr } = await shop.cli('export', 'job.yaml', '--out', out, '--columns', columns);
  expect(code, stderr).toBe(0);
  const people = parse<Record<string, string>>(await readFile(out), { columns: true });
  expect(people.map((person) => Object.values(person))).toEqual([
    ['ana@example.com', 'Ridge Boot', 'Shoes', 'Padina', '2026-04-10', 'vip, club'],
    ['bo@example.com', 'Wool Socks', 'Socks', 'Nordweg', '2026-04-14', ''],
  ]);
});
