import { readAccess } from './access.ts';
import type { Api } from './api.ts';
import { API_VERSION, PROTECTED } from './queries.ts';
import type { ShopifySettings } from './schema.ts';

/**
 * Proves token, scopes and access to personal data.
 * @returns a line for each, those that something is missing from in full sentences
 * @throws SyncError where the shop cannot be read as the settings want it
 */
export async function checkShop(api: Api, settings: ShopifySettings): Promise<string[]> {
  const { shop, scopes, access, warnings } = await readAccess(api, settings);
  const readable = PROTECTED.filter((field) => access[field]);
  return [
    `${api.shop}: ${shop.name}, plan ${shop.plan.publicDisplayName}, sells in ${shop.currencyCode}`,
    `API version ${API_VERSION} asked, ${api.version() ?? 'none told'} answered`,
    `scopes: ${scopes.join(', ')}`,
    scopes.includes('read_all_orders')
      ? 'read_all_orders: the whole history of orders may be read (without it only the last 60 days)'
      : 'read_all_orders is missing, and `allow_60_days` says that the last 60 days are enough',
    `personal data of customers: ${readable.length > 0 ? readable.join(', ') : 'none'}`,
    ...warnings,
  ];
}
