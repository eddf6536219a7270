import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'csv-parse/sync';
import { expect, test } from 'vitest';
import { openShop, type Shop } from './shop.ts';

const JOB = `name: shop
currency: EUR
timezone: UTC
sources:
  - type: csv
    path: orders.csv
    columns: { order_id: id, email: mail, ordered_at: day, goods: sum }
  - type: csv
    records: customers
    path: costs.csv
    columns: { email: mail, acquisition_cost: won, service_cost: served }
segments: { value_tier: { cuts: absolute, at: [20, 100] } }
destinations:
  - { type: csv, path: out, audiences: [{ segment: value_tier.* }] }
`;

type Row = Record<string, string>;

async function exported(shop: Shop, ...args: string[]): Promise<Row[]> {
  const out = join(shop.folder, 'people.csv');
  const { code, stderr } = await shop.cli('export', 'job.yaml', '--out', out, ...args);
  expect(code, stderr).toBe(0);
  return parse<Row>(await readFile(out), { columns: true });
}

test('costs from a file decide the tier, and the export tells costs, scores and tier; without a model no prediction', async () => {
  const shop = await openShop();
  await shop.write('job.yaml', JOB);
  await shop.write(
    'orders.csv',
    'id,mail,day,sum\n1,ana@example.com,2026-03-01,130\n2,bo@example.com,2026-02-01,130\n3,cy@example.com,2024-01-01,500\n',
  );
  await shop.write('costs.csv', 'mail,won,served\nana@example.com,20.00,10.00\nbo@example.com,20,9.9999\n');

  const report = await shop.json('run', 'job.yaml', '--as-of', '2026-03-31');

  expect(report).toMatchObject({ status: 'done', limits: { value_tier: { low: '20', high: '100' } } });
  expect(report.warnings).toEqual([expect.stringContaining('nothing predicted')]);
  const columns = 'email,value_tier,acquisition_cost,service_cost,r_score,f_score,m_score,p_alive,clv_12m';
  expect(await exported(shop, '--columns', columns)).toEqual([
    row('ana@example.com', 'medium', '20', '10', 4, 1, 1),
    row('bo@example.com', 'high', '20', '9.9999', 2, 1, 1),
    row('cy@example.com', 'low', '', '', 1, 1, 4),
  ]);
  expect(await readFile(join(shop.folder, 'out', 'High value.csv'), 'utf8')).toContain('bo@example.com');

  function row(email: string, value_tier: string, won: string, served: string, ...scores: number[]): Row {
    const [r_score, f_score, m_score] = scores.map(String) as [string, string, string];
    const costs = { acquisition_cost: won, service_cost: served };
    return { email, value_tier, ...costs, r_score, f_score, m_score, p_alive: '', clv_12m: '' };
  }
});

test('what a customer is expected to pay lifts their tier', async () => {
  const shop = await openShop();
  await shop.write('job.yaml', JOB);
  await shop.write('orders.csv', ordersOf(200));
  await shop.write('costs.csv', 'mail,won,served\nbuyer0@example.com,0,5\n');

  const report = await shop.json('plan', 'job.yaml', '--as-of', '2026-03-31');

  expect(report).toMatchObject({ customers: 200, error: null });
  expect(report.warnings.join()).not.toContain('value_tier');
  expect(report.model.name).not.toBe('recency');
  const people = await exported(shop);
  expect(people).toHaveLength(200);
  for (const person of people) {
    const units = (column: string) => Math.round(Number(person[column]) * 10_000);
    const value = units('revenue_12m') + units('clv_12m') - units('acquisition_cost') - units('service_cost');
    expect(person.value_tier, person.email).toBe(
      value > 1_000_000 ? 'high' : value < 200_000 ? 'low' : 'medium',
    );
    for (const score of ['r_score', 'f_score', 'm_score']) expect(person[score]).toMatch(/^[1-5]$/);
    expect(Number(person.p_alive)).toBeGreaterThan(0);
    expect(Number(person.expected_purchases)).toBeGreaterThan(0);
    expect(Number(person.expected_order_value)).toBeGreaterThan(0);
  }
  const spentTooLittle = people.filter(({ revenue_12m }) => Number(revenue_12m) < 100);
  expect(spentTooLittle.map(({ value_tier }) => value_tier)).toContain('high');
});

/** Orders of customers who began two years ago or later, at intervals and for amounts of their own. */
function ordersOf(customers: number): string {
  const rows = Array.from({ length: customers }, (_, customer) => {
    const gap = 20 + ((customer * 37) % 160);
    const count = 1 + ((customer * 13) % 7);
    const first = Date.parse('2026-03-30') - ((customer * 53) % 700) * DAY_MS;
    return Array.from({ length: count }, (_, order) => first + order * gap * DAY_MS)
      .filter((at) => at < Date.parse('2026-03-31'))
      .map((at, order) => {
        const sum = 5 + ((customer * 7 + order * 11) % 40);
        return `${customer}-${order},buyer${customer}@example.com,${new Date(at).toISOString().slice(0, 10)},${sum}`;
      });
  });
  return ['id,mail,day,sum', ...rows.flat(), ''].join('\n');
}

const DAY_MS = 86_400_000;
