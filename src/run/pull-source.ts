import type { AnalyticsTable, Page, PullFrom, Rejection, Table } from '../../connectors/index.ts';
import type { JobSource } from '../job/load.ts';
import type { Tombstones } from '../ledger/tombstones.ts';
import { withoutErased } from './erased.ts';
import { keepMarks } from './marks.ts';
import { openSource } from './open.ts';
import type { RunContext } from './run.ts';
import { store } from './store.ts';
import { loadVisits } from './tables/ga4.ts';
import { loadTable, type Loaded } from './tables/load.ts';
import { LISTED_REJECTIONS } from './tables/told.ts';

/** What the pull of one source came to. */
export type PulledSource = {
  /** Rows of orders, copies of one order among them. */
  order_rows: number;
  rejected: number;
  /** How many rows were rejected for each reason. */
  reasons: Map<string, number>;
  /** The first rejections. */
  rejections: Rejection[];
  warnings: string[];
  /** Records of people who were erased, left out. */
  erased: number;
  /** Why the source could not be read whole, a sentence each. */
  incomplete: string[];
  /** Whether it told of all it has. */
  whole: boolean;
};

const LOGGED_MS = 10_000;

/**
 * Pulls one source into the record tables. A page's marks are kept once it and all before it are stored, so a pull
 * that ends half-way loses nothing, and the next one goes on from there.
 * @throws SyncError when the source as a whole cannot be read
 */
export async function pullSource(
  run: RunContext,
  source: JobSource,
  from: PullFrom,
  tombstones: Tombstones,
): Promise<PulledSource> {
  const pulled: PulledSource = {
    order_rows: 0,
    rejected: 0,
    reasons: new Map(),
    rejections: [],
    warnings: [],
    erased: 0,
    incomplete: [],
    whole: from.since.size === 0 && from.marks.size === 0,
  };
  const opened = await openSource(run, source);
  const counted = countRecords(run, source.name);
  const take = (page: Page): Page => {
    const { page: kept, left_out } = withoutErased(page, source.key, tombstones);
    const { rejected = [], warnings = [], orders = [] } = page;
    const reasons = Map.groupBy(rejected, ({ reason }) => reason);
    add(pulled, {
      order_rows: orders.length,
      reasons: new Map([...reasons].map(([reason, rows]) => [reason, rows.length])),
      rejections: rejected,
      erased: left_out,
      warnings,
    });
    counted.add(recordsIn(page), page.expected);
    return kept;
  };
  const count = (loaded: Loaded, expected?: number) => {
    add(pulled, loaded);
    counted.add(loaded.rows, expected);
  };
  const takeTable = async (table: Table, expected?: number): Promise<void> => {
    const loaded = await loadTable(run, source.key, table, tombstones);
    if (loaded) return count(loaded, expected);
    for await (const page of table.oneByOne!()) await store(run, source.key, take(page));
  };
  const takeVisits = async (table: AnalyticsTable, expected?: number): Promise<void> =>
    count(await loadVisits(run, source.key, table, tombstones), expected);
  // One page is stored while the next is read; two are the most there are in memory.
  let storing = Promise.resolve();
  try {
    for await (const page of opened.pull(from)) {
      run.signal.throwIfAborted();
      await storing;
      if (page.incomplete) pulled.incomplete.push(page.incomplete);
      if (page.incomplete || page.recent_only) pulled.whole = false;
      const marks = pulled.incomplete.length === 0 ? (page.marks ?? {}) : {};
      const { tables = [], analytics = [] } = page;
      storing = store(run, source.key, take(page));
      for (const table of tables) storing = storing.then(() => takeTable(table, page.expected));
      for (const table of analytics) storing = storing.then(() => takeVisits(table, page.expected));
      storing = storing.then(() => keepMarks(run, source, marks));
      storing.catch(() => undefined);
      // Tables come out of the source while they are stored.
      if (tables.length + analytics.length > 0) await storing;
    }
  } finally {
    try {
      await storing;
    } finally {
      counted.end();
    }
  }
  return pulled;
}

function add(pulled: PulledSource, read: Omit<PulledSource, 'rejected' | 'incomplete' | 'whole'>): void {
  pulled.order_rows += read.order_rows;
  pulled.erased += read.erased;
  for (const [reason, rows] of read.reasons) {
    pulled.rejected += rows;
    pulled.reasons.set(reason, (pulled.reasons.get(reason) ?? 0) + rows);
  }
  pulled.rejections.push(...read.rejections.slice(0, LISTED_REJECTIONS - pulled.rejections.length));
  pulled.warnings.push(...read.warnings);
}

type Counted = Parameters<typeof store>[2];

function recordsIn({ orders, customers, products, events }: Counted): number {
  return [orders, customers, products, events].reduce((sum, records) => sum + (records?.length ?? 0), 0);
}

/**
 * Tells how far a pull has come, and logs it now and then of a long one, with how long it will take where the source
 * tells how much there is.
 */
function countRecords(run: RunContext, source: string) {
  const step = run.progress({ stage: 'pull', source });
  const start = performance.now();
  let last = start;
  let records = 0;
  let all: number | undefined;
  const add = (more: number, expected?: number): void => {
    records += more;
    all = expected ?? all;
    step(records, all ?? null);
    const now = performance.now();
    if (now - last < LOGGED_MS) return;
    last = now;
    const rate = records / ((now - start) / 1000);
    const left = all !== undefined && all > records ? Math.round((all - records) / rate) : undefined;
    run.log('pulling', { source, records, expected: all, per_second: Math.round(rate), seconds_left: left });
  };
  return { add, end: () => step(records, all ?? null, true) };
}
