import { mkdtemp, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { csvSource } from '../../connectors/csv/source.ts';
import type {
  Customer,
  Event,
  Order,
  OrderLine,
  Page,
  Product,
  Refund,
  Rejection,
} from '../../connectors/records.ts';
import {
  FROM_THE_BEGINNING,
  type PullFrom,
  type Source,
  type SourceContext,
} from '../../connectors/source.ts';

export type Pulled = {
  orders: Order[];
  lines: OrderLine[];
  products: Product[];
  refunds: Refund[];
  customers: Customer[];
  events: Event[];
  rejected: Rejection[];
  warnings: string[];
};

/** A folder of files, each changed a second after the one before, gone at the end of the test. */
export async function folderOf(files: Record<string, string | Buffer>) {
  const folder = await mkdtemp(join(tmpdir(), 'segment-sync-csv-'));
  for (const [index, [name, content]] of Object.entries(files).entries()) {
    await writeFile(join(folder, name), content);
    const changed = Date.parse('2026-01-01T00:00:00Z') / 1000 + index;
    await utimes(join(folder, name), changed, changed);
  }
  return { folder, [Symbol.asyncDispose]: () => rm(folder, { recursive: true }) };
}

export async function openCsv(
  folder: string,
  settings: object,
  context: Partial<SourceContext> = {},
): Promise<Source> {
  const defaults = {
    folder,
    timezone: 'UTC',
    currency: 'EUR',
    signal: new AbortController().signal,
    backoff_ms: 1,
    log: () => undefined,
  };
  return csvSource.open(csvSource.settings.parse(settings), { ...defaults, ...context });
}

/** The pages, with what the engine would read of a file read row by row. */
export async function* pagesOf(source: Source, from: PullFrom = FROM_THE_BEGINNING): AsyncGenerator<Page> {
  for await (const { tables = [], ...page } of source.pull(from)) {
    yield page;
    for (const table of tables) yield* table.oneByOne!();
  }
}

export async function pullAll(source: Source): Promise<Pulled> {
  const all: Pulled = {
    orders: [],
    lines: [],
    products: [],
    refunds: [],
    customers: [],
    events: [],
    rejected: [],
    warnings: [],
  };
  for await (const page of pagesOf(source)) {
    for (const kind of Object.keys(all) as (keyof Pulled)[])
      (all[kind] as unknown[]).push(...(page[kind] ?? []));
  }
  return all;
}

/** What a source made of these files yields. */
export async function pulled(
  files: Record<string, string | Buffer>,
  settings: object,
  context: Partial<SourceContext> = {},
): Promise<Pulled> {
  await using dir = await folderOf(files);
  return await pullAll(await openCsv(dir.folder, settings, context));
}

/** What remains of an order for the models: null where it was not paid, nothing where all of it went back. */
export function netOf(
  { orders, refunds }: Pulled,
  order_id: string,
): { net: string | null; isPurchase: boolean } {
  const order = orders.find((candidate) => candidate.order_id === order_id);
  if (!order?.counts) return { net: null, isPurchase: false };
  const back = refunds.filter((refund) => refund.order_id === order_id);
  const cents =
    Math.round(Number(order.goods) * 100) - sum(back.map(({ amount }) => Math.round(Number(amount) * 100)));
  return { net: (cents / 100).toFixed(2), isPurchase: back.length === 0 || cents > 0 };
}

function sum(numbers: number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
