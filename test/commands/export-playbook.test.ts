import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'csv-parse/sync';
import { expect, test } from 'vitest';
import { PLAYBOOK } from '../../src/job/playbook.ts';
import { openShop } from '../end-to-end/shop.ts';

const JOB = `name: shop
currency: EUR
sources:
  - type: csv
    path: orders.csv
    columns: { order_id: id, email: mail, ordered_at: day, goods: sum }
segments:
  lifecycle:
    model: recency
    playbook: { lost: { priority: 0.5, email: "=Ask, then stop." } }
  value_tier: { cuts: absolute, at: [20, 100] }
destinations:
  - { type: csv, path: out, audiences: [{ segment: "*" }] }
`;

const ORDERS = `id,mail,day,sum
1,ana@example.com,2026-03-01,500
2,bo@example.com,2026-03-01,10
3,cy@example.com,2024-01-01,500
`;

type Row = Record<string, string>;

test('an export says what to do about the most urgent of the segments one asks for', async () => {
  const shop = await openShop();
  await shop.write('job.yaml', JOB);
  await shop.write('orders.csv', ORDERS);
  await shop.json('plan', 'job.yaml', '--as-of', '2026-03-31');
  const plays = async (...args: string[]) => {
    const out = join(shop.folder, 'people.csv');
    const { code, stderr } = await shop.cli('export', 'job.yaml', '--out', out, ...args);
    expect(code, stderr).toBe(0);
    const people = parse<Row>(await readFile(out), { columns: true });
    return people.map(({ email, priority, meaning, email_action, ads_action, outreach_action }) => ({
      email: email?.split('@')[0],
      priority,
      said: [meaning, email_action, ads_action, outreach_action],
    }));
  };
  const { lifecycle, value_tier } = PLAYBOOK;
  const row = (email: string, { priority, meaning, email: mail, ads, outreach }: typeof lifecycle.top) => ({
    email,
    priority: String(priority),
    said: [meaning, mail, ads, outreach],
  });
  // A spreadsheet would take what begins so for a formula.
  const lost = { ...lifecycle.lost, priority: 0.5, email: "'=Ask, then stop." };

  expect(await plays('--segment', '*')).toEqual([
    row('ana', value_tier.high),
    row('bo', lifecycle.active),
    row('cy', lost),
  ]);
  expect(await plays('--segment', 'value_tier.*')).toEqual([
    row('ana', value_tier.high),
    row('bo', value_tier.low),
    row('cy', value_tier.low),
  ]);
  expect(await plays('--segment', 'lifecycle.active')).toEqual([
    row('ana', lifecycle.active),
    row('bo', lifecycle.active),
  ]);
  expect((await plays('--columns', 'email,priority')).map(({ priority }) => priority)).toEqual([
    '2',
    '4',
    '0.5',
  ]);
});
