import type { Customer, Event, Page, Rejection } from '../../connectors/records.ts';
import type { Cursor, Source } from '../../connectors/source.ts';

/** A run's side of a source: it keeps events by their id, and the marks of each page that it stored. */
export function pullsOf(source: () => Source, cursors: () => Record<string, Cursor>) {
  const marks = new Map<string, string>();
  const events = new Map<string, Event>();
  const customers: Customer[] = [];

  /** Where a run would begin. */
  function since(): Map<string, string> {
    return new Map(
      Object.entries(cursors()).flatMap(([part, { lag_ms, start }]) => {
        const mark = marks.get(part);
        const from = mark === undefined ? start : new Date(Date.parse(mark) - lag_ms).toISOString();
        return from === undefined ? [] : [[part, from] as const];
      }),
    );
  }

  /** @param options `pages` stops, as a kill would, once so many pages are stored; `from` is what `--since` says */
  async function pull(options: { pages?: number; from?: string } = {}) {
    const known = new Set(events.keys());
    const pages: Page[] = [];
    const rejected: Rejection[] = [];
    const warnings: string[] = [];
    const parts = Object.keys(cursors());
    const begin =
      options.from === undefined
        ? { marks: new Map(marks), since: since() }
        : { marks: new Map<string, string>(), since: new Map(parts.map((part) => [part, options.from!])) };
    for await (const page of source().pull(begin)) {
      pages.push(page);
      for (const event of page.events ?? []) events.set(event.event_id, event);
      customers.push(...(page.customers ?? []));
      rejected.push(...(page.rejected ?? []));
      warnings.push(...(page.warnings ?? []));
      for (const [part, mark] of Object.entries(page.marks ?? {})) marks.set(part, mark);
      if (pages.length === options.pages) break;
    }
    return {
      pages,
      rejected,
      warnings,
      /** How many events were read, copies among them. */
      read: pages.reduce((sum, page) => sum + (page.events?.length ?? 0), 0),
      fresh: [...events.values()].filter(({ event_id }) => !known.has(event_id)),
      customers: pages.flatMap((page) => page.customers ?? []),
    };
  }

  return { pull, marks, events, customers };
}
