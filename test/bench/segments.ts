import { join } from 'node:path';
import { openEngine, type Engine } from '../../src/engine/engine.ts';
import { createTables } from '../../src/engine/tables.ts';
import { parseJob } from '../../src/job/load.ts';
import { countForRules } from '../../src/run/counts.ts';
import { explainCustomer } from '../../src/run/explain.ts';
import { newRun } from '../../src/run/new-run.ts';
import { predict } from '../../src/run/predict.ts';
import { profile } from '../../src/run/profile.ts';
import { rulesOf } from '../../src/run/rules.ts';
import type { RunContext } from '../../src/run/run.ts';
import { assignSegments, scoreCustomers } from '../../src/run/segment.ts';
import { recordRun, lastRun } from '../../src/run/state.ts';
import { type Figure, seconds, timeFigure } from './figure.ts';
import { AS_OF } from './shop.ts';

/** What `explain` may take on a shop of a million customers. */
const EXPLAIN_SECONDS = 1;
const ONE = 'shopper77@example.com';
/** The first shopper has one in three hundred of 100,000 customers' orders, one in a thousand of a million's. */
const BUSIEST = 'shopper0@example.com';

/**
 * All models and twenty rules over a shop of so many orders by a tenth as many customers, made by the engine itself,
 * against the bare rollup of the same data; and two of its customers explained. Both sides are done in turn, three
 * times, over the same store, and the best time of each counts.
 */
export async function segmentFigures(folder: string, orders: number): Promise<Figure[]> {
  const engine = await openEngine({ state: join(folder, 'segments'), idle_seconds: 1 });
  try {
    await createTables(engine);
    const job = parseJob(JOB, { file: join(folder, 'job.yaml'), env: {} });
    await makeShop(engine, orders, job.sources[0]!.key);
    const { signal } = new AbortController();
    const run = await newRun(engine, job, { as_of: AS_OF, log: () => undefined, signal, cut: signal });
    const { customers, round } = await profile(run);
    await predict(run);
    const [bare, bareLines, counted, assigned] = await quickest(
      [
        () => engine.query(ROLLUP),
        async () => {
          await engine.query(LINES_ROLLUP);
          await engine.query(EVENTS_ROLLUP);
        },
        () => countForRules(run, round),
        async () => {
          await scoreCustomers(run);
          const { limits } = await assignSegments(run, true, round);
          const detail = { limits, rules: rulesOf(job) };
          await recordRun(engine, { job: job.name, run_id: run.run_id, as_of: AS_OF }, 'segmented', detail);
        },
      ],
      () => forget(engine, run),
    );
    const last = (await lastRun(engine, job.name, 'segmented'))!;
    const explain = (email: string) => () => explainCustomer(engine, job, last, { email });
    const [one, busiest] = await quickest([explain(ONE), explain(BUSIEST)]);
    const size = `${customers.toLocaleString('en')} customers, ${orders.toLocaleString('en')} orders`;
    return [
      timeFigure(`all models and 20 rules, ${size}`, assigned!, 'bare rollup of the orders', bare!),
      timeFigure(
        'what the rules ask of lines and events',
        counted!,
        'bare rollup of lines and events',
        bareLines!,
      ),
      timeFigure(
        'both together',
        assigned! + counted!,
        'bare rollup of orders, lines and events',
        bare! + bareLines!,
      ),
      timeFigure('explain one of them', one!, 'allowed', EXPLAIN_SECONDS),
      timeFigure('explain the one with most orders', busiest!, 'allowed', EXPLAIN_SECONDS),
    ];
  } finally {
    await engine.close();
  }
}

const ROUNDS = 3;

/**
 * The best time of each work in some rounds. The first round pays for reading from the disk.
 * @param before done before each round, without being measured
 */
async function quickest(
  works: readonly (() => Promise<unknown>)[],
  before: () => Promise<void> = () => Promise.resolve(),
): Promise<number[]> {
  const best = works.map(() => Infinity);
  for (let round = 0; round < ROUNDS; round += 1) {
    await before();
    for (const [index, work] of works.entries()) best[index] = Math.min(best[index]!, await seconds(work));
  }
  return best;
}

/** What the run wrote of scores, counts and segments, so that it can write them again. */
async function forget(engine: Engine, { job, run_id }: RunContext): Promise<void> {
  for (const table of ['scores', 'counts'])
    await engine.command(`ALTER TABLE ${table} DROP PARTITION ('${job.name}', '${run_id}')`);
  await engine.command('TRUNCATE TABLE assignments');
}

const ROLLUP = `SELECT count() FROM (
  SELECT email, count(), sum(goods), min(ordered_at), max(ordered_at) FROM orders FINAL GROUP BY email)`;

/**
 * What anybody must do who counts lines by customer: find the customer of each line, and group. Lines and events are
 * taken as they lie in the store, also where newer ones stand for older: the bare side shall not be slower than it could be.
 */
