import fc from 'fast-check';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { assigned, EXTRAS, people } from '../models/custom/world.ts';
import { aBuyer, aCustomer, openStage } from './stage.ts';

const stage = openStage();
const folder = mkdtempSync(join(tmpdir(), 'sql-'));
afterAll(() => rmSync(folder, { recursive: true }));

let files = 0;
/** Writes a file of SQL; its path. */
function sqlFile(text: string): string {
  const path = join(folder, `${(files += 1)}.sql`);
  writeFileSync(path, `-- Somebody\n${text}`);
  return path;
}

/** The same people, asked for by a rule and by SQL. */
const PAIRS: { where: object; sql: string }[] = [
  {
    where: { field: 'country', is: 'RO' },
    sql: `SELECT customer FROM customer_profiles WHERE lower(country) = 'ro'`,
  },
  {
    where: {
      all: [{ field: 'revenue', above: '99.99' }, { not: { field: 'email_consent', is: ['no', 'unknown'] } }],
    },
    sql: `SELECT customer_id FROM customer_profiles WHERE revenue > 99.99 AND email_consent NOT IN ('no', 'unknown')`,
  },
  {
    where: { bought: { category: 'shoes', within: '365d', at_least: 2, spent_at_least: 20 } },
    sql: `SELECT customer FROM customer_purchases WHERE lowerUTF8(category) = 'shoes' AND day > {as_of:Date32} - 365
          GROUP BY customer HAVING uniqExact(order_id) >= 2 AND sum(spent) >= 20`,
  },
  {
    where: { not: { bought: { collection: 'sale' } } },
    sql: `SELECT customer FROM customer_profiles
          EXCEPT SELECT customer FROM customer_purchases WHERE arrayExists(name -> lower(name) = 'sale', collections)`,
  },
  {
    where: { any: [{ segment: 'lifecycle.top' }, { segment: 'value_tier.high' }] },
    sql: `SELECT customer FROM customer_segments WHERE segment IN ('lifecycle.top', 'value_tier.high')`,
  },
  {
    where: {
      any: [
        { field: 'tags', has: 'vip' },
        { field: 'extra.age', at_least: 35 },
      ],
    },
    sql: `SELECT customer FROM customer_profiles
          WHERE has(arrayMap(tag -> lower(tag), tags), 'vip') OR (match(trim(extra['age']), '^[+-]?[0-9.]+$') AND toFloat64OrNull(trim(extra['age'])) >= 35)`,
  },
  {
    where: {
      all: [
        { field: 'clv_12m', known: true },
        { field: 'last_visit', known: false },
      ],
    },
    sql: 'SELECT * FROM customer_profiles WHERE clv_12m IS NOT NULL AND last_visit IS NULL',
  },
];

describe('a file of SQL', () => {
  test('finds whom the same rule in YAML finds', { timeout: 120_000 }, async () => {
    const custom = PAIRS.flatMap(({ where, sql }, index) => [
      { name: `rule_${index}`, where },
      { name: `file_${index}`, sql: sqlFile(sql) },
    ]);
    let crowds = 0;
    const found = new Map<string, number>();
    await fc.assert(
      fc.asyncProperty(people, async (crowd) => {
        const shop = stage.shop({
          sources: [{ type: 'memory', name: `sql-${(crowds += 1)}`, extra: [...EXTRAS] }],
          segments: { lifecycle: { top_share: 0.3 }, value_tier: {}, custom },
        });

        const customers = await assigned(stage, shop, crowd);

        for (const { fields, segments } of customers)
          for (const index of PAIRS.keys()) {
            const is = segments.has(`custom.rule_${index}`);
            expect(segments.has(`custom.file_${index}`), `${index} ${JSON.stringify(fields)}`).toBe(is);
            found.set(`${index} ${is}`, (found.get(`${index} ${is}`) ?? 0) + 1);
          }
      }),
      { numRuns: 20, endOnFailure: true },
    );
    // Each pair was put to people of both kinds.
    expect(found.size).toBe(2 * PAIRS.length);
  });

  test('may be named by a rule, and by no name that no customer has', async () => {
    const shop = stage.shop({
      segments: {
        custom: [
          { name: 'both', where: { all: [{ segment: 'custom.file' }, { field: 'country', is: 'DE' }] } },
          {
            name: 'file',
            sql: sqlFile(
              `SELECT 'email:nobody@example.com' AS customer UNION ALL SELECT customer FROM customer_profiles`,
            ),
          },
        ],
      },
    });
    shop.holds([aBuyer('ana', {}, { country: 'DE' }), aBuyer('bo', {}, { country: 'RO' })]);

    const { segments, status } = await shop.run('2026-03-31');

    expect(status).toBe('done');
    expect(segments.map(({ segment, customers }) => [segment, customers])).toEqual([
      ['custom.both', 1],
      ['custom.file', 2],
    ]);
  });

  test.for([
    ['a column that is not there', 'SELECT customer FROM customer_profiles WHERE revenu > 1', /revenu/],
    [
      'no column that names customers',
      'SELECT email FROM customer_profiles',
      /It yields email, but no column "customer"/,
    ],
    ['a column that holds no texts', 'SELECT 1 AS customer', /holds UInt8, not texts/],
    ['a table of the store', 'SELECT customer FROM profiles', /but not profiles/],
    ['no SQL', `SELECT customer FROM customer_profiles WHERE ) email = 'ana@example.com'`, /Syntax error/],
  ] as const)('with %s stops the run before anything is pulled, and is named', async ([, sql, why]) => {
    const file = sqlFile(sql);
    const shop = stage.shop({ segments: { custom: [{ name: 'vip', sql: file }] } });
    shop.holds([{ customers: [aCustomer()], ...aBuyer('ana') }]);

    const { status, error, pulled } = await shop.run('2026-03-31');

    expect(status).toBe('failed');
    expect(error).toMatchObject({
      code: 'SEGMENT_SQL_WRONG',
      where: file,
      what: expect.stringContaining('custom.vip'),
    });
    expect(error?.why).toMatch(why);
    expect(JSON.stringify(error)).not.toContain('ana@example.com');
    expect(pulled.orders).toBe(0);
  });
});
