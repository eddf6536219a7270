import { expect, onTestFinished } from 'vitest';
import { FROM_THE_BEGINNING, type Page, type PullFrom, type SourceContext } from '../../connectors/index.ts';
import { serveSandbox } from '../../connectors/sandbox-server.ts';
import { openShopify } from '../../connectors/shopify/pull.ts';
import { shopifySandbox } from '../../connectors/shopify/sandbox.ts';
import { ShopifySettings } from '../../connectors/shopify/schema.ts';
import { shopify } from '../../connectors/shopify/source.ts';
import { virtualClock } from './limiter-clock.ts';

/** When the tests begin, by the clock of the shop and of the source. */
export const NOW = '2026-11-01T00:00:00.000Z';

type Records = {
  [kind in 'orders' | 'lines' | 'refunds' | 'customers' | 'products' | 'rejected']: NonNullable<Page[kind]>;
} & { warnings: string[]; incomplete: string[]; pages: number };

/**
 * An empty shop over a real socket, and the source connected to it, both by a clock that waits for nobody. Marks are
 * kept as the run keeps them.
 */
export async function openStand(
  options: { settings?: object; context?: Partial<SourceContext>; rates?: boolean } = {},
) {
  const { clock, start } = virtualClock();
  const shop = shopifySandbox({ now: () => Date.parse(NOW) + clock.now(), rates: options.rates });
  const sandbox = await serveSandbox([shop], { keep_exchanges: true });
  const stopTime = start();
  onTestFinished(async () => {
    await stopTime();
    await sandbox.close();
  });
  const logs: unknown[] = [];
  const context: SourceContext = {
    folder: '.',
    timezone: 'UTC',
    currency: 'EUR',
    signal: new AbortController().signal,
    backoff_ms: 1,
    log: (...line) => void logs.push(line),
    ...options.context,
  };
  const settings = ShopifySettings.parse({
    shop: 'sandbox',
    access_token: 'sandbox',
    base_url: sandbox.url,
    ...options.settings,
  });
  const source = openShopify(settings, context, clock);
  const marks = new Map<string, string>();

  /** Where the next run would begin. */
  function from(): PullFrom {
    const since = Object.entries(shopify.cursors!(settings)).flatMap(([part, { lag_ms }]) => {
      const mark = marks.get(part);
      return mark === undefined ? [] : [[part, new Date(Date.parse(mark) - lag_ms).toISOString()] as const];
    });
    return marks.size === 0 ? FROM_THE_BEGINNING : { marks: new Map(marks), since: new Map(since) };
  }

  /** @param stopAt the page after which the run is killed; its marks are kept */
  async function pull(begin = from(), stopAt = Infinity): Promise<Records> {
    const all: Records = {
      orders: [],
      lines: [],
      refunds: [],
      customers: [],
      products: [],
      rejected: [],
      warnings: [],
      incomplete: [],
      pages: 0,
    };
    for await (const page of source.pull(begin)) {
      all.pages += 1;
      all.orders.push(...(page.orders ?? []));
      all.lines.push(...(page.lines ?? []));
      all.refunds.push(...(page.refunds ?? []));
      all.customers.push(...(page.customers ?? []));
      all.products.push(...(page.products ?? []));
      all.rejected.push(...(page.rejected ?? []));
      all.warnings.push(...(page.warnings ?? []));
      if (page.incomplete) all.incomplete.push(page.incomplete);
      if (all.incomplete.length === 0)
        for (const [part, mark] of Object.entries(page.marks ?? {})) keep(part, mark);
      if (all.pages >= stopAt) break;
    }
    return all;
  }

  function keep(part: string, mark: string): void {
    if (mark === '') marks.delete(part);
    else marks.set(part, mark);
  }

  /** Names of the operations that were asked for, in their order. */
  const asked = () =>
    sandbox.exchanges.flatMap(({ request }) => {
      const { operationName } = (request.body ?? {}) as { operationName?: string };
      return operationName ?? (request.path.includes('_bulk') ? 'download' : []);
    });

  return { shop, sandbox, source, settings, clock, marks, logs, from, pull, asked };
}

export type Stand = Awaited<ReturnType<typeof openStand>>;

/** Records in the order of their ids, as upserts leave them. */
export function settled(records: Records) {
  const last = <T>(rows: readonly T[], key: (row: T) => string) =>
    [...new Map(rows.map((row) => [key(row), row])).entries()]
      .toSorted(([a], [b]) => a.localeCompare(b))
      .map(([, row]) => row);
  return {
    orders: last(records.orders, (order) => order.order_id),
    lines: last(records.lines, (line) => `${line.order_id} ${line.line_id}`),
    refunds: last(records.refunds, (refund) => `${refund.order_id} ${refund.refund_id}`),
    customers: last(records.customers, (one) => `${one.customer_id ?? ''} ${one.email ?? one.phone}`),
    products: last(records.products, (product) => product.product_id ?? ''),
  };
}

/** What `pull` or `check` failed with, as people see it. */
export async function problemOf(work: Promise<unknown>) {
  const error = await work.then(
    () => expect.fail('It did not fail.'),
    (thrown: unknown) => thrown,
  );
  return (error as { problem: { code: string; what: string; why?: string; fix?: string } }).problem;
}
