import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'csv-parse/sync';
import { expect, onTestFinished, test } from 'vitest';
import { csvDestination } from '../../connectors/csv/destination.ts';
import { type Engine, openEngine } from '../../src/engine/engine.ts';
import { RetentionSettings } from '../../src/job/retention-settings.ts';
import { erase } from '../../src/run/erase.ts';
import { explainCustomer } from '../../src/run/explain.ts';
import { lastRun } from '../../src/run/state.ts';
import { tidy } from '../../src/run/tidy.ts';
import { stateDir } from '../engine/state-dir.ts';
import { aBuyer, aLine, anOrder, aVisit, openStage } from './stage.ts';

/** Every statement of this file's store, as it was sent. */
const statements: string[] = [];

function listening(engine: Engine): Engine {
  const heard = (sql: string) => void statements.push(sql);
  return {
    ...engine,
    query: (sql, ...rest) => (heard(sql), engine.query(sql, ...rest)),
    stream: (sql, ...rest) => (heard(sql), engine.stream(sql, ...rest)),
    bytes: (sql, ...rest) => (heard(sql), engine.bytes(sql, ...rest)),
    command: (sql, ...rest) => (heard(sql), engine.command(sql, ...rest)),
    load: (sql, ...rest) => (heard(sql), engine.load(sql, ...rest)),
    insert: (table, ...rest) => (heard(table), engine.insert(table, ...rest)),
  };
}

const state = stateDir();
const stage = openStage(async () => listening(await openEngine({ state: state.path })));

/** Marks every text that comes from a shop or a job file. */
const MARK = 'zqx';
/** What ends a text, a name, a comment or a parameter, in SQL and in the engine's own forms of it. */
const HOSTILE = [
  `'`,
  `\\'`,
  `''; DROP TABLE orders; --`,
  '"',
  '`',
  '\\',
  '\\\\',
  '{a:String}',
  '/*',
  '*/',
  '#',
  '$$',
  '\t',
  '%_',
  '😀',
  '=1+1',
].map((text, index) => `${MARK}${index}${text}${MARK}`);

/** What is left of a statement without its literals of text. */
function withoutTexts(sql: string): string {
  return sql.replaceAll(/'(?:[^'\\]|\\.)*'/gs, '?');
}

test(
  'whatever a shop holds or a job file says never becomes part of a statement, and comes back as it was',
  { timeout: 120_000 },
  async () => {
    const folder = await mkdtemp(join(tmpdir(), `hostile ' ${MARK} -`));
    onTestFinished(() => rm(folder, { recursive: true, force: true }));
    onTestFinished(() => state[Symbol.asyncDispose]());
    const heading = (name: string) => `${name} ${HOSTILE[2]}`;
    const cell = (text: string) => `"${text.replaceAll('"', '""')}"`;
    const rows = HOSTILE.map((text, index) =>
      [`f${index}`, `file${index}@example.com`, '2026-03-01', '10', text].map(cell).join(','),
    );
    const head = ['id', 'mail', 'at', 'total', 'city'].map((name) => cell(heading(name))).join(',');
    await writeFile(join(folder, 'orders.csv'), [head, ...rows, ''].join('\n'));
    const columns = {
      order_id: 'id',
      email: 'mail',
      ordered_at: 'at',
      total: 'total',
      city: 'city',
    };
    const shop = stage.shop({
      sources: [
        'shelf',
        {
          type: 'csv',
          name: 'file',
          path: join(folder, 'orders.csv'),
          columns: Object.fromEntries(Object.entries(columns).map(([field, name]) => [field, heading(name)])),
        },
      ],
      segments: {
        lifecycle: { model: 'recency' },
        custom: [
          ...HOSTILE.map((category, index) => ({
            name: `bought_${index}`,
            where: {
              any: [
                { bought: { category } },
                { field: 'city', is: category },
                { field: 'tags', has: category },
              ],
            },
          })),
          { name: 'by', per_category: { of: 'lifecycle.active', by: 'bought', at_least: 1 } },
        ],
      },
      connectors: { csv: csvDestination },
      destinations: [
        {
          type: 'csv',
          name: 'to',
          path: join(folder, 'out'),
          columns: ['email', 'first_name', 'city'],
          audiences: [
            { segment: 'lifecycle.*', file: `{label} ${HOSTILE[1]!.replaceAll(/[^\w']/g, '')}` },
            { segment: 'custom.by.*', file: 'by {label}', holdout: 0.1 },
          ],
        },
      ],
    });
    const people = HOSTILE.map((text, index) => {
      const order = anOrder({
        email: `person${index}@example.com`,
        customer_id: text,
        order_id: text,
        number: text,
      });
      return {
        ...aBuyer(`person${index}`, order, {
          customer_id: text,
          first_name: text,
          city: text,
          tags: [text],
          extra: {},
        }),
        orders: [order],
        lines: [aLine(order, { title: text, category: text, brand: text, sku: text, product_id: text })],
        events: [aVisit({ event_id: text, customer_id: text, email: undefined })],
      };
    });
    shop.holds(people, 'shelf');

    const report = await shop.run('2026-03-31', { reach: 'all' });
    const again = await shop.run('2026-03-31');
    const last = await lastRun(stage.engine, shop.job.name, 'segmented');
    const explained = await explainCustomer(stage.engine, shop.job, last!, { email: 'person2@example.com' });
    const quiet = { state: state.path, signal: new AbortController().signal, log: () => {} };
    await tidy(
      stage.engine,
      { ...RetentionSettings.parse({}), orders: 3000, events: 3000 },
      { ...quiet, now: Date.now() },
    );
    const erased = await erase(stage.engine, [shop.job], 'person3@example.com', quiet);

    expect(report).toMatchObject({ status: 'done', error: null, customers: 2 * HOSTILE.length });
    expect(again.audiences.every(({ added, removed }) => added + removed === 0)).toBe(true);
    for (const index of HOSTILE.keys()) {
      const found = report.segments.find(({ segment }) => segment === `custom.bought_${index}`);
      expect([HOSTILE[index], found?.customers]).toEqual([HOSTILE[index], 2]);
    }
    expect(explained.orders).toMatchObject([{ order_id: HOSTILE[2] }]);
    expect(erased.complete).toBe(true);
    const [active] = (await readdir(join(folder, 'out'))).filter((name) => name.startsWith('Active'));
    const written = parse<Record<string, string>>(await readFile(join(folder, 'out', active!)), {
      columns: true,
    });
    const names = written
      .filter(({ email }) => email!.startsWith('person'))
      .map(({ first_name }) => first_name);
    expect(names.toSorted()).toEqual(HOSTILE.filter((_, index) => index !== 3).toSorted());
    expect(statements.length).toBeGreaterThan(100);
    expect(statements.map(withoutTexts).filter((sql) => sql.includes(MARK))).toEqual([]);
  },
);
