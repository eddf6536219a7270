import { z } from 'zod';
import { SyncError, type ErrorCode } from '../error.ts';
import type { Tools } from './changes.ts';
import type { Shop } from './client.ts';
import { plain } from './text.ts';

/** No order was changed after this. */
const FAR_AHEAD = '2100-01-01T00:00:00';

const Index = z.object({
  name: z.string().catch(''),
  namespaces: z.array(z.string()).catch([]),
  timezone_string: z.string().catch(''),
  gmt_offset: z.coerce.number().catch(0),
});
const Status = z.object({
  environment: z.object({ version: z.string() }),
  settings: z.object({ currency: z.string() }),
});
const Newest = z.array(z.object({ version: z.string().catch(''), currency: z.string().catch('') }));
const Rows = z.array(z.looseObject({ id: z.int() }));

/**
 * Proves that every part can be read.
 * @returns what the shop is called and runs, how many there are of each part, and whether it tells what changed
 * @throws SyncError
 */
export async function checkShop({ shop, settings }: Tools): Promise<string[]> {
  const index = await readIndex(shop);
  const facts: string[] = [];
  const newest = settings.read.includes('orders') ? await readNewest(shop) : undefined;
  const { version, currency } = (await readStatus(shop)) ?? newest ?? {};
  const zone = index && (index.timezone_string || `UTC${index.gmt_offset < 0 ? '' : '+'}${index.gmt_offset}`);
  const known = [
    `WooCommerce ${version ?? 'of unknown version'}`,
    currency && `currency ${currency}`,
    zone && `time zone ${zone}`,
  ];
  facts.push(`${plain(index?.name ?? '') || shop.host}: ${known.filter(Boolean).join(', ')}`);
  if (newest) {
    facts.push(`key accepted, ${newest.total ?? 'an unknown number of'} orders can be read`);
    facts.push(await tellsChanges(shop));
  }
  for (const part of ['customers', 'products'] as const) {
    if (!settings.read.includes(part)) continue;
    const role: Record<string, string> = part === 'customers' ? { role: settings.customer_role } : {};
    const query = { per_page: '1', _fields: 'id', ...role };
    const { total } = await shop.get({ what: `read ${part}`, path: `/wc/v3/${part}`, query }, Rows);
    facts.push(`${total ?? 'an unknown number of'} ${part} can be read`);
  }
  return [...facts, ...shop.oddities()];
}

/** The index is open to everybody unless a plugin closes it; then it tells nothing, and the rest has to show. */
async function readIndex(shop: Shop): Promise<z.output<typeof Index> | undefined> {
  const query = { _fields: 'name,namespaces,timezone_string,gmt_offset' };
  const request = { what: 'tell what it is', path: '/', query, open: true };
  const index = await shop.get(request, Index).catch((error: unknown) => {
    if (isOneOf(error, ['SOURCE_KEY_REFUSED', 'SOURCE_BLOCKED', 'SOURCE_PERMISSION'])) return undefined;
    throw error;
  });
  if (!index || index.value.namespaces.length === 0 || index.value.namespaces.includes('wc/v3'))
    return index?.value;
  throw new SyncError({
    code: 'SOURCE_NO_API',
    where: `woocommerce ${shop.host}`,
    what: 'The site is WordPress, but WooCommerce is missing or too old.',
    fix: 'Install and activate WooCommerce, version 3.5 or later (its REST API is wc/v3).',
  });
}

async function readNewest(shop: Shop) {
  const query = { per_page: '1', orderby: 'date', order: 'desc', _fields: 'id,version,currency' };
  const { value, total } = await shop.get({ what: 'read orders', path: '/wc/v3/orders', query }, Newest);
  return { version: value[0]?.version || undefined, currency: value[0]?.currency || undefined, total };
}

/** Only administrators and shop managers may see this, and some hosts take too long over it. */
async function readStatus(shop: Shop) {
  const query = { _fields: 'environment,settings' };
  const request = { what: 'tell its version', path: '/wc/v3/system_status', query, patient: false };
  try {
    const { environment, settings } = (await shop.get(request, Status)).value;
    return { version: environment.version, currency: settings.currency };
  } catch (error) {
    if (!(error instanceof SyncError) || error.problem.code === 'SOURCE_KEY_REFUSED') throw error;
    return undefined;
  }
}

async function tellsChanges(shop: Shop): Promise<string> {
  const query = { per_page: '1', modified_after: FAR_AHEAD, dates_are_gmt: 'true', _fields: 'id' };
  const { value } = await shop.get({ what: 'read orders', path: '/wc/v3/orders', query }, Rows);
  return value.length === 0
    ? 'it tells which orders changed'
    : 'it does not tell which orders changed (WooCommerce before 5.8, or a plugin): those of the last 30 days are read each time, all every 7 days';
}

function isOneOf(error: unknown, codes: readonly ErrorCode[]): boolean {
  return error instanceof SyncError && codes.includes(error.problem.code);
}
