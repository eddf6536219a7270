import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { findServer } from '../connectors/databases.ts';
import { openShop } from '../end-to-end/shop.ts';

const servers = [await findServer('postgres'), await findServer('mysql')];

describe.each(servers)('$title', ({ missing, database, title }) => {
  test.skipIf(missing)(
    `finds the orders and whose they are, and the job reads only what changed (${missing ?? title})`,
    { timeout: 60_000 },
    async () => {
      const { url, sql } = await database();
      await sql('CREATE TABLE products (id integer PRIMARY KEY, name varchar(50), price decimal(10,2))');
      await sql('CREATE TABLE customers (id integer PRIMARY KEY, email varchar(100), created_at timestamp)');
      await sql(
        `CREATE TABLE orders (id integer PRIMARY KEY, customer_id integer, status varchar(20), currency char(3),
           grand_total decimal(10,2), created_at timestamp NULL, updated_at timestamp NULL)`,
      );
      await sql(
        `INSERT INTO customers VALUES (1, 'ann@example.com', '2026-01-01'), (2, 'ben@example.com', '2026-01-01')`,
      );
      await sql(
        `INSERT INTO orders VALUES
           (10, 1, 'completed', 'EUR', 25.50, '2026-01-03 10:00:00', '2026-01-03 10:00:00'),
           (11, 2, 'completed', 'EUR', 40.00, '2026-01-04 10:00:00', '2026-01-05 10:00:00'),
           (12, 2, 'cancelled', 'EUR', 11.00, '2026-01-04 11:00:00', '2026-01-05 11:00:00')`,
      );
      const password = new URL(url).password;
      const shop = await openShop({ env: { SHOP_DB_URL: url } });

      const told = await shop.cli('init', '--source', '${SHOP_DB_URL}', '--name', 'shop', '--jobs', 'jobs');

      expect(told.code, told.stderr).toBe(0);
      expect(told.stdout).toMatch(/a…@….com/);
      const text = await readFile(join(shop.folder, 'jobs/shop.yaml'), 'utf8');
      expect(text).toContain('url: ${SHOP_DB_URL} # ');
      if (password !== '') expect(text + told.stdout).not.toContain(password);
      expect(text).toContain('LEFT JOIN');
      expect(text).toContain('>= {since}');
      expect((await shop.cli('check', 'shop', '--jobs', 'jobs')).code).toBe(0);
      const run = await shop.json('run', 'shop', '--jobs', 'jobs', '--as-of', '2026-02-01');
      expect(run).toMatchObject({ status: 'done', customers: 2, pulled: { orders: 3, rejected: 0 } });
      const wrong = await shop.cli(
        'init',
        '--source',
        url,
        '--table',
        'nowhere',
        '--jobs',
        'jobs',
        '--name',
        'x',
      );
      expect(wrong.stderr).toMatch(/--table: .*orders/);
    },
  );
});
