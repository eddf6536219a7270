import type { Engine } from '../engine/engine.ts';
import type { ExplainedOrder } from '../report/explain.ts';
import { identifiersOf, ordersHolding } from './explain-person.ts';
import { LEFT_OUT, ordersSql, purchaseParams, type RunAsOf } from './purchases.ts';

/** A server takes at most 128 KiB for one value, and numbers of orders may be as long as a UUID. */
const PAGE = 2000;

/** Every order of a person, the oldest first, those after the run's date too, with what became of it in the run. */
export async function explainOrders(
  engine: Engine,
  run: RunAsOf,
  nodes: readonly string[],
): Promise<ExplainedOrder[]> {
  const keys = await engine.query<{ order_id: string }>(
    `SELECT order_id FROM (${ordersHolding('order_id')}) ORDER BY order_id`,
    identifiersOf(run.job, nodes),
  );
  const rows: OrderRow[] = [];
  for (let at = 0; at < keys.length; at += PAGE) {
    const page = keys.slice(at, at + PAGE);
    const params = {
      ...purchaseParams(run, 0),
      nodes,
      order_ids: page.map(({ order_id }) => order_id),
    };
    rows.push(...(await engine.query<OrderRow>(EXPLAINED, params)));
  }
  const oldest = rows.toSorted((a, b) => Date.parse(a.ordered_at) - Date.parse(b.ordered_at));
  return oldest.map((row) => {
    const { left_out, cancelled, purchased: counts, value, later: _, ordered_at: _at, ...order } = row;
    const why = left_out === '' ? null : REASONS[left_out]({ ...order, cancelled }, run);
    return { ...order, counts, value, why };
  });
}

const KEYS = 'order_id IN {order_ids:Array(String)}';

/** PREWHERE, so that FINAL looks at these orders alone; all versions of an order have its number. */
const THESE = { orders: `PREWHERE ${KEYS} WHERE source IN {sources:Array(String)}`, refunds: `AND ${KEYS}` };

const EXPLAINED = `
  SELECT o.order_id AS order_id, o.number AS number, toString(o.day) AS day, o.state AS state,
    o.currency AS currency, toString(o.goods) AS goods, toString(o.refunded) AS refunded,
    o.day > {as_of:Date32} AS later, if(later, 'later', ${LEFT_OUT}) AS left_out,
    o.counts AND NOT o.paid AS cancelled, o.purchase AND NOT later AS purchased,
    toString(if(purchased, o.value, 0)) AS value, toString(o.ordered_at) AS ordered_at
  FROM (${ordersSql(THESE)}) AS o WHERE node IN {nodes:Array(String)}`;

type OrderRow = Omit<ExplainedOrder, 'why' | 'counts'> & {
  purchased: boolean;
  ordered_at: string;
  left_out: '' | keyof typeof REASONS;
  later: boolean;
  cancelled: boolean;
};

type Of = (order: { state: string; currency: string; cancelled: boolean }, run: RunAsOf) => string;

const REASONS = {
  later: (_, { as_of }) => `placed after ${as_of}`,
  test: () => 'placed as a test',
  unpaid: ({ state, cancelled }) => (cancelled ? 'cancelled' : `not paid, cancelled or voided (${state})`),
  refunded: () => 'refunded in full',
  nobody: () => 'belongs to nobody',
  currency: ({ currency }) =>
    `counts as a purchase but adds no revenue: exchange_rates has no rate for ${currency}`,
} satisfies Record<string, Of>;
