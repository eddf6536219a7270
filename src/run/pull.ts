import type { Job } from '../job/load.ts';
import type { Customer, Page, Rejection } from '../../connectors/index.ts';
import { normaliseEmail, normalisePhone } from './identity.ts';
import type { RunContext } from './run.ts';

export type Pulled = {
  orders: number;
  lines: number;
  customers: number;
  events: number;
  rejected: number;
  /** The first rejections, for people; `rejected` counts them all. */
  rejections: Rejection[];
  warnings: string[];
};

/** So many rejections are listed by place; past that they are only counted. */
const LISTED_REJECTIONS = 100;

/**
 * Pulls every source of the job into the record tables. Rows are upserts, so a pull that ends half-way leaves
 * nothing that the next one does not mend.
 * @returns how many distinct records this pull brought
 * @throws SyncError when a source as a whole cannot be read
 */
export async function pull(run: RunContext): Promise<Pulled> {
  const rejections: Rejection[] = [];
  const warnings: string[] = [];
  let rejected = 0;
  for (const source of run.job.sources) {
    const opened = await source.definition.open(source.settings, {
      folder: run.job.folder,
      timezone: run.job.timezone,
      currency: run.job.currency,
      signal: run.signal,
    });
    // One page is stored while the next is read; two are the most there are in memory.
    let storing = Promise.resolve();
    for await (const page of opened.pull()) {
      run.signal.throwIfAborted();
      await storing;
      storing = store(run, source.key, page);
      storing.catch(() => undefined);
      rejected += page.rejected?.length ?? 0;
      rejections.push(...(page.rejected ?? []).slice(0, LISTED_REJECTIONS - rejections.length));
      warnings.push(...(page.warnings ?? []));
    }
    await storing;
  }
  return { ...(await countRecords(run)), rejected, rejections, warnings: [...new Set(warnings)] };
}

async function store(run: RunContext, source: string, page: Page): Promise<void> {
  const origin = { source, run_id: run.run_id };
  const put = async (table: string, rows: object[] = []): Promise<void> => {
    if (rows.length > 0) await run.engine.insert(table, rows);
  };
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
      people?.map((row) => ({ ...origin, ...row, ...keyed(row), tags: storedTags(row) })),
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

async function countRecords(run: RunContext): Promise<Omit<Pulled, 'rejected' | 'rejections' | 'warnings'>> {
  const count = (table: string, what = 'count()') =>
    `(SELECT toUInt32(${what}) FROM ${table} FINAL WHERE source IN {sources:Array(String)} AND run_id = {run:String})`;
  const people = `uniqExact(source, substring(record_key, position(record_key, ' ')))`;
  const [counts] = await run.engine.query<{
    orders: number;
    lines: number;
    customers: number;
    events: number;
  }>(
    `SELECT ${count('orders')} AS orders, ${count('order_lines')} AS lines,
            ${count('customers', people)} AS customers, ${count('events')} AS events`,
    { sources: sourceKeys(run.job), run: run.run_id },
  );
  return counts ?? { orders: 0, lines: 0, customers: 0, events: 0 };
}

/** Which records belong to the job: those of the sources it names today. */
export function sourceKeys(job: Job): string[] {
  return job.sources.map((source) => source.key);
}
