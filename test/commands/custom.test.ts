import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'csv-parse/sync';
import { expect, test } from 'vitest';
import { openCrowd } from '../end-to-end/crowd.ts';

const EXPORT = [
  'Name,Email,Financial Status,Currency,Subtotal,Total,Created at,Lineitem quantity,Lineitem name,Lineitem price,Vendor,Billing Country',
  '#1,anna@example.com,paid,EUR,20.00,20.00,2026-03-01 10:00:00 +0000,1,Clogs,20.00,Nord,RO',
  '#2,bob@example.com,paid,EUR,30.00,30.00,2026-02-01 10:00:00 +0000,2,Boots,15.00,Nord,DE',
  '#3,eve@example.com,paid,EUR,40.00,40.00,2026-03-02 10:00:00 +0000,1,Clogs,40.00,Sur,RO',
  '',
].join('\n');

const JOB = `name: crowd
currency: EUR
sources:
  - { type: csv, format: shopify, path: orders.csv }
segments:
  custom:
    - { name: clogs, label: Wears clogs, where: { bought: { product: clogs, brand: [nord, sur] } } }
    - { name: romans, sql: romans.sql }
    - { name: both, where: { all: [{ segment: custom.clogs }, { segment: custom.romans }, { field: revenue, above: 20 }] } }
destinations:
  - { type: csv, path: out, audiences: [{ segment: "*" }] }
`;

test('custom segments from the job file to the files they are kept in, and into the export', async () => {
  const shop = await openCrowd(['csv']);
  await shop.write('orders.csv', EXPORT);
  await shop.write('job.yaml', JOB);
  await shop.write(
    'romans.sql',
    `-- Those in Romania\nSELECT customer FROM customer_profiles WHERE countri = 'RO'`,
  );
  const wrong = await shop.cli('check', 'job.yaml', '--offline');
  expect(wrong.code).toBe(2);
  expect(wrong.stdout).toMatch(/FAIL +segment custom\.romans[^]*romans\.sql[^]*countri/);
  await shop.write(
    'romans.sql',
    `-- Those in Romania\nSELECT customer FROM customer_profiles WHERE country = 'RO'`,
  );

  const right = await shop.cli('check', 'job.yaml', '--offline');
  const run = await shop.json('run', 'job.yaml', '--as-of', '2026-03-31');
  const exported = await shop.cli('export', 'job.yaml', '--out', 'all.csv', '--columns', 'email,custom');
  const part = await shop.json('export', 'job.yaml', '--segment', 'custom.b*', '--out', 'part.csv');

  expect(right.stdout).toContain('ok    segment custom.romans: Those in Romania');
  expect(run).toMatchObject({ status: 'done', warnings: [] });
  const members = async (file: string) =>
    parse<{ email: string }>(await readFile(join(shop.folder, 'out', file)), { columns: true }).map(
      ({ email }) => email,
    );
  expect(await members('Wears clogs.csv')).toEqual(['anna@example.com', 'eve@example.com']);
  expect(await members('Both.csv')).toEqual(['eve@example.com']);
  expect(exported.code, exported.stderr).toBe(0);
  expect(parse(await readFile(join(shop.folder, 'all.csv')), { columns: true })).toEqual([
    { email: 'anna@example.com', custom: 'clogs, romans' },
    { email: 'eve@example.com', custom: 'clogs, romans, both' },
  ]);
  expect(part).toMatchObject({ customers: 1 });
});
