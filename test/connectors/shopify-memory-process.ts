import { FROM_THE_BEGINNING } from '../../connectors/index.ts';
import { openShopify } from '../../connectors/shopify/pull.ts';
import { ShopifySettings } from '../../connectors/shopify/schema.ts';

/** Pulls the shop at the address given and prints what it came to, with the most memory that was in use. */
const [base_url] = process.argv.slice(2);
const source = openShopify(ShopifySettings.parse({ shop: 'sandbox', access_token: 'sandbox', base_url }), {
  folder: '.',
  timezone: 'UTC',
  currency: 'EUR',
  signal: new AbortController().signal,
  backoff_ms: 500,
  log: () => {},
});
const begun = performance.now();
let [orders, lines, heap] = [0, 0, 0];
for await (const page of source.pull(FROM_THE_BEGINNING)) {
  orders += page.orders?.length ?? 0;
  lines += page.lines?.length ?? 0;
  heap = Math.max(heap, process.memoryUsage().heapUsed);
}
const seconds = (performance.now() - begun) / 1000;
const rss = process.resourceUsage().maxRSS * 1024;
console.log(JSON.stringify({ orders, lines, seconds, heap, rss }));
