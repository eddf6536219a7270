import { DateTime } from 'luxon';
import { FROM_THE_BEGINNING, sources, type Order, type Page } from '../../../connectors/index.ts';
import type { CommandContext } from '../command.ts';
import type { Job } from '../../job/load.ts';
import { money } from '../text.ts';
import type { Source } from './source.ts';

/** The first orders as the job would read them, without anything that names a person. */
export type Preview = {
  headings: string[];
  rows: string[][];
  /** Of the rows that were read for this, how many were rejected, and why the first was. */
  rejected: number;
  reason?: string;
};

const SHOWN = 5;

/** Reads the first orders of a job's source; of files of text by the very reader of the job. */
export async function previewOf(context: CommandContext, job: Job, source: Source): Promise<Preview> {
  const [read] = job.sources;
  if (read!.definition !== sources['csv']) return asTheyStand(source);
  const { folder, timezone, currency } = job;
  const rowOf = (order: Order) => shown(order, timezone);
  const { signal, log } = context;
  const opened = await read!.definition.open(read!.settings, {
    folder,
    timezone,
    currency,
    signal,
    backoff_ms: 0,
    log,
  });
  const page = await firstPage(opened.pull(FROM_THE_BEGINNING));
  const { orders = [], rejected = [] } = page;
  return {
    headings: ['order', 'ordered at', 'e-mail', 'goods', '', 'counts'],
    rows: orders.slice(0, SHOWN).map(rowOf),
    rejected: rejected.length,
    reason: rejected[0]?.reason,
  };
}

async function firstPage(pages: AsyncIterable<Page>): Promise<Page> {
  for await (const page of pages) {
    const table = page.tables?.[0];
    if (table?.oneByOne) return firstPage(table.oneByOne());
    if (page.orders?.length || page.rejected?.length) return page;
  }
  return {};
}

function shown(
  { order_id, ordered_at, email = '', goods, currency, counts }: Order,
  timezone: string,
): string[] {
  const when = DateTime.fromISO(ordered_at, { zone: timezone }).toFormat('yyyy-MM-dd HH:mm');
  return [order_id, when, masked(email), money(goods), currency, counts ? 'yes' : 'no'];
}

function asTheyStand({ columns = {}, peek }: Source): Preview {
  const fields = (['order_id', 'ordered_at', 'email', 'goods', 'total', 'currency'] as const).filter(
    (field) => columns[field] !== undefined,
  );
  const at = fields.map((field) => peek.columns.findIndex(({ name }) => name === columns[field]));
  return {
    headings: [...fields],
    rows: peek.rows.slice(0, SHOWN).map((row) => at.map((index) => masked(row[index] ?? ''))),
    rejected: 0,
  };
}

/** An address is known to whoever knows it by its first letter and its end. */
function masked(text: string): string {
  return text.replace(/^(.)[^@]*@(?:[^@]*\.)?([^@.]*)$/, '$1…@….$2');
}
