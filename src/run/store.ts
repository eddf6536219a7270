import type { Customer, Page } from '../../connectors/index.ts';
import { normaliseEmail, normalisePhone } from './identity.ts';
import { forgetRedacted } from './redacted.ts';
import type { RunContext } from './run.ts';

/** Stores the records of a page as those of this run. Rows are upserts, so a repeat changes nothing. */
export async function store(run: RunContext, source: string, page: Page): Promise<void> {
  const origin = { source, run_id: run.run_id };
  const put = async (table: string, rows: object[] = []): Promise<void> => {
    if (rows.length > 0) await run.engine.insert(table, rows);
  };
  await forgetRedacted(run, source, page.customers);
  const people = page.customers?.map(identified).filter(isSomebody);
  await Promise.all([
    put(
      'order_lines',
      page.lines?.map((line) => ({ ...origin, ...line })),
    ),
    put(
      'products',
      page.products?.map((product) => ({
        ...origin,
        ...product,
        product_key: product.sku ? `sku:${product.sku}` : `id:${product.product_id}`,
      })),
    ),
    put(
      'refunds',
      page.refunds?.map((refund) => ({ ...origin, ...refund })),
    ),
    put(
      'customers',
      people?.map((row) => ({
        ...origin,
        ...row,
        redacted: undefined,
        ...keyed(row),
        tags: storedTags(row),
      })),
    ),
    put(
      'events',
      page.events?.map((event) => ({ ...origin, ...identified(event) })),
    ),
  ]);
  // Orders last: an order is there only once its lines and refunds are.
  await put(
    'orders',
    page.orders?.map((order) => ({ ...origin, ...identified(order) })),
  );
}

type Person = { customer_id?: string; email?: string; phone?: string; country?: string };

function identified<Row extends Person>(row: Row): Row {
  return { ...row, email: normaliseEmail(row.email), phone: normalisePhone(row.phone, row.country) };
}

const DESCRIBED = [
  ...(['email', 'phone', 'first_name', 'last_name', 'city', 'region', 'zip', 'country'] as const),
  ...(['email_consent', 'sms_consent', 'ads_consent', 'acquisition_cost', 'service_cost', 'tags'] as const),
];

/**
 * A description replaces the older one of the same person (customer id, else e-mail address, else phone) that says
 * as much. One that says less does not: what only the older one says, a consent above all, still stands.
 */
function keyed(row: Customer): { record_key: string } {
  const says = DESCRIBED.map((field) => (row[field] && row[field] !== 'unknown' ? 'x' : '-')).join('');
  const more = Object.keys(row.extra ?? {})
    .toSorted()
    .map(encodeURIComponent)
    .join();
  const kind = (['customer_id', 'email', 'phone'] as const).find((field) => row[field])!;
  return { record_key: `${says}${more} ${kind}:${row[kind]}` };
}

/** The store tells "no tags" from "nothing known of tags" by one tag without text. */
function storedTags({ tags }: Customer): string[] | undefined {
  return tags?.length === 0 ? [''] : tags;
}

function isSomebody(row: Person): boolean {
  return Boolean(row.customer_id || row.email || row.phone);
}
