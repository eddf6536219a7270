import { EVENT_TYPES } from './records.ts';

/** Why a row of a table is no record: the same sentences whoever reads the row. */
export const REASONS = {
  nobody: 'the row has no customer id, no e-mail address and no phone number',
  updated_at: 'the date of the last change cannot be read',
  order_id: 'the order has no number',
  ordered_at: 'the date of the order cannot be read',
  cancelled_at: 'the date of cancelling cannot be read',
  currency: 'the currency is not a code of three letters',
  no_amount: 'the order has no amount',
  line_order: 'the line has no order number',
  line_product: 'the line names no product',
  line_amounts: 'quantity, net or price of a product cannot be read',
  line_no_amount: 'the line has no amount',
  product: 'the row has no SKU and no product id',
  event_type: `the type of the event is none of ${EVENT_TYPES.join(', ')}`,
  event_at: 'the date of the event cannot be read',
} as const;

/** What comes behind the fields of an order whose amounts cannot be read. */
export const UNREADABLE_AMOUNTS = ' cannot be read as an amount';
/** The same for the costs of a customer, whose other facts stand. */
export const UNREADABLE_COSTS = ' cannot be read as an amount of 0 or more; the rest of the row was read';

/** What is told once per file or table, with how often it happened. */
export const NOTES = {
  email: 'cells that are no e-mail address were left out',
  machine: 'cells of `is_machine` say neither yes nor no and were left out',
  state: 'orders in an unknown state do not count; name it in `states`',
  repeated: 'rows repeat the order before them; one row per order is read',
} as const;

/** Words named in a note, at most. */
export const NOTED_WORDS = 10;

/** A note as people read it. @param words those that look like words, in any order */
export function noteText(table: string, what: string, count: number, words: Iterable<string> = []): string {
  const list = [...words].toSorted().join(', ');
  return `${table}: ${what}${list && `: ${list}`} (${count})`;
}
