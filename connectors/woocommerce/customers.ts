import { z } from 'zod';
import type { Page } from '../records.ts';
import type { PullFrom } from '../source.ts';
import type { Tools } from './changes.ts';
import { pages, START, type Row } from './pages.ts';
import { describedAccount } from './people.ts';
import { Customer, CUSTOMER_FIELDS, reasonOf } from './replies.ts';

const PART = 'customers';
const DAY_MS = 24 * 3_600_000;
/** A daily run does not begin on the second. */
const EARLY_MS = 2 * 3_600_000;

/** How far the accounts have been read, and when the reading of all began that this is of. */
const Mark = z.object({ began: z.string(), last: z.int(), offset: z.int() });

/**
 * Yields accounts. WooCommerce can neither filter them by when they changed nor sort them by it, so all are read again
 * when the last time is long enough ago; in between those that were made since, which have greater ids.
 */
export async function* pullCustomers(tools: Tools, from: PullFrom): AsyncGenerator<Page> {
  const { shop, settings, sizes, context } = tools;
  const mark = from.marks.get(PART);
  const known = mark ? Mark.safeParse(JSON.parse(mark)).data : undefined;
  const every_ms = settings.customers_every * DAY_MS;
  const due = !known || Date.now() - Date.parse(known.began) >= every_ms - Math.min(EARLY_MS, every_ms / 2);
  const list = {
    what: 'read customers',
    path: '/wc/v3/customers',
    query: { role: settings.customer_role, _fields: CUSTOMER_FIELDS },
  };
  let began = due ? undefined : known.began;
  for await (const { rows, place, total, at } of pages(shop, list, due ? START : known, sizes, context)) {
    began ??= at ?? new Date().toISOString();
    yield {
      ...recordsOf(rows, tools),
      warnings: shop.oddities(),
      expected: total,
      marks: { [PART]: JSON.stringify({ began, ...place }) },
    };
  }
}

function recordsOf(rows: readonly Row[], { settings }: Tools): Page {
  const customers: NonNullable<Page['customers']> = [];
  const rejected: NonNullable<Page['rejected']> = [];
  for (const row of rows) {
    const parsed = Customer.safeParse(row);
    if (parsed.success) customers.push(describedAccount(parsed.data, settings));
    else rejected.push({ source: PART, line: row.id, reason: reasonOf('customer', parsed.error) });
  }
  return { customers, rejected };
}
