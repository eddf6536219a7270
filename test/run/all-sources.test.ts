import { mkdtemp, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { klaviyoSandbox } from '../../connectors/klaviyo/sandbox.ts';
import { mailchimpSandbox } from '../../connectors/mailchimp/sandbox.ts';
import { serveSandbox } from '../../connectors/sandbox-server.ts';
import { shopifySandbox } from '../../connectors/shopify/sandbox.ts';
import { woocommerceSandbox } from '../../connectors/woocommerce/sandbox.ts';
import { startClickHouse } from '../connectors/clickhouse-server.ts';
import type { Engine } from '../connectors/database-connection.ts';
import { findServer } from '../connectors/databases.ts';
import { openPlatform } from './platform.ts';
import { openStage } from './stage.ts';
import { parquetExport } from './tables/ga4-export.ts';

const stage = openStage();
const AS_OF = '2026-03-31';
const NOW = Date.parse('2026-03-31T12:00:00Z');
const COLUMNS = { order_id: 'id', email: 'mail', ordered_at: 'at', total: 'total' };

/** A database with one order, or nothing where this machine has no such server. */
async function database(kind: Engine | 'clickhouse', mail: string): Promise<object[]> {
  const settings = {
    type: kind,
    query: 'SELECT id, mail, at, total FROM orders WHERE at > {since}',
    columns: COLUMNS,
    cursor: { field: 'at', lag: '0m' },
  };
  const table = (time: string, more = '') =>
    `CREATE TABLE orders (id int, mail varchar(50), at ${time}, total decimal(9, 2)) ${more};
     INSERT INTO orders VALUES (1, '${mail}', '2026-03-01 10:00:00', 20)`;
  if (kind === 'clickhouse') {
    const server = await startClickHouse();
    onTestFinished(() => server.stop());
    const { url, sql } = await server.database();
    for (const one of table('DateTime', 'ENGINE = MergeTree ORDER BY id').split(';')) await sql(one);
    return [{ ...settings, url }];
  }
  const server = await findServer(kind);
  if (server.missing) {
    process.stderr.write(`left out: ${server.missing}\n`);
    return [];
  }
  const { url, sql } = await server.database();
  await sql(table(kind === 'postgres' ? 'timestamptz' : 'datetime'));
  return [{ ...settings, url }];
}

/** Files of each kind, old enough to be passed over once they are read. */
async function files(): Promise<object[]> {
  const folder = await mkdtemp(join(tmpdir(), 'segment-sync-all-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const put = async (name: string, text: string) => {
    await writeFile(join(folder, name), text);
    await utimes(join(folder, name), 1_770_000_000, 1_770_000_000);
    return join(folder, name);
  };
  const site = join(folder, 'events_20260302.parquet');
  await parquetExport(stage.engine, site, [
    { at: '2026-03-02T10:00:00Z', device: 'd1', name: 'purchase', order: 'c-1' },
  ]);
  return [
    {
      type: 'csv',
      path: await put('a.csv', 'id,mail,at,total\nc-1,csv@example.com,2026-03-02,20\n'),
      columns: COLUMNS,
    },
    {
      type: 'files',
      path: await put('a.jsonl', '{"id":"f-1","mail":"files@example.com","at":"2026-03-01","total":20}\n'),
      columns: COLUMNS,
    },
    { type: 'files', name: 'site', format: 'ga4', path: site },
  ];
}

/** Platforms with one order or event each. */
async function platforms(): Promise<object[]> {
  let time = NOW - 10 * 86_400_000;
  const now = () => time;
  const shopify = shopifySandbox({});
  shopify.bulk.takeLooks(0);
  const woo = woocommerceSandbox({ now, empty: true });
  const mailchimp = mailchimpSandbox({ people: [{ email: 'csv@example.com' }], now });
  const klaviyo = klaviyoSandbox({ now, rates: false });
  const sandbox = await serveSandbox([shopify, woo, mailchimp, klaviyo]);
  onTestFinished(() => sandbox.close());
  shopify.putOrder({
    id: 1,
    email: 'shopify@example.com',
    processedAt: '2026-03-01T10:00:00Z',
    lines: [{ id: 1, product: 1, sku: 'S', price: 2000, tax: 0 }],
  });
  woo.shop.put({
    status: 'completed',
    currency: 'EUR',
    billing: { email: 'woocommerce@example.com' },
    total: '20.00',
    date_created_gmt: '2026-03-01T10:00:00',
  });
  // What changed just now would be read again, to be sure.
  time = NOW;
  mailchimp.send({ id: 'spring', sent_at: '2026-03-20T08:00:00Z', recipients: ['csv@example.com'] });
  mailchimp.act('spring', 'csv@example.com', { action: 'open', at: '2026-03-20T09:00:00Z' });
  klaviyo.track('Active on Site', { email: 'files@example.com' }, '2026-03-25T09:00:00Z');
  const base_url = sandbox.url;
  return [
    { type: 'shopify', shop: 'all', access_token: 'sandbox', base_url },
    { type: 'woocommerce', url: base_url, consumer_key: 'sandbox', consumer_secret: 'sandbox' },
    { type: 'mailchimp', api_key: 'sandbox-us1', list_id: 'sandbox', start: '2026-01-01', base_url },
    { type: 'klaviyo', api_key: 'sandbox', start: '2026-03-01', base_url },
  ];
}

test(
  'one job reads every kind of source, and its second run brings nothing new',
  { timeout: 120_000 },
  async () => {
    const databases = await Promise.all(
      (['postgres', 'mysql', 'clickhouse'] as const).map((kind) => database(kind, `${kind}@example.com`)),
    );
    const sources = [...(await files()), ...databases.flat(), ...(await platforms())] as { type: string }[];
    const platform = openPlatform();
    const shop = stage.shop({
      sources,
      exchange_rates: { USD: '1' },
      connectors: { platform: platform.definition },
      segments: { engagement: {} },
      destinations: [{ type: 'platform', audiences: [{ segment: '*' }] }],
    });
    const stored = () =>
      stage.engine.query(
        `SELECT (SELECT count() FROM orders FINAL WHERE source IN {sources:Array(String)}) AS orders,
              (SELECT count() FROM events FINAL WHERE source IN {sources:Array(String)}) AS events`,
        { sources: shop.job.sources.map(({ key }) => key) },
      );

    const first = await shop.run(AS_OF);
    const [after] = await stored();
    const second = await shop.run(AS_OF);

    const sell = sources.map(({ type }) => type).filter((type) => !['mailchimp', 'klaviyo'].includes(type));
    const buyers = [...new Set(sell)].map((type) => `email:${type}@example.com`).toSorted();
    expect(first).toMatchObject({ status: 'done', error: null, customers: buyers.length });
    const members = [...platform.audiences.values()].flatMap((held) => [...held.members.keys()]);
    expect(members.toSorted()).toEqual(buyers);
    for (const { source, orders, events } of first.pulled.sources) {
      expect([source, orders + events]).toEqual([source, source === 'site' ? 1 : expect.any(Number)]);
      expect(orders + events, source).toBeGreaterThan(0);
    }
    // Of a database the row is read again at which the first run had come.
    expect(second.pulled.orders).toBeLessThanOrEqual(databases.flat().length);
    expect(second).toMatchObject({ status: 'done', pulled: { events: 0, lines: 0, rejected: 0 } });
    expect(await stored()).toEqual([after]);
    expect(second.audiences.every(({ added, removed, requests }) => added + removed + requests === 0)).toBe(
      true,
    );
  },
);
