import { z } from 'zod';
import { systemClock, type Clock } from '../clock.ts';
import { createNotes } from '../notes.ts';
import type { Page } from '../records.ts';
import type { PullFrom, Source, SourceContext } from '../source.ts';
import { readAccess } from './access.ts';
import { shopifyApi, type Api } from './api.ts';
import { bulkMark, bulkPages, type Bulk } from './backfill.ts';
import { operationIn, startBulk } from './bulk.ts';
import { checkShop } from './check.ts';
import { bucketOf, createBucket, type Bucket } from './pace.ts';
import { changed } from './pages.ts';
import { bulkQuery, changedSince, countQuery, PARTS, type Access, type Part } from './queries.ts';
import { recordReader, type RecordReader } from './records.ts';
import type { ShopifySettings } from './schema.ts';

/**
 * So many changed records are read by a bulk operation rather than by pages: those cost points, at 100 a second on the
 * smaller plans, and end at 25,000 records.
 */
const BULK_FROM = 5_000;

/** Opens a shop as a source; nothing is read before `check` or `pull`. */
export function openShopify(
  settings: ShopifySettings,
  context: SourceContext,
  clock: Clock = systemClock,
): Source {
  const api = shopifyApi(settings, context, { clock, bucket: sharedBucket(settings, clock) });
  return {
    check: () => checkShop(api, settings),
    pull: (from) => pull(api, settings, context, from),
  };
}

/** What an app may ask of a shop it may ask once, however many jobs there are; tests have their own time. */
function sharedBucket(
  { shop, base_url = '', client_id, access_token }: ShopifySettings,
  clock: Clock,
): Bucket {
  if (clock !== systemClock) return createBucket(clock);
  return bucketOf([base_url, shop, client_id ?? access_token].join(' '), clock);
}

async function* pull(
  api: Api,
  settings: ShopifySettings,
  context: SourceContext,
  from: PullFrom,
): AsyncGenerator<Page> {
  const { access, warnings } = await readAccess(api, settings);
  yield { warnings, recent_only: settings.allow_60_days };
  const notes = createNotes(`shopify ${api.shop}`);
  const reader = recordReader(settings, notes);
  const parts = PARTS.filter((part) => part !== 'products' || access.products);

  const bulks = new Map<Part, Bulk>();
  for (const part of parts) {
    if (!(await isBulk(api, part, access, from))) continue;
    // All are begun before the first is waited for: Shopify works on five at a time.
    const bulk = await begin(api, part, access, from);
    bulks.set(part, bulk);
    yield { marks: bulkMark(bulk) };
  }
  const incomplete: string[] = [];
  for (const part of parts) {
    const bulk = bulks.get(part);
    context.log('reading', { part, by: bulk ? 'bulk operation' : 'pages', since: from.since.get(part) });
    if (bulk) yield* bulkPages(api, bulk, reader, incomplete);
    else yield* changedPages(api, part, access, from.since.get(part)!, reader);
  }
  yield { warnings: notes.texts() };
  // Last, since no mark of a later page is kept.
  for (const why of incomplete) yield { incomplete: why };
}

/** Everything, and much of it, is a matter for a bulk operation; so is one that is under way already. */
async function isBulk(api: Api, part: Part, access: Access, { since, marks }: PullFrom): Promise<boolean> {
  const start = since.get(part);
  if (start === undefined) return true;
  if (operationIn(marks.get(`${part}.bulk`), bulkQuery(part, access, start))) return true;
  const reply = z
    .object({ [`${part}Count`]: z.object({ count: z.int() }) })
    .transform((data) => data[`${part}Count`]!.count);
  const { data: count } = await api.ask(
    countQuery(part),
    { query: changedSince(start), limit: BULK_FROM + 1 },
    reply,
  );
  return count > BULK_FROM;
}

async function begin(api: Api, part: Part, access: Access, { since, marks }: PullFrom): Promise<Bulk> {
  const query = bulkQuery(part, access, since.get(part));
  const id = operationIn(marks.get(`${part}.bulk`), query) ?? (await startBulk(api, query));
  return { part, query, id };
}

/** What changed, the longest unchanged first: a page is a whole step, and the mark goes along. */
async function* changedPages(
  api: Api,
  part: Part,
  access: Access,
  since: string,
  reader: RecordReader,
): AsyncGenerator<Page> {
  for await (const { raws, denied } of changed(api, part, access, since)) {
    const { page, updated_at } = reader.read(part, raws);
    const warnings = denied.length > 0 ? [`Shopify denied some fields of ${part}.`] : undefined;
    yield { ...page, warnings, marks: updated_at === undefined ? undefined : { [part]: updated_at } };
  }
}
