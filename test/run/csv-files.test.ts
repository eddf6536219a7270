import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'csv-parse/sync';
import { expect, test } from 'vitest';
import { csvDestination } from '../../connectors/csv/destination.ts';
import type { DestinationDefinition, Page } from '../../connectors/index.ts';
import { erase } from '../../src/run/erase.ts';
import { explainCustomer } from '../../src/run/explain.ts';
import { lastRun } from '../../src/run/state.ts';
import { stateDir } from '../engine/state-dir.ts';
import { aBuyer, aLine, openStage, type ShopSettings } from './stage.ts';

const stage = openStage();

const AS_OF = '2026-03-31';
const AUDIENCES = [{ segment: '*', file: 'customers', one_file: true }];

/** A shop that keeps files; without a model, lifecycle goes by how long ago the latest order was. */
async function openShop(destination: object, settings: ShopSettings = {}) {
  const folder = stateDir();
  const connectors = { csv: csvDestination as DestinationDefinition };
  const destinations = [{ type: 'csv', path: folder.path, audiences: AUDIENCES, ...destination }];
  const shop = stage.shop({ connectors, destinations, segments: { lifecycle: {} }, ...settings });
  /** The rows of a file by their headings. */
  const rows = async (name = 'customers') =>
    parse<Record<string, string>>(await readFile(join(folder.path, `${name}.csv`)), { columns: true });
  const written = async (name = 'customers') =>
    (await stat(join(folder.path, `${name}.csv`), { bigint: true })).ino;
  const change = (more: object) => shop.change({ destinations: [{ ...destinations[0]!, ...more }] });
  return { ...shop, folder, rows, written, change, [Symbol.asyncDispose]: folder[Symbol.asyncDispose] };
}

/** Anna of Köln is active, Bob of Cluj is lost. */
function people(anna: object = {}, bob: object = {}): Page[] {
  return [
    aBuyer('anna', { order_id: 'a', goods: '30.00' }, { first_name: 'Anna', city: 'Köln', ...anna }),
    aBuyer(
      'bob',
      { order_id: 'b', ordered_at: '2023-03-01T12:00:00.000Z' },
      { first_name: 'Bob', city: 'Cluj', ...bob },
    ),
  ];
}

test('unless told otherwise a file says who its customers are and their segment of every model', async () => {
  await using shop = await openShop(
    { audiences: [{ segment: 'lifecycle.*' }] },
    {
      segments: {
        lifecycle: {},
        custom: [{ name: 'buyers', where: { field: 'orders', at_least: 1 } }],
      },
    },
  );
  shop.holds(people());

  const report = await shop.run(AS_OF);

  expect(report).toMatchObject({ status: 'done' });
  expect((await readdir(shop.folder.path)).toSorted()).toEqual(['Active.csv', 'Lost.csv']);
  expect(await shop.rows('Active')).toEqual([
    {
      email: 'anna@example.com',
      phone: '',
      customer_id: 'anna@example.com',
      first_name: 'Anna',
      last_name: '',
      city: 'Köln',
      region: '',
      zip: '',
      country: '',
      lifecycle: 'active',
      custom: 'buyers',
    },
  ]);
});

test('one file holds all customers of its segments once each, a column for each model', async () => {
  await using shop = await openShop(
    { columns: ['email', 'lifecycle', 'value_tier', 'custom', 'custom.old'] },
    {
      segments: {
        lifecycle: {},
        value_tier: {},
        custom: [
          { name: 'buyers', where: { field: 'orders', at_least: 1 } },
          { name: 'old', where: { field: 'days_since_order', above: 365 } },
        ],
      },
    },
  );
  shop.holds(people());

  const planned = await shop.run(AS_OF, { send: false });
  const report = await shop.run(AS_OF);

  const last = await lastRun(stage.engine, shop.job.name, 'segmented');
  const anna = await explainCustomer(stage.engine, shop.job, last!, { email: 'anna@example.com' });

  expect(anna.audiences).toMatchObject([{ audience: 'customers', segment: '*', wanted: 'yes', held: true }]);
  const counts = { segment: '*', audience: 'customers', customers: 2, wanted: 2 };
  expect(planned.audiences).toMatchObject([{ ...counts, to_add: 2, requests: 1 }]);
  expect(report.audiences).toMatchObject([{ ...counts, added: 2, requests: 1 }]);
  expect(await shop.rows()).toMatchObject([
    { email: 'anna@example.com', lifecycle: 'active', custom: 'buyers', 'custom.old': 'false' },
    { email: 'bob@example.com', lifecycle: 'lost', custom: 'buyers, old', 'custom.old': 'true' },
  ]);
});

test('columns go by the names one gives them, and hold what fields and extra columns say', async () => {
  await using shop = await openShop(
    { columns: { 'E-mail': 'email', Spent: 'revenue', Tags: 'tags', Size: 'extra.size' } },
    { sources: [{ type: 'memory', name: 'sized', extra: ['size'] }] },
  );
  shop.holds(people({ tags: ['vip', 'new'], extra: { size: '=41' } }), 'sized');

  await shop.run(AS_OF);

  expect(await shop.rows()).toEqual([
    { 'E-mail': 'anna@example.com', Spent: '30', Tags: 'vip, new', Size: "'=41" },
    { 'E-mail': 'bob@example.com', Spent: '10', Tags: '', Size: '' },
  ]);
});

