import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'csv-parse/sync';
import { expect, test } from 'vitest';
import { AS_OF, EXPORT, openSmall } from './three-customers.ts';

test('rows that cannot be read are counted and listed by file and line, the rest is sent', async () => {
  const shop = await openSmall();
  const bad = '#4,bad@example.com,paid,EUR,20.00,20.00,31 Brumaire,Jean';
  await shop.write(
    'orders.csv',
    `${EXPORT}${bad}\n#5,worse@example.com,paid,EUR,lots,lots,2026-03-01 10:00:00 +0000,Jo\n`,
  );

  const { code, stdout } = await shop.cli('run', 'job.yaml', ...AS_OF);
  const report = await shop.json('run', 'job.yaml', '--full', ...AS_OF);

  expect(code).toBe(0);
  expect(stdout).toContain('2 rows were rejected');
  expect(stdout).toMatch(/orders\.csv:5: \S/);
  expect(stdout).toMatch(/orders\.csv:6: \S/);
  expect(report.pulled).toMatchObject({ orders: 3, rejected: 2 });
  expect(report.pulled.rejections.map(({ line }) => line)).toEqual([5, 6]);
  expect(Object.values(shop.state().mailchimp.tags).flat()).toHaveLength(3);
});

const ENCODINGS = [
  {
    name: 'UTF-16 with a mark',
    bytes: Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from(EXPORT, 'utf16le')]),
  },
  { name: 'UTF-16 without a mark', bytes: Buffer.from(EXPORT, 'utf16le') },
  { name: 'UTF-8 with a mark', bytes: Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), Buffer.from(EXPORT)]) },
  { name: 'Latin-1', bytes: Buffer.from(EXPORT.replace('ă', 'a'), 'latin1'), note: 'windows-1252' },
];

test.for(ENCODINGS)('an export in $name is read, letters and all', async ({ bytes, note }) => {
  const shop = await openSmall();
  await writeFile(join(shop.folder, 'orders.csv'), bytes);
  const out = join(shop.folder, 'people.csv');

  const plan = await shop.json('plan', 'job.yaml', ...AS_OF);
  await shop.cli('export', 'job.yaml', '--columns', 'email,last_name', '--out', out);

  expect(plan).toMatchObject({ customers: 3, error: null, pulled: { rejected: 0 } });
  if (note) expect(plan.warnings.join()).toContain(note);
  const people = parse<Record<'email' | 'last_name', string>>(await readFile(out), { columns: true });
  expect(people.find(({ email }) => email === 'zoe@example.com')?.last_name).toBe('Müller');
});
