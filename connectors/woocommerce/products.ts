import { createHash } from 'node:crypto';
import type { Page, Product as ProductRecord } from '../records.ts';
import type { PullFrom } from '../source.ts';
import { changes, type Part, type Tools } from './changes.ts';
import { pages, START, type Row } from './pages.ts';
import { Category, Product, PRODUCT_FIELDS, reasonOf } from './replies.ts';
import { plain } from './text.ts';

const CATEGORIES = 'categories';
/** The categories that all products are being read with. */
const READING = 'categories:reading';
/** What WooCommerce puts products in that are in no category. */
const NONE = 'uncategorized';

type Categories = ReadonlyMap<number, Category>;

/** Yields products that changed; all of them when a category was renamed or moved, which no product tells. */
export async function* pullProducts(tools: Tools, from: PullFrom): AsyncGenerator<Page> {
  const categories = await readCategories(tools);
  const digest = createHash('sha256')
    .update(JSON.stringify([...categories]))
    .digest('hex')
    .slice(0, 16);
  const part: Part = {
    name: 'products',
    list: { what: 'read products', path: '/wc/v3/products', query: { _fields: PRODUCT_FIELDS } },
    records: (rows) => recordsOf(rows, categories),
  };
  if (from.marks.get(CATEGORIES) === digest) {
    yield* changes(part, tools, from);
    return;
  }
  const marks = from.marks.get(READING) === digest ? from.marks : new Map<string, string>();
  yield { marks: { [READING]: digest } };
  yield* changes(part, tools, { marks, since: new Map() });
  yield { marks: { [CATEGORIES]: digest, [READING]: '' } };
}

async function readCategories({ shop, sizes, context }: Tools): Promise<Categories> {
  const list = {
    what: 'read product categories',
    path: '/wc/v3/products/categories',
    query: { _fields: 'id,name,slug,parent' },
  };
  const categories = new Map<number, Category>();
  for await (const { rows } of pages(shop, list, START, sizes, context)) {
    for (const row of rows) {
      const parsed = Category.safeParse(row);
      if (parsed.success) categories.set(parsed.data.id, parsed.data);
    }
  }
  return categories;
}

function recordsOf(rows: readonly Row[], categories: Categories): Page {
  const products: ProductRecord[] = [];
  const rejected: NonNullable<Page['rejected']> = [];
  for (const row of rows) {
    const parsed = Product.safeParse(row);
    if (parsed.success) products.push(productRecord(parsed.data, categories));
    else rejected.push({ source: 'products', line: row.id, reason: reasonOf('product', parsed.error) });
  }
  return { products, rejected };
}

/**
 * The category is the deepest one, which says most; among several the one that WooCommerce lists first. The
 * collections are all categories with those above them, and the tags.
 */
function productRecord(product: Product, categories: Categories): ProductRecord {
  const { id, sku, name, brands, tags } = product;
  const lines = product.categories
    .filter(({ slug }) => slug !== NONE)
    .map((category) => [plain(category.name), ...above(category.id, categories)]);
  const deepest = lines.toSorted((a, b) => b.length - a.length)[0];
  const collections = new Set([...lines.flat(), ...tags.map((tag) => plain(tag.name))]);
  const changed = product.date_modified_gmt ?? product.date_created_gmt;
  return {
    product_id: String(id),
    sku: sku || undefined,
    title: plain(name) || undefined,
    category: deepest?.[0] || undefined,
    brand: plain(brands[0]?.name ?? '') || undefined,
    collections: [...collections].filter((name) => name !== ''),
    version: changed ? Date.parse(changed) : 0,
  };
}

/** Names of the categories over one, the nearest first. A ring, which a broken import can make, ends where it began. */
function above(id: number, categories: Categories): string[] {
  const names: string[] = [];
  const seen = new Set([id]);
  for (let at = categories.get(id)?.parent ?? 0; at > 0 && !seen.has(at);) {
    seen.add(at);
    const category = categories.get(at);
    if (!category) break;
    names.push(plain(category.name));
    at = category.parent;
  }
  return names;
}
