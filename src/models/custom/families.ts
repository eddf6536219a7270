import { createHash } from 'node:crypto';
import { REST, type Category } from '../../job/segments.ts';
import type { CustomEntry } from '../../job/custom-settings.ts';
import { ownName } from '../../job/custom-order.ts';
import type { Binding } from './binding.ts';
import type { BoughtCategories } from './counts-sql.ts';
import { customColumn, modelColumn } from './rule-sql.ts';

/** A custom entry that makes a segment for each category. */
export type Family = CustomEntry & { per_category: NonNullable<CustomEntry['per_category']> };

export function familiesOf(entries: readonly CustomEntry[]): Family[] {
  return entries.filter((entry): entry is Family => entry.per_category !== undefined);
}

/** What the job's `per_category` entries count of purchases, equal ones once. */
export function boughtCategories(families: readonly Family[]): BoughtCategories[] {
  const lists: BoughtCategories[] = [];
  for (const { per_category } of families)
    if (per_category.by === 'bought' && placeOf(lists, per_category) < 0)
      lists.push({ within: per_category.within });
  return lists;
}

function placeOf(lists: readonly BoughtCategories[], { within }: BoughtCategories): number {
  return lists.findIndex((list) => list.within === within);
}

/** SQL of one family over the columns of `withSegments`. */
export type CompiledFamily = {
  name: string;
  settings: Family['per_category'];
  /** The column of `facts` that it reads. */
  column: string;
  /** Whether a customer is of the segment that is divided. */
  base: string;
  /** The categories of a customer as the shop writes them, a list. */
  categories: string;
};

export function compileFamily(
  { name, per_category: settings }: Family,
  lists: readonly BoughtCategories[],
  binding: Binding,
): CompiledFamily {
  const own = ownName(settings.of);
  const [model = '', segment = ''] = settings.of.split('.');
  const base =
    own === undefined ? `${modelColumn(model)} = ${binding.bind('String', segment)}` : customColumn(own);
  const bought = settings.by === 'bought';
  const column = bought ? 'categories' : 'favourite_category';
  const categories = bought
    ? `categories[${placeOf(lists, settings) + 1}]`
    : `if(ifNull(favourite_category, '') = '', [], [assumeNotNull(favourite_category)])`;
  return { name, settings, column, base, categories };
}

/**
 * How many customers of the base segment each category has: rows with `key` (in small letters), `label` (as most
 * of them have it, else the first by letters) and `customers`, the greatest first. Bind `at_least`, too.
 * @param from SQL of `withSegments`
 */
export function categoriesSql({ base, categories }: CompiledFamily, from: string): string {
  return `
    SELECT key, argMin(category, (-toInt64(spelt), category)) AS label, toUInt32(sum(counted)) AS customers
    FROM (
      SELECT entry.1 AS category, entry.2 AS key, count() AS spelt, countIf(entry.3) AS counted
      FROM (
        SELECT arraySort(${categories}) AS list, arrayMap(category -> lowerUTF8(category), list) AS keys,
          arrayJoin(arrayMap((category, key, place) -> (category, key, indexOf(keys, key) = place),
            list, keys, arrayEnumerate(list))) AS entry
        FROM ${from} WHERE ${base}
      ) GROUP BY category, key
    ) GROUP BY key HAVING customers >= {at_least:UInt32} ORDER BY customers DESC, key LIMIT ${MOST_CATEGORIES + 1}`;
}

export type CountedCategory = { key: string; label: string; customers: number };

/** A segment for each of more categories than this would be more than anybody can look after. */
export const MOST_CATEGORIES = 200;

/**
 * Names the categories that have a segment of their own. One that had a name in an earlier run keeps it, and its label.
 * @param counted the categories of at least the floor, the greatest first
 * @param known those of earlier runs
 */
export function nameCategories(counted: readonly CountedCategory[], known: readonly Category[]): Category[] {
  const before = new Map(known.map((category) => [category.key, category]));
  const taken = new Set([REST, ...known.map(({ segment }) => segment)]);
  const fresh = counted.filter(({ key }) => !before.has(key));
  const plain = fresh.map(({ key }) => slugOf(key));
  return counted.map(({ key, label }) => {
    const same = before.get(key);
    if (same) return same;
    const slug = slugOf(key);
    const alone = slug !== '' && !taken.has(slug) && plain.filter((other) => other === slug).length === 1;
    const segment = alone ? slug : `${slug}_${hashOf(key)}`.replace(/^_/, '');
    return { key, segment, label };
  });
}

const LONGEST_SLUG = 40;

/** Letters of other scripts and signs fall out; what is left may be nothing. */
function slugOf(key: string): string {
  const plain = key.normalize('NFKD').toLowerCase().replaceAll(/\p{M}/gu, '');
  return plain
    .replaceAll(/[^a-z0-9]+/g, '_')
    .slice(0, LONGEST_SLUG)
    .replaceAll(/^_+|_+$/g, '');
}

function hashOf(key: string): string {
  return createHash('sha256').update(key).digest('hex').slice(0, 8);
}

/**
 * The full names of a customer's segments of a family, a list.
 * @param named the categories of this run that have a segment; the others are `rest`
 */
export function familyNames(
  { name, base, categories }: CompiledFamily,
  named: readonly Category[],
  { bind }: Binding,
): string {
  const keys = bind(
    'Array(String)',
    named.map(({ key }) => key),
  );
  const segments = bind(
    'Array(String)',
    named.map(({ segment }) => `custom.${name}.${segment}`),
  );
  const rest = `'custom.${name}.${REST}'`;
  const one = named.length > 0 ? `transform(lowerUTF8(category), ${keys}, ${segments}, ${rest})` : rest;
  return `if(${base}, arrayDistinct(arrayMap(category -> ${one}, ${categories})), [])`;
}
