import fc from 'fast-check';
import { anOrder, aVisit } from './stage.ts';

/** The day around which their days lie. */
export const AS_OF = '2026-03-31';
export const SETTINGS = { timezone: 'Europe/Bucharest', exchange_rates: { RON: '0.2013' } };

/** Around the run's day, the day a year before it, and the nights in which a day begins. */
const instant = fc
  .record({
    days: fc.oneof(
      fc.integer({ min: -3, max: 2 }),
      fc.integer({ min: -368, max: -362 }),
      fc.integer({ min: -700, max: 0 }),
    ),
    minutes: fc.oneof(fc.integer({ min: 1230, max: 1350 }), fc.integer({ min: 0, max: 1439 })),
  })
  .map(({ days, minutes }) =>
    new Date(Date.parse(AS_OF) + days * 86_400_000 + minutes * 60_000).toISOString(),
  );
const amount = fc.integer({ min: 0, max: 400 }).map((cents) => (cents / 100).toFixed(2));
const person = fc.record({
  customer_id: fc.constantFrom(undefined, undefined, '1', '2', '3'),
  email: fc.constantFrom(undefined, 'a@example.com', 'b@example.com', 'c@example.com', 'd@example.com'),
  phone: fc.constantFrom(undefined, '+40722000111', '+40722000222'),
});
const copy = fc.record({
  person,
  order_id: fc.integer({ min: 1, max: 12 }).map(String),
  version: fc.integer({ min: 1, max: 3 }),
  ordered_at: instant,
  cancelled_at: fc.option(instant, { nil: undefined, freq: 6 }),
  counts: fc.constantFrom(true, true, true, true, false),
  is_test: fc.constantFrom(false, false, false, false, true),
  currency: fc.constantFrom('EUR', 'EUR', 'RON', 'USD'),
  goods: amount,
  refunds: fc.array(fc.record({ amount, at: instant }), { maxLength: 2 }),
});
const copies = fc.uniqueArray(copy, {
  minLength: 1,
  maxLength: 25,
  selector: ({ order_id, version }) => `${order_id}.${version}`,
});
/** Orders with their refunds, which keep their numbers from copy to copy, and visits. */
export const shops = fc
  .record({ copies, visits: fc.array(fc.record({ person, at: instant }), { maxLength: 5 }) })
  .map(({ copies, visits }) => ({
    orders: copies.map(({ person, refunds: _refunds, ...order }) => anOrder({ ...order, ...person })),
    refunds: copies.flatMap(({ order_id, version, refunds }) =>
      refunds.map((refund, index) => ({ order_id, version, refund_id: `${order_id}-${index}`, ...refund })),
    ),
    events: visits.map(({ person, at }) => aVisit({ at, ...person })),
  }));
