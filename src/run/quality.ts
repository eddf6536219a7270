import { dropInRecords, silentDays, type DayCount } from '../report/silence.ts';
import type { PulledSource } from './pull-source.ts';
import type { RunContext } from './run.ts';

/** What a source holds up to the run's date, and what became of the rows of this pull. */
export type SourceQuality = {
  /** Its name in the job. */
  source: string;
  /** Distinct orders, tests aside. */
  orders: number;
  /** ISO dates, in the job's time zone; null without any. */
  first_order: string | null;
  last_order: string | null;
  /** The last 24 months with orders, the first first. */
  orders_by_month: { month: string; orders: number }[];
  orders_without_email: number;
  events: number;
  first_event: string | null;
  last_event: string | null;
  /** Rows of orders of this pull that another copy of the same order replaced. */
  repeated: number;
  rejected: number;
  /** The reasons for which most rows were rejected first. */
  reasons: { reason: string; rows: number }[];
};

const LISTED_MONTHS = 24;
/** A share of orders without an address above this is worth a word. */
const MUCH = 0.2;

/**
 * Looks at what the job's sources hold by the end of the run's date.
 * @param parts what this pull brought, in the order of the job's sources
 * @returns also how many orders and events this pull brought, and what people should know: sources that went silent or
 *   shrank, many orders without an address
 */
export async function sourceQuality(
  run: RunContext,
  parts: readonly PulledSource[],
): Promise<{ sources: SourceQuality[]; orders: number; events: number; warnings: string[] }> {
  const all = await daysOf(run);
  const warnings: string[] = [];
  const sources = run.job.sources.map(({ name, key }, index): SourceQuality => {
    const mine = all.filter(({ source }) => source === key);
    const past = mine.filter(({ day, records }) => day <= run.as_of && records > 0);
    const ordered = past.filter(({ kind }) => kind === 'order');
    const happened = past.filter(({ kind }) => kind === 'event');
    const orders = total(ordered, 'records');
    const orders_without_email = total(ordered, 'without_email');
    warnings.push(
      ...aboutDays(name, 'order', ordered, run.as_of),
      ...aboutDays(name, 'event', happened, run.as_of),
    );
    if (orders_without_email > orders * MUCH) {
      const share = Math.round((orders_without_email / orders) * 100);
      warnings.push(`${name}: ${share} % of its orders have no e-mail address`);
    }
    const { order_rows, rejected, reasons } = parts[index]!;
    return {
      source: name,
      orders,
      first_order: ordered[0]?.day ?? null,
      last_order: ordered.at(-1)?.day ?? null,
      orders_by_month: byMonth(ordered).slice(-LISTED_MONTHS),
      orders_without_email,
      events: total(happened, 'records'),
      first_event: happened[0]?.day ?? null,
      last_event: happened.at(-1)?.day ?? null,
      repeated: order_rows - brought(mine, 'order'),
      rejected,
      reasons: [...reasons]
        .map(([reason, rows]) => ({ reason, rows }))
        .toSorted((a, b) => b.rows - a.rows || (a.reason < b.reason ? -1 : 1)),
    };
  });
  return { sources, orders: brought(all, 'order'), events: brought(all, 'event'), warnings };
}

type SourceDay = DayCount & {
  source: string;
  kind: 'order' | 'event';
  without_email: number;
  /** Records that this run stored, test orders among them. */
  brought: number;
};

/** Every day with records of each source, in the job's time zone, the first first. */
function daysOf(run: RunContext): Promise<SourceDay[]> {
  return run.engine.query<SourceDay>(
    `SELECT * FROM (
     SELECT source, 'order' AS kind, toString(toDate32(ordered_at, {timezone:String})) AS day,
       toUInt32(countIf(NOT is_test)) AS records, toUInt32(countIf(NOT is_test AND email = '')) AS without_email,
       toUInt32(countIf(run_id = {run:String})) AS brought
     FROM orders FINAL WHERE source IN {sources:Array(String)} GROUP BY source, day
     UNION ALL
     SELECT source, 'event' AS kind, toString(toDate32(at, {timezone:String})) AS day, toUInt32(count()), 0,
       toUInt32(countIf(run_id = {run:String}))
     FROM events FINAL WHERE source IN {sources:Array(String)} GROUP BY source, day
     ) ORDER BY source, kind, day`,
    { sources: run.job.sources.map(({ key }) => key), timezone: run.job.timezone, run: run.run_id },
  );
}

function aboutDays(source: string, kind: string, days: readonly SourceDay[], today: string): string[] {
  const silence = silentDays(days, today);
  if (silence) {
    return [
      `${source} went silent: no ${kind} for ${silence.days} days, the longest gap before was ${silence.usual}; is it still being written?`,
    ];
  }
  const drop = dropInRecords(days, today);
  if (!drop) return [];
  return [
    `${source} shrank: ${drop.records} ${kind}s in the last 28 days, ${drop.before} in the 28 before; is it complete?`,
  ];
}

function byMonth(days: readonly SourceDay[]): SourceQuality['orders_by_month'] {
  const months = Map.groupBy(days, ({ day }) => day.slice(0, 7));
  return [...months].map(([month, days]) => ({ month, orders: total(days, 'records') }));
}

function brought(days: readonly SourceDay[], kind: SourceDay['kind']): number {
  return total(
    days.filter((day) => day.kind === kind),
    'brought',
  );
}

function total(days: readonly SourceDay[], count: 'records' | 'without_email' | 'brought'): number {
  return days.reduce((sum, day) => sum + day[count], 0);
}
