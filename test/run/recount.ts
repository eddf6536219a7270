import { DateTime } from 'luxon';
import type { Event, Order, Page, Refund } from '../../connectors/index.ts';

type Records = Required<Pick<Page, 'orders' | 'refunds' | 'events'>>;
type Person = Pick<Order, 'customer_id' | 'email' | 'phone'>;
type Setting = { source: string; as_of: string; timezone: string; rates: Record<string, string> };

/** What the engine computes of a small shop, computed anew in plain TypeScript. Money in ten-thousandths. */
export function recount(records: Records, { source, as_of, timezone, rates }: Setting) {
  const orders = newest(records.orders);
  const label = labels([...orders, ...records.events], source);
  const dayOf = (at: string) => DateTime.fromISO(at, { zone: timezone }).toISODate()!;
  const exists = (at: string | undefined) => at !== undefined && dayOf(at) <= as_of;
  const age = (day: string) => DateTime.fromISO(as_of).diff(DateTime.fromISO(day), 'days').days;

  const purchases = orders.flatMap((order) => {
    const customer = label(order);
    const back = records.refunds
      .filter((refund) => belongs(refund, order) && exists(refund.at))
      .reduce((sum, { amount }) => sum + units(amount), 0n);
    const goods = units(order.goods);
    const left = goods - back;
    const paid = order.counts && !order.is_test && !exists(order.cancelled_at);
    if (!customer || !exists(order.ordered_at) || !paid || (back > 0n && left <= 0n)) return [];
    const exact = left * units(rates[order.currency] ?? '0');
    return [{ customer, day: dayOf(order.ordered_at), value: (exact + 5000n) / 10_000n }];
  });
  const visits = records.events.filter(({ at }) => exists(at));

  const customers = [...Map.groupBy(purchases, ({ customer }) => customer)].map(([customer, own]) => {
    const days = own.map(({ day }) => day).toSorted();
    const seen = visits.filter((visit) => label(visit) === customer).map(({ at }) => dayOf(at));
    const last_visit = seen.toSorted().at(-1) ?? null;
    const last_order = days.at(-1)!;
    return {
      customer,
      orders: own.length,
      purchase_days: new Set(days).size,
      first_order: days[0]!,
      last_order,
      last_visit,
      days_since_order: age(last_order),
      days_since_active: Math.min(age(last_order), last_visit ? age(last_visit) : Infinity),
      revenue: total(own),
      revenue_12m: total(own.filter(({ day }) => age(day) < 365)),
    };
  });
  return customers.toSorted((a, b) => (a.customer < b.customer ? -1 : 1));
}

function newest(copies: readonly Order[]): Order[] {
  const standing = new Map<string, Order>();
  for (const copy of copies) {
    if (copy.version > (standing.get(copy.order_id)?.version ?? 0)) standing.set(copy.order_id, copy);
  }
  return [...standing.values()];
}

function belongs(refund: Refund, { order_id, version }: Order): boolean {
  return refund.order_id === order_id && refund.version === version;
}

/** @returns the name of the customer behind a record */
function labels(records: readonly (Order | Event)[], source: string): (record: Person) => string {
  const nodeOf = ({ customer_id, email, phone }: Person) => {
    if (customer_id) return `customer:${source}:${customer_id}`;
    return email ? `email:${email}` : phone ? `phone:${phone}` : '';
  };
  const groups = new Map<string, Set<string>>();
  const group = (node: string) => groups.get(node) ?? groups.set(node, new Set([node])).get(node)!;
  for (const { customer_id, email } of records) {
    if (!customer_id || !email) continue;
    const joined = new Set([...group(nodeOf({ customer_id })), ...group(nodeOf({ email }))]);
    for (const node of joined) groups.set(node, joined);
  }
  const least = (node: string) => [...group(node)].toSorted()[0]!;
  return (record) => {
    const node = nodeOf(record);
    if (!node.startsWith('phone:')) return node && least(node);
    const users = records.filter(
      (other) => other.phone === record.phone && (other.customer_id || other.email),
    );
    const people = new Set(users.map((user) => least(nodeOf(user))));
    return people.size === 1 ? [...people][0]! : node;
  };
}

function units(amount: string): bigint {
  const [whole = '0', decimals = ''] = amount.split('.');
  return BigInt(whole + decimals.padEnd(4, '0'));
}

function total(purchases: readonly { value: bigint }[]): bigint {
  return purchases.reduce((sum, { value }) => sum + value, 0n);
}

/** An amount as the engine writes it. */
export function inUnits(amount: unknown): bigint {
  return units(String(amount));
}
