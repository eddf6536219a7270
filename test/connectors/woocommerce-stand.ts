import { onTestFinished } from 'vitest';
import { SyncError } from '../../connectors/error.ts';
import type {
  Customer,
  Order,
  OrderLine,
  Page,
  Product,
  Refund,
  Rejection,
} from '../../connectors/records.ts';
import { serveSandbox, type Fault } from '../../connectors/sandbox-server.ts';
import type { SourceContext } from '../../connectors/source.ts';
import { openWooCommerce } from '../../connectors/woocommerce/open.ts';
import { woocommerceSandbox, type SandboxHost } from '../../connectors/woocommerce/sandbox.ts';
import { Settings } from '../../connectors/woocommerce/schema.ts';
import { woocommerce } from '../../connectors/woocommerce/source.ts';

export type StandOptions = {
  host?: SandboxHost;
  settings?: Partial<Record<keyof Settings, unknown>>;
  context?: Partial<SourceContext>;
  timeout_ms?: number;
  /** Keeps an answer back; called once for each. */
  delay?: () => Promise<void>;
  /** Called with the path of each request before it is answered. */
  before?: (path: string) => void;
  keep_exchanges?: boolean;
};

type Kept = {
  orders: Map<string, Order>;
  lines: Map<string, OrderLine>;
  refunds: Map<string, Refund>;
  customers: Customer[];
  products: Map<string, Product>;
};

/** One pull: what it yielded, in order. */
export type Pulled = {
  orders: Order[];
  customers: Customer[];
  products: Product[];
  rejected: Rejection[];
  warnings: string[];
  pages: Page[];
};

/**
 * An empty shop in the sandbox, the source connected to it, and a store that keeps rows and marks as the run does:
 * of two copies the one with the greater version stands, and marks are kept once a page is stored.
 */
export async function openStand(options: StandOptions = {}) {
  const clock = { now: Math.floor(Date.now() / 1000) * 1000 };
  const platform = woocommerceSandbox({ now: () => clock.now, host: options.host, empty: true });
  const { handle } = platform;
  platform.handle = (request) => {
    options.before?.(request.path);
    return handle(request);
  };
  const sandbox = await serveSandbox([platform], {
    keep_exchanges: options.keep_exchanges ?? true,
    delay: options.delay,
  });
  onTestFinished(() => sandbox.close());
  const settings = Settings.parse({
    url: sandbox.url,
    consumer_key: 'sandbox',
    consumer_secret: 'sandbox',
    ...options.settings,
  });
  const logs: string[] = [];
  const context: SourceContext = {
    folder: '.',
    timezone: 'UTC',
    currency: 'EUR',
    signal: new AbortController().signal,
    backoff_ms: 1,
    log: (message, fields) => void logs.push(JSON.stringify({ message, ...fields })),
    ...options.context,
  };
  const open = () => openWooCommerce(settings, context, options.timeout_ms);
  const marks = new Map<string, string>();
  const kept: Kept = {
    orders: new Map(),
    lines: new Map(),
    refunds: new Map(),
    customers: [],
    products: new Map(),
  };

  /** Where the run would begin, by the marks kept so far. */
  function from(since?: string) {
    const cursors = Object.entries(woocommerce.cursors!(settings));
    const begins = cursors.flatMap(([part, { lag_ms }]): [string, string][] => {
      const mark = marks.get(part);
      if (since) return [[part, since]];
      return mark ? [[part, new Date(Date.parse(mark) - lag_ms).toISOString()]] : [];
    });
    return { marks: new Map(since ? [] : marks), since: new Map(begins) };
  }

  function keep(page: Page): void {
    const newer = <Row extends { version: number }>(map: Map<string, Row>, key: string, row: Row) => {
      if ((map.get(key)?.version ?? 0) <= row.version) map.set(key, row);
    };
    for (const order of page.orders ?? []) newer(kept.orders, order.order_id, order);
    for (const line of page.lines ?? []) newer(kept.lines, `${line.order_id}/${line.line_id}`, line);
    for (const refund of page.refunds ?? [])
      newer(kept.refunds, `${refund.order_id}/${refund.refund_id}`, refund);
    for (const product of page.products ?? []) newer(kept.products, product.product_id!, product);
    kept.customers.push(...(page.customers ?? []));
    for (const [part, mark] of Object.entries(page.marks ?? {})) {
      if (mark === '') marks.delete(part);
      else marks.set(part, mark);
    }
  }

  return {
    shop: platform.shop,
    host: platform.host,
    sandbox,
    clock,
    settings,
    context,
    logs,
    marks,
    kept,
    open,
    /** Lets time pass for the shop. */
    later(ms: number) {
      clock.now += ms;
    },
    fault: (fault: Omit<Fault, 'platform'>) => sandbox.fault({ platform: 'woocommerce', ...fault }),
    check: () => open().check(),
    /** @param options `pages`: is killed after so many are stored; `since` as the operator gives it */
    async pull({ pages = Infinity, since }: { pages?: number; since?: string } = {}): Promise<Pulled> {
      const pulled: Pulled = {
        orders: [],
        customers: [],
        products: [],
        rejected: [],
        warnings: [],
        pages: [],
      };
      if (pages === 0) return pulled;
      for await (const page of open().pull(from(since))) {
        keep(page);
        pulled.pages.push(page);
        pulled.orders.push(...(page.orders ?? []));
        pulled.customers.push(...(page.customers ?? []));
        pulled.products.push(...(page.products ?? []));
        pulled.rejected.push(...(page.rejected ?? []));
        pulled.warnings.push(...(page.warnings ?? []));
        if (pulled.pages.length >= pages) break;
      }
      return pulled;
    },
    /** The queries of all requests for a path that were answered. */
    asked: (path: RegExp) =>
      sandbox.exchanges.filter(({ request }) => path.test(request.path)).map(({ request }) => request.query),
  };
}

export type Stand = Awaited<ReturnType<typeof openStand>>;

/** What a failing call threw, as people see it. */
export async function problemOf(call: Promise<unknown>) {
  try {
    await call;
  } catch (error) {
    if (error instanceof SyncError) return { ...error.problem, retry: error.retry };
    throw error;
  }
  throw new Error('It did not fail.');
}
