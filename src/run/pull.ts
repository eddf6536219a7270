import type { Job, JobSource } from '../job/load.ts';
import { FROM_THE_BEGINNING, type Customer, type Page, type Rejection } from '../../connectors/index.ts';
import { readTombstones, type Tombstones } from '../ledger/tombstones.ts';
import { withoutErased } from './erased.ts';
import { normaliseEmail, normalisePhone } from './identity.ts';
import { openSource } from './open.ts';
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

type PulledSource = Pick<Pulled, 'rejected' | 'rejections' | 'warnings'> & {
  /** Records of people who were erased, left out. */
  erased: number;
};

/**
 * Pulls every source of the job into the record tables, side by side. Rows are upserts, so a pull that ends half-way
 * leaves nothing that the next one does not mend.
 * @returns how many distinct records this pull brought
 * @throws SyncError when a source as a whole cannot be read; the others are stopped
 */
export async function pull(run: RunContext): Promise<Pulled> {
  const tombstones = await readTombstones(run.engine);
  const stop = new AbortController();
  const signal = AbortSignal.any([run.signal, stop.signal]);
  const pulls = run.job.sources.map(async (source) => {
    try {
      return await pullSource({ ...run, signal }, source, tombstones);
    } catch (error) {
      stop.abort(error);
      throw error;
    }
  });
  // None may go on storing once this has ended.
  await Promise.allSettled(pulls);
  stop.signal.throwIfAborted();
  const parts = await Promise.all(pulls);
  const warnings = parts.flatMap((part) => part.warnings);
  const erased = parts.reduce((sum, part) => sum + part.erased, 0);
  if (erased > 0) warnings.push(`${erased} records of people who were erased were left out`);
  return {
    ...(await countRecords(run)),
    rejected: parts.reduce((sum, part) => sum + part.rejected, 0),
    rejections: parts.flatMap((part) => part.rejections).slice(0, LISTED_REJECTIONS),
    warnings: [...new Set(warnings)],
  };
}

async function pullSource(run: RunContext, source: JobSource, tombstones: Tombstones): Promise<PulledSource> {
  const pulled: PulledSource = { rejected: 0, rejections: [], warnings: [], erased: 0 };
  const opened = await openSource(run, source);
  // One page is stored while the next is read; two are the most there are in memory.
  let storing = Promise.resolve();
  try {
    for await (const page of opened.pull(FROM_THE_BEGINNING)) {
      run.signal.throwIfAborted();
      await storing;
      const { page: kept, left_out } = withoutErased(page, source.key, tombstones);
      storing = store(run, source.key, kept);
      storing.catch(() => undefined);
      const { rejected = [], warnings = [] } = page;
      pulled.erased += left_out;
      pulled.rejected += rejected.length;
      pulled.rejections.push(...rejected.slice(0, LISTED_REJECTIONS - pulled.rejections.length));
      pulled.warnings.push(...warnings);
    }
  } finally {
    await storing;
  }
  return pulled;
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
