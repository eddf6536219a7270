import { z } from 'zod';
import { columnSettings } from '../columns.ts';

/** What can be read of a shop. */
const PARTS = ['orders', 'customers', 'products'] as const;

const consentMeta = (what: string) =>
  z
    .string()
    .min(1)
    .optional()
    .describe(`Key of the meta data in which a plugin keeps the consent to ${what}.`);

export const Settings = z.strictObject({
  url: z
    .url({ protocol: /^https?$/ })
    .refine(isSafe, 'must begin with https://, since the key travels with every request')
    .describe("The shop's address, for example https://shop.example."),
  consumer_key: z
    .string()
    .min(1)
    .meta({ secret: true })
    .describe('From WooCommerce > Settings > Advanced > REST API; the permission Read is enough.'),
  consumer_secret: z.string().min(1).meta({ secret: true }).describe('Shown beside the key, once.'),
  read: z
    .array(z.enum(PARTS))
    .min(1)
    .default([...PARTS])
    .describe('What is read. Orders tell of their buyers, guests too; `customers` are the accounts.'),
  states: columnSettings.states.describe(
    "What order states of the shop's plugins mean; an unknown one does not count.",
  ),
  pending_orders: columnSettings.pending_orders.describe(
    'Whether orders on hold count (bank transfers that have not arrived yet).',
  ),
  consent: z
    .strictObject({
      email: consentMeta('e-mail marketing'),
      sms: consentMeta('text messages'),
      ads: consentMeta('use for advertising audiences'),
    })
    .default({})
    .describe('WooCommerce itself asks for no consent; without a key it is unknown.'),
  extra: columnSettings.extra.describe(
    'What else the meta data of customers and orders says of people: a name of your own, and the key. Rules know it as `extra.NAME`.',
  ),
  customer_role: z
    .string()
    .min(1)
    .default('customer')
    .describe('Which accounts are customers: a role of WordPress, or `all`.'),
  customers_every: z
    .int()
    .min(0)
    .default(1)
    .describe(
      'Days after which all accounts are read again, since WooCommerce does not tell which changed; in between only new ones.',
    ),
  timeout: z
    .int()
    .min(1)
    .max(600)
    .default(60)
    .describe('Seconds that an answer may take; a page that takes longer is asked for in halves.'),
});
export type Settings = z.output<typeof Settings>;

/** Without `/wp-json` and a closing slash, which people copy along. */
export function baseOf(url: string): string {
  const { origin, pathname } = new URL(url);
  return origin + pathname.replace(/\/wp-json.*$/, '').replace(/\/+$/, '');
}

/** Plain http shows the key to everybody on the way; on this machine there is no way. */
function isSafe(url: string): boolean {
  if (!URL.canParse(url)) return true;
  const { protocol, hostname } = new URL(url);
  return protocol !== 'http:' || ['127.0.0.1', 'localhost', '[::1]'].includes(hostname);
}