test('a file is written anew when anything in it changed, and only then', async () => {
  await using shop = await openShop({ columns: ['email', 'city', 'lifecycle'] });
  shop.holds(people());
  await shop.run(AS_OF);
  const first = await shop.written();

  const same = await shop.run(AS_OF);
  shop.holds(people({ first_name: 'Anne' }));
  const unseen = await shop.run(AS_OF);
  const kept = await shop.written();
  shop.holds(people({ city: 'Bonn' }));
  const planned = await shop.run(AS_OF, { send: false });
  const moved = await shop.run(AS_OF);
  const again = await shop.run(AS_OF);

  const nothing = { added: 0, updated: 0, removed: 0, requests: 0 };
  expect([same, unseen, again].map(({ audiences }) => audiences)).toMatchObject([
    [nothing],
    [nothing],
    [nothing],
  ]);
  expect(kept).toBe(first);
  expect(planned.audiences).toMatchObject([{ to_add: 0, to_update: 1, to_remove: 0, requests: 1 }]);
  expect(moved.audiences).toMatchObject([{ added: 0, updated: 1, removed: 0, requests: 1 }]);
  expect(await shop.written()).not.toBe(first);
  expect((await shop.rows()).map(({ city }) => city)).toEqual(['Bonn', 'Cluj']);
});

test('other columns, another heading or a byte order mark write the file anew once', async () => {
  await using shop = await openShop({ columns: ['email', 'city'] });
  shop.holds(people());
  await shop.run(AS_OF);
  const heads: string[] = [];
  const updates: unknown[] = [];
  for (const more of [
    { columns: { email: 'email', name: 'first_name' } },
    { columns: { email: 'email', name: 'first_name' }, bom: true },
  ]) {
    shop.change(more);
    const { audiences } = await shop.run(AS_OF);
    const again = await shop.run(AS_OF);
    const text = await readFile(join(shop.folder.path, 'customers.csv'), 'utf8');
    heads.push(text.split('\r\n')[0]!);
    updates.push([audiences[0]!.updated, again.audiences[0]!.requests]);
  }

  expect(heads).toEqual(['email,name', '\uFEFFemail,name']);
  expect(updates).toEqual([
    [2, 0],
    [2, 0],
  ]);
});

test('who leaves all segments of one file leaves it, who only changes segment stays', async () => {
  await using shop = await openShop({
    audiences: [
      { segment: 'lifecycle.l*', file: 'gone', one_file: true },
      { segment: 'lifecycle.*', file: 'all', one_file: true },
    ],
    columns: ['email', 'lifecycle'],
  });
  shop.holds(people());
  await shop.run(AS_OF);
  const back = aBuyer('bob', { order_id: 'b2', ordered_at: '2026-03-20T12:00:00.000Z' });
  shop.holds([...people(), back]);

  const report = await shop.run(AS_OF);

  expect(report.audiences).toMatchObject([
    { audience: 'gone', added: 0, removed: 1, updated: 0 },
    { audience: 'all', added: 0, removed: 0, updated: 1 },
  ]);
  expect(await shop.rows('gone')).toEqual([]);
  expect((await shop.rows('all')).map(({ lifecycle }) => lifecycle)).toEqual(['active', 'active']);
});

test('segments that only a run finds stand in the one file too', async () => {
  const buys = (name: string, category: string) => {
    const page = aBuyer(name);
    return { ...page, lines: [aLine(page.orders![0]!, { category })] };
  };
  await using shop = await openShop(
    {
      audiences: [{ segment: 'custom.by.*', file: 'by', one_file: true, holdout: 0.5 }],
      columns: ['email', 'custom.by'],
    },
    {
      segments: {
        custom: [
          { name: 'all', where: { field: 'orders', at_least: 1 } },
          { name: 'by', per_category: { of: 'custom.all', by: 'bought', at_least: 1 } },
        ],
      },
    },
  );
  const names = Array.from({ length: 20 }, (_, id) => [`a${id}`, `b${id}`]).flat();
  shop.holds(names.map((name) => buys(name, name.startsWith('a') ? 'Shoes' : 'Hats')));

  const { audiences } = await shop.run(AS_OF);

  const rows = await shop.rows('by');
  expect(new Set(rows.map(({ 'custom.by': segment }) => segment))).toEqual(new Set(['hats', 'shoes']));
  expect(audiences).toMatchObject([{ customers: 40, wanted: rows.length, held_out: 40 - rows.length }]);
  expect(rows.length).toBeLessThan(40);
});

test('who is held out of one of the segments is not in the one file', async () => {
  const many = Array.from({ length: 60 }, (_, id) => aBuyer(`c${id}`));
  await using shop = await openShop({
    audiences: [{ segment: 'lifecycle.active', holdout: 0.5 }, ...AUDIENCES],
    columns: ['email'],
  });
  shop.holds(many);

  const { audiences } = await shop.run(AS_OF);

  const emails = (rows: Record<string, string>[]) => rows.map(({ email }) => email);
  const active = emails(await shop.rows('Active'));
  expect(active.length).toBeGreaterThan(10);
  expect(active.length).toBeLessThan(50);
  expect(emails(await shop.rows())).toEqual(active);
  expect(audiences[1]).toMatchObject({ customers: 60, wanted: active.length, held_out: 60 - active.length });
});

test('a person who is erased is out of every file, and the others keep their columns', async () => {
  await using shop = await openShop({
    audiences: [...AUDIENCES, { segment: 'lifecycle.*' }],
    columns: ['email', 'city'],
  });
  shop.holds(people());
  await shop.run(AS_OF);

  await using state = stateDir();
  const silent = { signal: new AbortController().signal, log: () => {} };
  const receipt = await erase(stage.engine, [shop.job], 'bob@example.com', { ...silent, state: state.path });
  const after = await shop.rows();
  const again = await shop.run(AS_OF);

  expect(receipt).toMatchObject({ complete: true });
  expect(after).toEqual([{ email: 'anna@example.com', city: 'Köln' }]);
  expect(await shop.rows('Lost')).toEqual([]);
  expect(again.audiences.map(({ requests }) => requests)).toEqual([0, 0, 0, 0, 0]);
});