const LINES_ROLLUP = `SELECT count() FROM (
  SELECT email, uniqExactIf(order_id, category = 'Category 7'), sum(net), sumIf(net, category = 'Category 7')
  FROM order_lines AS line INNER JOIN (SELECT order_id, email FROM orders FINAL) AS o USING (order_id) GROUP BY email)`;

const EVENTS_ROLLUP = `SELECT count() FROM (
  SELECT email, count(), countIf(type = 'open'), max(at) FROM events GROUP BY email)`;

/** Orders of the last thousand days, a line each, events of the last four hundred. */
export async function makeShop(engine: Engine, orders: number, source: string): Promise<void> {
  const customers = Math.ceil(orders / 10);
  const params = { source, orders, customers, events: Math.ceil(orders / 5), last: `${AS_OF} 00:00:00` };
  const somebody = (dice: string) =>
    `concat('shopper', toString(toUInt32(pow(${dice} / 4294967296, 2) * {customers:UInt32})), '@example.com')`;
  const day = (dice: string, days: number) =>
    `toDateTime64({last:String}, 3, 'UTC') - toIntervalSecond(${dice} % ${days * 86_400})`;
  const dice = (salt: number) => `toUInt32(cityHash64(number, ${salt}))`;
  const amount = `toDecimal64(5 + ${dice(3)} / 4294967296 * 200, 4)`;
  await engine.command(
    `INSERT INTO orders (source, run_id, order_id, email, ordered_at, state, counts, currency, goods, version)
     SELECT {source:String}, 'bench', toString(number), ${somebody(dice(1))}, ${day(dice(2), 1000)}, 'paid', true, 'EUR',
       ${amount}, 1 FROM numbers({orders:UInt32})`,
    params,
  );
  await engine.command(
    `INSERT INTO order_lines (source, run_id, order_id, line_id, sku, title, category, brand, quantity, net, version)
     SELECT {source:String}, 'bench', toString(number), '1', concat('SKU', toString(${dice(4)} % 500)),
       concat('Product ', toString(${dice(4)} % 500)), concat('Category ', toString(${dice(4)} % 20)),
       concat('Brand ', toString(${dice(4)} % 40)), 1, ${amount}, 1 FROM numbers({orders:UInt32})`,
    params,
  );
  await engine.command(
    `INSERT INTO customers (source, run_id, record_key, email, country, email_consent, tags, extra, updated_at)
     SELECT {source:String}, 'bench', concat('x email:', email), concat('shopper', toString(number), '@example.com') AS email,
       ['RO', 'DE', 'FR'][number % 3 + 1], ['yes', 'no', 'unknown'][number % 3 + 1], if(number % 5 = 0, ['club'], []),
       map('age', toString(18 + number % 60)), toDateTime64({last:String}, 3, 'UTC') FROM numbers({customers:UInt32})`,
    params,
  );
  await engine.command(
    `INSERT INTO events (source, run_id, event_id, type, at, email)
     SELECT {source:String}, 'bench', toString(number), ['visit', 'open', 'click'][${dice(5)} % 3 + 1],
       ${day(dice(2), 400)}, ${somebody(dice(1))} FROM numbers({events:UInt32})`,
    params,
  );
}

const RULES = [
  '{ field: revenue_12m, at_least: 200 }',
  '{ field: country, is: [RO, DE] }',
  '{ all: [{ field: orders, at_least: 3 }, { field: days_since_order, below: 90 }] }',
  '{ any: [{ segment: lifecycle.top }, { segment: value_engagement.true_champions }] }',
  '{ not: { segment: lifecycle.lost } }',
  '{ field: email_consent, is: "yes" }',
  '{ field: tags, has: club }',
  '{ field: extra.age, at_least: 40 }',
  '{ field: first_order, within: 365d }',
  '{ field: last_order, older_than: 180d }',
  '{ field: p_alive, below: 0.5 }',
  '{ all: [{ field: clv_12m, above: 100 }, { not: { field: country, is: FR } }] }',
  '{ field: m_score, at_least: 4 }',
  '{ any: [{ field: visits_12m, at_least: 2 }, { field: clicks_12m, at_least: 1 }] }',
  '{ all: [{ segment: value_tier.high }, { field: email_consent, is_not: "no" }] }',
  '{ field: average_order_value, above: 120 }',
  '{ bought: { category: Category 7, within: 365d } }',
  '{ bought: { product: [Product 3, Product 4], at_least: 2 } }',
  '{ not: { bought: { brand: Brand 5 } } }',
  '{ did: { event: open, within: 90d, at_least: 2 } }',
];

export const JOB = `
name: bench-segments
currency: EUR
sources:
  - type: csv
    records: customers
    path: people.csv
    columns: { email: mail }
    extra: { age: age }
segments:
  lifecycle: { backtest: false }
  value_engagement: {}
  engagement: {}
  value_tier: {}
  custom:
${RULES.map((rule, index) => `    - { name: rule_${index + 1}, where: ${rule} }`).join('\n')}
destinations: [{ type: csv, path: out, audiences: [{ segment: lifecycle.* }] }]
`;
