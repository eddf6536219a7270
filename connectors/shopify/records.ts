import type { z } from 'zod';
import type { Page } from '../records.ts';
import { customerRecord } from './customer.ts';
import type { Notes } from '../notes.ts';
import { orderRecords } from './order.ts';
import type { Part } from './queries.ts';
import { CollectionNode, CustomerNode, LineNode, OrderNode, ProductNode } from './replies.ts';
import type { ShopifySettings } from './schema.ts';

/** A record as Shopify sent it, with what belongs to it. */
export type Raw = { node: unknown; children: readonly unknown[] };

/** Makes records of what Shopify sent, by the page as by the bulk operation. */
export type RecordReader = {
  /** @returns the records, what could not be read by its place in the part, and the greatest `updatedAt` */
  read(part: Part, raws: readonly Raw[]): { page: Page; updated_at?: string };
  /** How many records of all parts were looked at. */
  seen(): number;
};

type Draft = Required<Pick<Page, 'orders' | 'lines' | 'refunds' | 'customers' | 'products' | 'rejected'>>;

export function recordReader(settings: Pick<ShopifySettings, 'pending_orders'>, notes: Notes): RecordReader {
  const countsPending = settings.pending_orders === 'count';
  const read: Record<Part, (raw: Raw, draft: Draft) => string> = {
    products({ node, children }, draft) {
      const product = parse(ProductNode, node);
      const collections = children.map((child) => parse(CollectionNode, child).title);
      draft.products.push({
        product_id: product.id,
        title: product.title,
        category: product.category?.name ?? product.productType,
        brand: product.vendor,
        collections: collections.length > 0 ? collections.toSorted() : undefined,
        version: Date.parse(product.updatedAt),
      });
      return product.updatedAt;
    },
    customers({ node }, draft) {
      const customer = customerRecord(parse(CustomerNode, node), notes);
      draft.customers.push(customer);
      return customer.updated_at;
    },
    orders({ node, children }, draft) {
      const order = parse(OrderNode, node);
      const lines = children.map((child) => parse(LineNode, child));
      const records = orderRecords(order, lines, { countsPending, notes });
      draft.orders.push(records.order);
      draft.lines.push(...records.lines);
      draft.refunds.push(...records.refunds);
      if (records.guest) draft.customers.push(records.guest);
      return order.updatedAt;
    },
  };

  const seen = new Map<Part, number>();
  return {
    seen: () => [...seen.values()].reduce((sum, count) => sum + count, 0),
    read(part, raws) {
      const draft: Draft = { orders: [], lines: [], refunds: [], customers: [], products: [], rejected: [] };
      let updated_at: string | undefined;
      for (const raw of raws) {
        const line = (seen.get(part) ?? 0) + 1;
        seen.set(part, line);
        try {
          const changed = read[part](raw, draft);
          if (updated_at === undefined || changed > updated_at) updated_at = changed;
        } catch (error) {
          if (!(error instanceof Unreadable)) throw error;
          draft.rejected.push({ source: `shopify ${part}`, line, reason: error.message });
        }
      }
      return { page: draft, updated_at };
    },
  };
}

class Unreadable extends Error {}

/** The place and Zod's own words, which quote nothing of what was read. */
function parse<T>(type: z.ZodType<T>, node: unknown): T {
  const parsed = type.safeParse(node);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new Unreadable(`${issue?.path.join('.') || 'the record'} is not as Shopify's documents say`);
}
