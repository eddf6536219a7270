import { describe, expect, test } from 'vitest';
import { nameCategories } from '../../src/models/custom/families.ts';
import { assignSegments, segmentReports } from '../../src/run/segment.ts';
import type { Page } from '../../connectors/index.ts';
import { openPlatform } from './platform.ts';
import { aBuyer, aLine, openStage, type ShopSettings } from './stage.ts';

const stage = openStage();

/** Somebody of a country who bought in these categories, in one order. */
function buys(name: string, categories: readonly string[], country = 'RO', ordered_at?: string): Page {
  const page = aBuyer(name, ordered_at ? { ordered_at } : {}, { country });
  return { ...page, lines: categories.map((category) => aLine(page.orders![0]!, { category })) };
}

/** A shop that divides its customers of Romania by what they bought; two make a category. */
function dividing(per_category: object, more: ShopSettings = {}) {
  const platform = openPlatform();
  const shop = stage.shop({
    connectors: { platform: platform.definition },
    segments: {
      custom: [
        { name: 'home', where: { field: 'country', is: 'RO' } },
        { name: 'by', per_category: { of: 'custom.home', by: 'bought', at_least: 2, ...per_category } },
      ],
    },
    destinations: [{ type: 'platform', audiences: [{ segment: 'custom.by.*', audience: 'Home: {label}' }] }],
    ...more,
  });
  const audiences = () =>
    Object.fromEntries([...platform.audiences.keys()].map((name) => [name, namesIn(platform.members(name))]));
  return { shop, platform, audiences };
}

const namesIn = (members: readonly string[]) =>
  members.map((key) => key.replace(/^email:|@.*$/g, '')).join(' ');

