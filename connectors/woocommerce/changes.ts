import { z } from 'zod';
import type { Page } from '../records.ts';
import type { PullFrom, SourceContext } from '../source.ts';
import type { Shop } from './client.ts';
import { pages, START, type List, type PageSize, type Row } from './pages.ts';
import type { Settings } from './schema.ts';
import { LAG_MS } from './source.ts';

/** What reading a part of a shop takes. */
export type Tools = { shop: Shop; settings: Settings; context: SourceContext; sizes: PageSize };

/** A part of a shop whose rows tell when they were last changed. */
export type Part = {
  name: 'orders' | 'products';
  list: List;
  /** Makes records of the rows of a page. */
  records(rows: readonly Row[]): Promise<Page> | Page;
  /**
   * What is read of a shop that cannot tell what changed: all, or what was made in the last `recent_ms` and all only
   * when the last time is `whole_ms` ago.
   */
  otherwise?: { recent_ms: number; whole_ms: number };
};

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** One reading of a list, from its beginning to its end, perhaps by several pulls. */
const Pass = z.object({
  by: z.enum(['all', 'modified', 'created']),
  since: z.string().optional(),
  /** What was to be read, by the one who asked; a pull that asks for something else begins anew. */
  asked: z.string().optional(),
  /** When it began, by the shop's clock. What changes later is another pass's. */
  began: z.string().optional(),
  place: z.object({ last: z.int(), offset: z.int() }),
});
type Pass = z.output<typeof Pass>;

/**
 * Yields what changed since the moment that was asked for, and goes on where an earlier pull was cut off. There is no
 * end to the time that is asked for: an order that changes while it runs stays in the list, so that none behind it
 * moves up unseen.
 */
export async function* changes(part: Part, tools: Tools, from: PullFrom): AsyncGenerator<Page> {
  const asked = from.since.get(part.name);
  let whole = from.marks.get(`${part.name}:whole`);
  let since = asked;
  const cut = cutOff(from.marks.get(`${part.name}:reading`), asked);
  if (cut) {
    const began = yield* read(part, tools, cut);
    if (cut.by === 'all') whole = began;
    // What was changed in front of the place where that pull was cut off.
    if (began) since = shifted(began, -LAG_MS);
  }
  const fresh = { asked, place: START };
  if (since === undefined) {
    yield* read(part, tools, { ...fresh, by: 'all' });
    return;
  }
  if (yield* read(part, tools, { ...fresh, by: 'modified', since })) return;
  const recent = part.otherwise;
  const ignored = `${tools.shop.host} does not tell which ${part.name} changed (WooCommerce before 5.8, or a plugin)`;
  if (!recent || whole === undefined || Date.now() - Date.parse(whole) >= recent.whole_ms) {
    yield { warnings: [`${ignored}: all were read.`] };
    yield* read(part, tools, { ...fresh, by: 'all' });
    return;
  }
  const days = Math.round(recent.recent_ms / DAY_MS);
  const every = Math.round(recent.whole_ms / DAY_MS);
  yield {
    warnings: [
      `${ignored}: those made in the last ${days} days are read each time, all every ${every} days.`,
    ],
  };
  yield* read(part, tools, { ...fresh, by: 'created', since: shifted(since, -recent.recent_ms) });
}

/** @returns when it began, by the shop's clock; undefined where the shop took no notice of what was asked */
async function* read(part: Part, tools: Tools, pass: Pass): AsyncGenerator<Page, string | undefined> {
  const { shop, sizes, context } = tools;
  const list = { ...part.list, query: { ...part.list.query, ...filterOf(pass) } };
  let { began } = pass;
  for await (const { rows, place, total, at } of pages(shop, list, pass.place, sizes, context)) {
    if (pass.by === 'modified' && rows.some((row) => isOlder(row, pass.since!))) return undefined;
    began ??= at ?? new Date().toISOString();
    const page = await part.records(rows);
    const reading: Pass = { ...pass, began, place };
    yield {
      ...page,
      warnings: [...(page.warnings ?? []), ...shop.oddities()],
      expected: total,
      marks: { [`${part.name}:reading`]: JSON.stringify(reading) },
    };
  }
  yield {
    marks: {
      [part.name]: began!,
      [`${part.name}:reading`]: '',
      ...(pass.by === 'all' ? { [`${part.name}:whole`]: began! } : {}),
    },
  };
  return began;
}

/**
 * Times are sent without a zone: WordPress turns one that has a zone into the shop's own, and then compares that with
 * GMT (read in its source, 2026-11). In the hour that the shop's clocks skip in spring it takes a time for an hour
 * later, so an hour more is asked for.
 */
function filterOf({ by, since }: Pass): Record<string, string> {
  if (by === 'all' || since === undefined) return {};
  const after = shifted(since, -HOUR_MS).slice(0, 19);
  return { [by === 'modified' ? 'modified_after' : 'after']: after, dates_are_gmt: 'true' };
}

/** Older by more than a wrong time zone explains. */
function isOlder(row: Row, since: string): boolean {
  const modified = row.date_modified_gmt;
  return typeof modified === 'string' && modified.slice(0, 19) < shifted(since, -DAY_MS).slice(0, 19);
}

function cutOff(mark: string | undefined, asked: string | undefined): Pass | undefined {
  if (!mark) return undefined;
  const pass = Pass.safeParse(JSON.parse(mark)).data;
  return pass?.asked === asked ? pass : undefined;
}

function shifted(time: string, by_ms: number): string {
  return new Date(Date.parse(time) + by_ms).toISOString();
}
