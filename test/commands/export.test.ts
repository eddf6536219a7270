import { mkdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'csv-parse/sync';
import { expect, test } from 'vitest';
import { openCrowd } from '../end-to-end/crowd.ts';
import type { Shop } from '../end-to-end/shop.ts';

const EXPORT = [
  'Name,Email,Financial Status,Currency,Subtotal,Total,Created at,Phone,Billing Name,Billing City,Billing Country',
  '#1,anna@example.com,paid,EUR,20.00,20.00,2026-03-01 10:00:00 +0000,+40721000111,=cmd() Bauer,@Home,RO',
  '#2,bob@example.com,paid,EUR,30.00,30.00,2025-10-01 10:00:00 +0000,,"-Bob ""B"" Müller, Jr",Köln,DE',
  '#3,eve@example.com,paid,EUR,40.00,40.00,2024-03-01 10:00:00 +0000,,Eve Orr,Iași,RO',
  '',
].join('\n');

async function openSmall(): Promise<
  Shop & { out: string; people(...args: string[]): Promise<Record<string, string>[]> }
> {
  const shop = await openCrowd(['csv']);
  await shop.write('orders.csv', EXPORT);
  const out = join(shop.folder, 'made', 'here', 'people.csv');
  const people = async (...args: string[]) => {
    const { code, stderr } = await shop.cli('export', 'job.yaml', '--out', out, ...args);
    expect(code, stderr).toBe(0);
    return parse<Record<string, string>>(await readFile(out), { columns: true });
  };
  return { ...shop, out, people };
}

const PLAN = ['plan', 'job.yaml', '--as-of', '2026-03-31'];

test('everybody of the last run or plan, with every column, to be read by the owner alone', async () => {
  const shop = await openSmall();
  await shop.json(...PLAN);

  const everybody = await shop.people();

  expect(everybody.map(({ email, lifecycle, orders }) => [email, lifecycle, orders])).toEqual([
    ['anna@example.com', 'active', '1'],
    ['bob@example.com', 'at_risk', '1'],
    ['eve@example.com', 'lost', '1'],
  ]);
  expect(Object.keys(everybody[0]!).slice(0, 3)).toEqual(['email', 'customer_id', 'lifecycle']);
  expect((await stat(shop.out)).mode & 0o777).toBe(0o600);
  const answer = await shop.json('export', 'job.yaml', '--segment', 'lifecycle.lost', '--out', shop.out);
  expect(answer).toMatchObject({ job: 'crowd', as_of: '2026-03-31', customers: 1, file: shop.out });
});

test('one segment or several, and the columns one asks for in their order', async () => {
  const shop = await openSmall();
  await shop.json(...PLAN);
  const emails = async (segment: string) => {
    const people = await shop.people('--segment', segment, '--columns', 'revenue, email');
    return people.map(({ email }) => email!.split('@')[0]);
  };

  expect(await emails('lifecycle.at_risk')).toEqual(['bob']);
  expect(await emails('lifecycle.*')).toEqual(['anna', 'bob', 'eve']);
  expect(await emails('*.a*')).toEqual(['anna', 'bob']);
  expect(await emails('lifecycle.top')).toEqual([]);
  expect((await readFile(shop.out, 'utf8')).trim()).toBe('"revenue","email"');
});

test('a column says of each whether they are in a custom segment, as in the files of a destination', async () => {
  const shop = await openSmall();
  const text = await readFile(join(shop.folder, 'job.yaml'), 'utf8');
  const custom = 'custom: [{ name: abroad, where: { field: country, is_not: RO } }]';
  await shop.write('job.yaml', text.replace('segments: { ', `segments: { ${custom}, `));
  await shop.json(...PLAN);

  const people = await shop.people('--columns', 'custom.abroad,custom,email');

  expect(people.map((row) => Object.values(row))).toEqual([
    ['false', '', 'anna@example.com'],
    ['true', 'abroad', 'bob@example.com'],
    ['false', '', 'eve@example.com'],
  ]);
});

test('a name that a spreadsheet would take for a formula is text, a phone number stays one', async () => {
  const shop = await openSmall();
  await shop.json(...PLAN);

  const [anna, bob] = await shop.people('--columns', 'first_name,last_name,city,phone');

  expect(anna).toEqual({ first_name: "'=cmd()", last_name: 'Bauer', city: "'@Home", phone: '+40721000111' });
  expect(bob!.first_name).toMatch(/^'-Bob/);
});

test.for([
  { wrong: 'an unknown segment', args: ['--segment', 'lifecycle.atrisk'], says: 'lifecycle.at_risk' },
  { wrong: 'an unknown column', args: ['--columns', 'email,revenu'], says: 'revenue' },
  { wrong: 'a folder as file', args: ['--out', '.'], says: 'cannot be written' },
])('$wrong: exit 2 with what might be meant', async ({ args, says }) => {
  const shop = await openSmall();
  await mkdir(join(shop.folder, 'made'));
  await shop.json(...PLAN);

  const { code, stderr } = await shop.cli('export', 'job.yaml', '--out', 'people.csv', ...args);

  expect(code).toBe(2);
  expect(stderr).toContain('ARGUMENT_WRONG');
  expect(stderr).toContain(says);
});

test('before any run it says how to make one', async () => {
  const shop = await openSmall();

  const { code, stderr } = await shop.cli('export', 'job.yaml', '--out', shop.out);

  expect(code).toBe(2);
  expect(stderr).toContain('has not run yet');
  expect(stderr).toContain('segment-sync plan');
});
