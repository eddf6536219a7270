import { z } from 'zod';
import type { Api } from './api.ts';
import { problem } from './failure.ts';
import { API_VERSION, FULL_ACCESS, PROBE, PROTECTED, SHOP, type Access } from './queries.ts';
import { ShopReply } from './replies.ts';
import type { ShopifySettings } from './schema.ts';

/** What the app is let read, and what people should know of it. */
export type Granted = {
  shop: z.output<typeof ShopReply>['shop'];
  scopes: string[];
  access: Access;
  /** Sentences on what is missing. */
  warnings: string[];
};

const NEEDED = ['read_orders', 'read_customers'] as const;

const GRANT =
  'Set them in the Dev Dashboard (the app > Versions > Access scopes; in the shop: Settings > Apps > Develop apps > Configuration), release, and approve them in the shop.';

/**
 * Asks for scopes and tries the personal data, since both are missing without a word otherwise: orders older than 60
 * days are simply not there, and protected fields are empty.
 * @throws SyncError where orders or customers may not be read, or only the last 60 days and nobody said that is enough
 */
export async function readAccess(api: Api, settings: ShopifySettings): Promise<Granted> {
  const { data } = await api.ask(SHOP, {}, ShopReply);
  const scopes = data.currentAppInstallation.accessScopes.toSorted();
  // Who may write may read.
  const has = (scope: string) => scopes.includes(scope) || scopes.includes(scope.replace('read_', 'write_'));
  const missing = NEEDED.filter((scope) => !has(scope));
  if (missing.length > 0) throw scopesMissing(api.shop, missing);
  if (!scopes.includes('read_all_orders') && !settings.allow_60_days) throw onlyRecentOrders(api.shop);

  const access: Access = { ...FULL_ACCESS, products: has('read_products') };
  const { denied } = await api.ask(PROBE, {}, z.unknown());
  for (const path of denied) access[protectedIn(path)] = false;
  return { shop: data.shop, scopes, access, warnings: warningsOf(api, scopes, access) };
}

/** Which grant a field belongs to: `customers.nodes.0.defaultEmailAddress` to the e-mail address. */
function protectedIn(path: string): (typeof PROTECTED)[number] {
  const field = path.slice(path.indexOf('.') + 1);
  if (/email/i.test(field)) return 'email';
  if (/phone/i.test(field)) return 'phone';
  return /address/i.test(field) ? 'address' : 'name';
}

function warningsOf(api: Api, scopes: readonly string[], access: Access): string[] {
  const warnings: string[] = [];
  const cure =
    'In the Dev Dashboard, under API access of the app, ask for the protected customer fields; on the plans Basic and Starter Shopify does not give them.';
  if (!access.email) {
    warnings.push(
      `NO E-MAIL ADDRESSES: the app may not read them, so hardly anybody can be found at Mailchimp, Klaviyo or Facebook. ${cure}`,
    );
  }
  const others = PROTECTED.filter((field) => field !== 'email' && !access[field]);
  if (others.length > 0) warnings.push(`The app may not read of customers: ${others.join(', ')}. ${cure}`);
  if (!access.products) {
    warnings.push(`Without the scope read_products nothing is known of categories and collections. ${GRANT}`);
  }
  if (!scopes.includes('read_all_orders')) {
    warnings.push(
      'ONLY THE LAST 60 DAYS: the scope read_all_orders is missing, so customer lifetime value is computed from two months of orders.',
    );
  }
  return [...warnings, ...versionWarnings(api)];
}

function versionWarnings(api: Api): string[] {
  const told = api.version();
  return told === undefined || told === API_VERSION
    ? []
    : [
        `Shopify answers by API version ${told}, since ${API_VERSION} is there no more: take a newer version of this program.`,
      ];
}

function scopesMissing(shop: string, missing: readonly string[]) {
  return problem(shop, {
    code: 'SOURCE_PERMISSION',
    retry: 'never',
    what: `The app has not the scope ${missing.join(' and ')}.`,
    fix: GRANT,
  });
}

function onlyRecentOrders(shop: string) {
  return problem(shop, {
    code: 'SOURCE_PERMISSION',
    retry: 'never',
    what: 'The app sees the orders of the last 60 days only.',
    why: 'The scope read_all_orders is missing, and Shopify leaves older orders out without a word. A customer lifetime value from 60 days is worth nothing: every older customer looks new or lost.',
    fix: `Ask for read_all_orders beside read_orders. ${GRANT} To go on with 60 days all the same, set \`allow_60_days: true\`.`,
  });
}
