import { existsSync } from 'node:fs';
import { copyFile, readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { parse } from 'csv-parse/sync';
import { describe, expect, test } from 'vitest';
import type { Problem } from '../../connectors/index.ts';
import type { Overview } from '../../src/run/overview.ts';
import { jobText, openShop, REFERENCE, type Shop } from './shop.ts';

const EXPORT = join(REFERENCE, 'shopify-export', 'orders_export.csv');
const MODELS = ['lifecycle', 'value_engagement', 'value_tier'] as const;
const LINES = 'segments: { lifecycle: {}, value_engagement: {}, value_tier: {} }';

type Person = { email: string; revenue_12m: string; clv_12m: string } & Record<
  (typeof MODELS)[number],
  string
>;

async function cdnow(): Promise<Shop> {
  const shop = await openShop();
  await copyFile(EXPORT, join(shop.folder, 'orders.csv'));
  await shop.write('job.yaml', jobText('orders.csv', { lines: LINES }));
  return shop;
}

/** Everybody as the command export writes them after a plan of that day, by e-mail address. */
async function peopleOn(shop: Shop, day: string): Promise<Map<string, Person>> {
  await shop.json('plan', 'job.yaml', '--as-of', day);
  const out = join(shop.folder, 'people.csv');
  await shop.cli('export', 'job.yaml', '--out', out);
  const people = parse<Person>(await readFile(out), { columns: true });
  return new Map(people.map((person) => [person.email, person]));
}

/** Counts and cents of whole shops are exact; means are compared to the cent. */
function sum(people: readonly Person[], column: 'revenue_12m' | 'clv_12m'): number {
  return people.reduce((total, person) => total + Math.round(Number(person[column]) * 10_000), 0) / 10_000;
}

async function expectNarrow(shop: Shop, ...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await shop.cli('segments', 'job.yaml', ...args);
  expect(code, stderr).toBe(0);
  expect(stdout.split('\n').filter((line) => line.length > 80)).toEqual([]);
  return stdout;
}

describe.skipIf(!existsSync(EXPORT))('the CDNOW export', () => {
  test(
    'statistics, flows and the value of moves are what a recount of two exports gives',
    { timeout: 400_000 },
    async () => {
      const shop = await cdnow();
      const before = await peopleOn(shop, '1997-12-31');
      const now = await peopleOn(shop, '1998-06-30');

      const overview = await shop.json<Overview>('segments', 'job.yaml', '--since', '1997-12-31');

      expect(overview).toMatchObject({ as_of: '1998-06-30', backfilled: false, customers: 2357 });
      expect(overview.since).toMatchObject({ as_of: '1997-12-31', backfilled: false, customers: 2357 });
      for (const model of MODELS) expectModel(model);
      expect(shop.writes()).toBe(0);

      function expectModel(model: (typeof MODELS)[number]): void {
        const members = Map.groupBy(now.values(), (person) => `${model}.${person[model]}`);
        for (const row of overview.segments.filter(({ segment }) => segment.startsWith(`${model}.`))) {
          const people = members.get(row.segment) ?? [];
          expect(row).toMatchObject({ customers: people.length, reachable: { klaviyo: people.length } });
          expect(Number(row.revenue_12m)).toBeCloseTo(sum(people, 'revenue_12m'), 4);
          expect(Number(row.clv_12m)).toBeCloseTo(sum(people, 'clv_12m'), 4);
        }
        const { cells } = overview.flows.find((flows) => flows.model === model)!;
        const moved = Map.groupBy(now.values(), ({ email, [model]: is }) =>
          [before.get(email)![model], is].map((segment) => `${model}.${segment}`).join(' '),
        );
        expect(cells).toHaveLength(moved.size);
        for (const cell of cells) {
          const people = moved.get(`${cell.from} ${cell.to}`)!;
          expect(cell.customers).toBe(people.length);
          expect(Number(cell.clv_after)).toBeCloseTo(sum(people, 'clv_12m'), 4);
          const then = people.map(({ email }) => before.get(email)!);
          expect(Number(cell.revenue_before)).toBeCloseTo(sum(then, 'revenue_12m'), 4);
        }
        const mean = (segment: string) =>
          sum(members.get(segment)!, 'clv_12m') / members.get(segment)!.length;
        const { moves, lost } = overview.moves.find((found) => found.model === model)!;
        for (const { from, to, worth, low, high, moved: count } of moves) {
          if (members.has(from)) expect(Number(worth)).toBeCloseTo(mean(to) - mean(from), 1);
          else expect(worth).toBeNull();
          if (low !== null) expect((Number(low) + Number(high)) / 2).toBeCloseTo(Number(worth), 1);
          expect(count).toBe(moved.get(`${from} ${to}`)?.length ?? 0);
        }
        const gains = moves.flatMap(({ money }) => (money === null ? [] : Math.abs(Number(money))));
        expect(gains).toEqual(gains.toSorted((a, b) => b - a));
        const down = moves.filter(({ worth }) => Number(worth) < 0);
        expect(lost.customers).toBe(down.reduce((total, { moved: count }) => total + count, 0));
        expect(Number(lost.money)).toBeCloseTo(
          -down.reduce((total, { money }) => total + Number(money), 0),
          0,
        );
      }
    },
  );

  test(
    'a month that no run has seen is computed as a run would have, and the last run stays the last',
    { timeout: 400_000 },
    async () => {
      const shop = await cdnow();
      await shop.json('plan', 'job.yaml', '--as-of', '1998-06-30');

      const first = await shop.json<Overview>('segments', 'job.yaml');

      expect(first.since).toMatchObject({ as_of: '1998-05-30', backfilled: true });
      const may = await shop.json<Overview>('segments', 'job.yaml', '--as-of', '1998-05-30');
      const plan = await (await cdnow()).json('plan', 'job.yaml', '--as-of', '1998-05-30');
      expect(may).toMatchObject({ backfilled: true, segments: plan.segments, model: plan.model });
      const again = await shop.json<Overview>('segments', 'job.yaml');
      expect(again).toEqual(first);
    },
  );
});

describe('the sample shop', () => {
  test('two years of month ends at once, in tables that fit a terminal', { timeout: 500_000 }, async () => {
    const shop = await openShop();
    const sample = resolve('config/sample/orders_export*.csv');
    await shop.write('job.yaml', jobText(sample, { lines: LINES, currency: 'EUR' }));
    await shop.json('plan', 'job.yaml', '--as-of', '2026-10-15');

    const { history, ...overview } = await shop.json<Overview>('segments', 'job.yaml', '--backfill', '24');

    expect(history).toHaveLength(25);
    expect(history.map(({ as_of }) => as_of).filter((_, month) => month % 6 === 0)).toEqual([
      '2024-10-31',
      '2025-04-30',
      '2025-10-31',
      '2026-04-30',
      '2026-10-15',
    ]);
    for (const { customers, segments } of history) {
      for (const model of MODELS) {
        const sizes = segments.filter(({ segment }) => segment.startsWith(model));
        expect(sizes.reduce((total, { customers: size }) => total + size, 0)).toBe(customers);
      }
    }
    const sizes = history.map(({ customers }) => customers);
    expect(sizes.every((size, month) => size >= (sizes[month - 1] ?? 0))).toBe(true);
    expect(history.at(-1)!.segments).toEqual(overview.segments);

    const numbers = await expectNarrow(shop);
    expect(numbers).toContain('customers as of 2026-10-15; money in EUR');
    expect(numbers).toMatch(/^value_engagement +(keep|lift) +\w+ +\w+ +[\d,.]+$/m);
    const all = await expectNarrow(shop, '--flows', '--moves', '--backfill', '24');
    expect(all).toContain('(new)');
    expect(all).toMatch(/^lost to moves down: [\d,.]+ \([\d,]+ customers\)$/m);
    const plays = await expectNarrow(shop, '--playbook');
    expect(plays).toMatch(/^value_engagement\.spenders_at_risk: \d+ customers\n {2}They /m);
    expect(plays.split('\n\n')).toHaveLength(14);
    expect(plays.indexOf('spenders_at_risk')).toBeLessThan(plays.indexOf('silent_quitters'));
    const one = await expectNarrow(shop, '--flows', '--model', 'value_tier');
    expect(one).not.toContain('lifecycle');
  });
});

test.each([
  [['--model', 'lifecicle'], 'Did you mean "lifecycle"?'],
  [['--since', '2026-03-31'], '--since'],
  [['--since', '31.3.2026'], 'YYYY-MM-DD'],
  [['--backfill', '0'], 'from 1 to 240'],
])('%s is refused, with exit code 2', async (args, hint) => {
  const shop = await openShop();
  await shop.write('job.yaml', jobText('orders.csv'));
  await shop.write(
    'orders.csv',
    'Name,Email,Financial Status,Currency,Subtotal,Total,Created at\n#1,ana@example.com,paid,USD,20.00,20.00,2026-01-01 10:00:00 +0000\n',
  );
  await shop.json('plan', 'job.yaml', '--as-of', '2026-03-31');

  const { code, stdout, stderr } = await shop.cli('segments', 'job.yaml', ...args);

  expect(code).toBe(2);
  expect(stdout + stderr).toContain(hint);
});

test('a job that has not run yet is told how to, with exit code 2', async () => {
  const shop = await openShop();
  await shop.write('job.yaml', jobText('orders.csv'));

  const { code, stdout } = await shop.cli('segments', 'job.yaml', '--json');

  expect(code).toBe(2);
  const { errors } = JSON.parse(stdout) as { errors: Problem[] };
  expect(errors).toMatchObject([{ code: 'ARGUMENT_WRONG', what: 'The job shop has not run yet.' }]);
});
