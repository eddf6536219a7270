import { createHash } from 'node:crypto';
import { SyncError } from '../error.ts';
import type { Page } from '../records.ts';
import type { PullFrom } from '../source.ts';
import { changes, type Part, type Tools } from './changes.ts';
import { orderRecords, type OrderRecords } from './order.ts';
import { pages, START, type List, type Row } from './pages.ts';
import { readRefunds } from './refunds.ts';
import { Order, ORDER_FIELDS, reasonOf } from './replies.ts';
import { DRAFTS, orderStates, type States } from './states.ts';

const ORDERS: List = {
  what: 'read orders',
  path: '/wc/v3/orders',
  // Amounts with the four decimals that the store keeps; as the shop shows them, the lines of an order do not add up.
  query: { status: 'any', dp: '4', _fields: ORDER_FIELDS },
};
const TRASH = 'trash';

const DAY_MS = 24 * 3_600_000;
/** For shops that cannot tell which orders changed: most change within a month. */
const OTHERWISE = { recent_ms: 30 * DAY_MS, whole_ms: 7 * DAY_MS };

/** Yields orders that changed, with their lines, refunds and buyers, and those that somebody deleted. */
export async function* pullOrders(tools: Tools, from: PullFrom): AsyncGenerator<Page> {
  const states = orderStates(tools.settings);
  const records = (rows: readonly Row[]) => recordsOf(rows, states, tools);
  const part: Part = { name: 'orders', list: ORDERS, records, otherwise: OTHERWISE };
  yield* changes(part, tools, from);
  yield* pullTrash(tools, records, from);
}

async function recordsOf(rows: readonly Row[], states: States, tools: Tools): Promise<Page> {
  const { shop, settings } = tools;
  const rejected: NonNullable<Page['rejected']> = [];
  const read = rows.map(async (row): Promise<OrderRecords | undefined> => {
    if (typeof row.status === 'string' && DRAFTS.has(row.status)) return undefined;
    const parsed = Order.safeParse(row);
    if (!parsed.success) {
      rejected.push({ source: 'orders', line: row.id, reason: reasonOf('order', parsed.error) });
      return undefined;
    }
    const order = parsed.data;
    const standing = states.standing(order.status);
    const refunds = standing.counts && order.refunds.length > 0 ? await readRefunds(shop, order) : [];
    return orderRecords(order, standing, refunds, settings);
  });
  const records = (await Promise.all(read)).filter((made) => made !== undefined);
  return {
    orders: records.map(({ order }) => order),
    lines: records.flatMap(({ lines }) => lines),
    refunds: records.flatMap(({ refunds }) => refunds),
    customers: records.flatMap(({ customer }) => customer ?? []),
    rejected,
    warnings: states.unknown(),
  };
}

/**
 * Orders in the trash are in no other list, and some versions of WooCommerce do not tell when they came there. So all
 * are looked at, and read where anything is different from last time; the shop empties its trash after 30 days.
 */
async function* pullTrash(
  tools: Tools,
  records: (rows: readonly Row[]) => Promise<Page>,
  from: PullFrom,
): AsyncGenerator<Page> {
  const { shop, sizes, context } = tools;
  const list = { ...ORDERS, what: 'read deleted orders', query: { ...ORDERS.query, status: TRASH } };
  const ids = { ...list, query: { status: TRASH, _fields: 'id,date_modified_gmt' } };
  const digest = createHash('sha256');
  let some = false;
  try {
    for await (const { rows } of pages(shop, ids, START, sizes, context)) {
      some ||= rows.length > 0;
      for (const { id, date_modified_gmt: at } of rows) digest.update(`${id} ${String(at)}\n`);
    }
  } catch (error) {
    if (!(error instanceof SyncError) || error.problem.code !== 'SOURCE_REJECTED') throw error;
    yield { warnings: [`${shop.host} does not list deleted orders: they count until they are read again.`] };
    return;
  }
  const seen = digest.digest('hex').slice(0, 16);
  if (seen === from.marks.get(TRASH)) return;
  if (some) for await (const { rows } of pages(shop, list, START, sizes, context)) yield records(rows);
  yield { marks: { [TRASH]: seen } };
}
