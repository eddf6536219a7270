import { openCrowd, type DestinationType } from './crowd.ts';
import type { Shop } from './shop.ts';

const DESTINATIONS: DestinationType[] = ['mailchimp', 'facebook', 'csv'];
export const AS_OF = ['--as-of', '2026-03-31'];
export const HEADER = 'Name,Email,Financial Status,Currency,Subtotal,Total,Created at,Billing Name';
export const ROWS = [
  '#1,anna@example.com,paid,EUR,20.00,20.00,2026-03-01 10:00:00 +0000,Anna Bauer',
  '#2,zoe@example.com,paid,EUR,30.00,30.00,2025-10-01 10:00:00 +0000,Zoë Müller',
  '#3,ion@example.com,paid,EUR,40.00,40.00,2024-10-01 10:00:00 +0000,Ion Năstase',
];
/** An active customer, one at risk and a lost one, as of `AS_OF`. */
export const EXPORT = `${[HEADER, ...ROWS].join('\n')}\n`;

/** A shop with three customers and a job for them; without Klaviyo, whose imports take their time. */
export async function openSmall(): Promise<Shop> {
  const shop = await openCrowd(DESTINATIONS);
  await shop.write('orders.csv', EXPORT);
  return shop;
}