describe('segments by category', () => {
  test('are one for each category of enough customers of the base; the small ones are together', async () => {
    const { shop, audiences } = dividing({});
    shop.holds([
      buys('ana', ['Shoes', 'Hats']),
      buys('bo', ['SHOES', 'shoes', 'Bags & co']),
      buys('cy', ['Shoes', 'Belts']),
      buys('di', ['bags & co', '']),
      buys('ed', []),
      buys('flo', ['Hats', 'Shoes'], 'DE'),
    ]);

    const { segments, warnings } = await shop.run('2026-03-31');

    expect(segments.map(({ segment, customers }) => [segment, customers])).toEqual([
      ['custom.home', 5],
      ['custom.by.shoes', 3],
      ['custom.by.bags_co', 2],
      ['custom.by.rest', 2],
    ]);
    expect(audiences()).toEqual({
      'Home: Shoes': 'ana bo cy',
      'Home: Bags & co': 'bo di',
      'Home: Other': 'ana cy',
    });
    expect(warnings).toEqual([]);
  });

  test('keep their names from run to run; one that nobody is left in is emptied', async () => {
    const { shop, audiences } = dividing({ within: '90d', rest: 'Else' });
    shop.holds([buys('ana', ['Shoes']), buys('bo', ['Shoes']), buys('cy', ['Hats']), buys('di', ['Hats'])]);
    await shop.run('2026-03-31');
    shop.holds([
      ...['ana', 'bo', 'cy'].map((name) => buys(name, ['SHOES!'], 'RO', '2026-09-01T12:00:00.000Z')),
      ...['di', 'ed'].map((name) => buys(name, ['SHOES', 'Gloves'], 'RO', '2026-09-01T12:00:00.000Z')),
    ]);

    const { segments } = await shop.run('2026-09-30');

    const found = segments.filter(({ segment }) => segment.startsWith('custom.by.'));
    expect(
      found.map(({ segment, customers }) => [segment.replace(/_[0-9a-f]{8}$/, '_#'), customers]),
    ).toEqual([
      ['custom.by.shoes_#', 3],
      ['custom.by.gloves', 2],
      ['custom.by.shoes', 2],
      ['custom.by.hats', 0],
      ['custom.by.rest', 0],
    ]);
    expect(audiences()).toEqual({
      'Home: Shoes': 'di ed',
      'Home: Hats': '',
      'Home: SHOES!': 'ana bo cy',
      'Home: Gloves': 'di ed',
    });
  });

  test('of one name with another audience are left out, and the run says so', async () => {
    const { shop, audiences } = dividing(
      {},
      {
        destinations: [
          {
            type: 'platform',
            audiences: [{ segment: 'custom.home', audience: 'shoes' }, { segment: 'custom.by.*' }],
          },
          {
            type: 'platform',
            name: 'second',
            audiences: [{ segment: 'custom.by.hats' }, { segment: 'custom.by.hatz', audience: 'Z' }],
          },
        ],
      },
    );
    shop.holds([buys('ana', ['Shoes', 'Hats']), buys('bo', ['Shoes', 'Hats'])]);

    const { status, warnings } = await shop.run('2026-03-31');

    expect(status).toBe('done');
    expect(audiences()).toEqual({ shoes: 'ana bo', Hats: 'ana bo' });
    expect(warnings).toEqual([
      'platform: custom.by.shoes is not kept as "Shoes", which platform keeps for custom.home in the same account; give it another name',
      'second: custom.by.hats is not kept as "Hats", which platform keeps for custom.by.hats in the same account; give it another name',
      'second: no run has found a category for custom.by.hatz',
    ]);
  });

  test('by favourite put each customer in one', async () => {
    const { shop } = dividing({ by: 'favourite' });
    const run = shop.context('2026-03-31');
    const ids = { job: run.job.name, run_id: run.run_id };
    const favourites = { a: 'Shoes', b: 'shoes', c: 'Shoes', d: 'Hats', e: '', f: 'Shoes' };
    const rows = Object.entries(favourites).map(([customer, favourite_category]) => ({
      ...ids,
      customer,
      favourite_category,
    }));
    await stage.engine.insert(
      'profiles',
      rows.map(({ customer }) => ({ ...ids, customer, country: customer === 'f' ? 'DE' : 'RO' })),
    );
    await stage.engine.insert('favourites', rows);

    const { categories } = await assignSegments(run, false);

    expect(categories).toEqual({ by: [{ key: 'shoes', segment: 'shoes', label: 'Shoes' }] });
    expect(
      (await segmentReports(run, categories)).map(({ segment, customers }) => [segment, customers]),
    ).toEqual([
      ['custom.home', 5],
      ['custom.by.shoes', 3],
      ['custom.by.rest', 1],
    ]);
  });

  test('of more categories than anybody can look after are the largest', async () => {
    const { shop } = dividing({ at_least: 1 });
    const many = Array.from({ length: 205 }, (_, index) => `Kind ${index}`);
    shop.holds([buys('ana', many), buys('bo', ['Kind 204'])]);

    const { segments, warnings } = await shop.run('2026-03-31', { send: false });

    expect(segments).toHaveLength(1 + 200 + 1);
    expect(segments).toContainEqual(expect.objectContaining({ segment: 'custom.by.kind_204', customers: 2 }));
    expect(warnings).toEqual([
      'custom.by has more than 200 categories of 1 customers; the smaller ones are under Other',
    ]);
  });
});

describe('the names of categories', () => {
  const named = (keys: readonly string[], known: Parameters<typeof nameCategories>[1] = []) =>
    nameCategories(
      keys.map((key) => ({ key, label: key.toUpperCase(), customers: 1 })),
      known,
    ).map(({ segment }) => segment.replace(/[0-9a-f]{8}$/, '#'));

  test('are in plain letters, and are told apart where those are the same', () => {
    expect(named(['șosete & co.', 'crème brûlée', '２４h', 'rest', '鞋', '---'])).toEqual([
      'sosete_co',
      'creme_brulee',
      '24h',
      'rest_#',
      '#',
      '#',
    ]);
    expect(named(['t-shirts', 't shirts', 'bags'])).toEqual(['t_shirts_#', 't_shirts_#', 'bags']);
    expect(
      new Set(
        nameCategories(
          ['a-b', 'a b', 'a_b'].map((key) => ({ key, label: key, customers: 1 })),
          [],
        ).map(({ segment }) => segment),
      ).size,
    ).toBe(3);
    expect(named(['x'.repeat(99)])).toEqual(['x'.repeat(40)]);
  });

  test('stay what they were, and a label too', () => {
    const known = [{ key: 't-shirts', segment: 't_shirts', label: 'T-Shirts' }];

    expect(named(['t shirts', 't-shirts'], known)).toEqual(['t_shirts_#', 't_shirts']);
    expect(nameCategories([{ key: 't-shirts', label: 't-shirts', customers: 3 }], known)).toEqual(known);
  });
});
