import { breachText } from '../run/guard.ts';
import type { RunReport } from '../run/report.ts';
import { paint } from './paint.ts';
import { fittedTable } from './text.ts';

type Pulled = RunReport['pulled'];

/** Columns that stand there only where one of the sources has something to say. */
const RARE = ['no e-mail', 'events', 'last event', 'repeated', 'rejected'] as const;

/** What the sources of orders and events hold and what of this pull was left out, for people; '' where there are none. */
export function sourcesText({ sources }: Pulled): string {
  const telling = sources.filter(({ orders, events, rejected }) => orders + events + rejected > 0);
  if (telling.length === 0) return '';
  const cells = telling.map((source) => ({
    source: source.source,
    orders: source.orders,
    'first order': source.first_order ?? '',
    'last order': source.last_order ?? '',
    'no e-mail': source.orders_without_email,
    events: source.events,
    'last event': source.last_event ?? '',
    repeated: source.repeated,
    rejected: source.rejected,
  }));
  const rare = RARE.filter((column) => cells.some((cell) => cell[column]));
  const columns = ['source', 'orders', 'first order', 'last order', ...rare] as const;
  return fittedTable(
    columns,
    cells.map((cell) => columns.map((column) => cell[column])),
  );
}

/** Rejected rows: how many for which reason, and the places of the first. */
export function rejectionNotes({ rejected, rejections, sources }: Pulled): string[] {
  if (rejected === 0) return [];
  const reasons = sources.flatMap(({ source, reasons }) =>
    reasons.map(({ reason, rows }) => `${source}: ${rows} ${rows === 1 ? 'row' : 'rows'}: ${reason}`),
  );
  const listed = rejections.slice(0, 10).map(({ source, line, reason }) => `${source}:${line}: ${reason}`);
  const rest =
    rejected > listed.length ? [`… and ${rejected - listed.length} more, the first 100 in --json`] : [];
  return [`${rejected} rows were rejected, the others went on`, ...reasons, ...listed, ...rest];
}

/** Why nothing was sent although the run went through, and what to do about it. */
export function heldText({ job, pulled, guard }: Pick<RunReport, 'job' | 'pulled' | 'guard'>): string {
  const changes = guard.map(breachText);
  const why =
    pulled.incomplete.length > 0
      ? 'not all that the sources have could be read'
      : '`guard` does not let the plan through unasked';
  const kept =
    pulled.incomplete.length > 0
      ? ['  What was read is kept. The next run that reads everything sends.']
      : [];
  return [
    `${paint('warning', 'HELD')}: nothing was sent, since ${why}`,
    ...[...pulled.incomplete, ...changes].map((line) => `  ${line}`),
    ...kept,
    `  Look at the sources, and at the change with \`segment-sync plan ${job}\`. If it is right, \`segment-sync approve ${job}\``,
    '  sends just this plan. The next run makes a new one.',
  ].join('\n');
}
