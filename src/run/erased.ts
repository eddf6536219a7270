import type { Page } from '../../connectors/index.ts';
import type { Tombstones } from '../ledger/tombstones.ts';
import { normaliseEmail, normalisePhone } from './identity.ts';

type Named = { customer_id?: string; email?: string; phone?: string; country?: string };

/**
 * A page without the records of people who were erased, so that a source which still has them does not bring them
 * back. Lines and refunds go with their order where they stand in the same page; elsewhere they name nobody.
 * @returns the page, and how many orders, customers and events were taken out
 */
export function withoutErased(
  page: Page,
  source: string,
  tombstones: Tombstones,
): { page: Page; left_out: number } {
  if (tombstones.size === 0) return { page, left_out: 0 };
  const stays = (record: Named) => !tombstones.covers(identities(record, source));
  const gone = new Set(page.orders?.filter((order) => !stays(order)).map(({ order_id }) => order_id));
  const ofOthers = (record: { order_id: string }) => !gone.has(record.order_id);
  const kept = {
    ...page,
    orders: page.orders?.filter(ofOthers),
    lines: page.lines?.filter(ofOthers),
    refunds: page.refunds?.filter(ofOthers),
    customers: page.customers?.filter(stays),
    events: page.events?.filter(stays),
  };
  const count = (one: Page) =>
    (one.orders?.length ?? 0) + (one.customers?.length ?? 0) + (one.events?.length ?? 0);
  return { page: kept, left_out: count(page) - count(kept) };
}

function identities({ customer_id, email, phone, country }: Named, source: string): string[] {
  const named = [`email:${normaliseEmail(email)}`, `phone:${normalisePhone(phone, country)}`];
  if (customer_id) named.push(`customer:${source}:${customer_id}`);
  return named.filter((identity) => !identity.endsWith(':'));
}
