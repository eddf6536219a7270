import { z } from 'zod';
import { SyncError } from '../error.ts';
import { pause, systemClock } from '../clock.ts';
import type { SourceContext } from '../source.ts';
import type { Answer, Shop } from './client.ts';
import { isHeavy } from './explain.ts';

/** What a list is of, and which of it. */
export type List = { what: string; path: string; query?: Record<string, string> };

/** How far a list has been read: the greatest id, and about how many rows stand before it. */
export type Place = { last: number; offset: number };

export const START: Place = { last: 0, offset: 0 };

export type Listed = {
  /** New ones, ids ascending. What they hold besides is read by whoever knows what it should be. */
  rows: Row[];
  /** Where the next page begins. */
  place: Place;
  total?: number;
  /** The time of the shop's server, ISO. */
  at?: string;
};

const Row = z.looseObject({ id: z.int().positive() });
export type Row = z.output<typeof Row>;

/** The most that WordPress gives at a time. */
const LARGEST = 100;
/** Pages overlap by a row, so one row alone would never get on. */
const SMALLEST = 2;
/** Pages of a smaller size that must go well before a larger one is tried; twice as many after each failure. */
const CALM = 8;

/** How many rows a shop is asked for at a time: fewer where it cannot do more, for all its lists. */
export type PageSize = ReturnType<typeof pageSize>;

export function pageSize() {
  let size = LARGEST;
  let calm = CALM;
  let well = 0;
  return {
    now: () => size,
    /** A page of this size did not come. */
    tooLarge(asked: number) {
      if (asked > size) return;
      size = Math.max(SMALLEST, Math.ceil(asked / 2));
      calm *= 2;
      well = 0;
    },
    well() {
      well += 1;
      if (size === LARGEST || well < calm) return;
      size = Math.min(LARGEST, size * 2);
      well = 0;
    },
  };
}

type Asked = { offset: number; size: number; answer: Promise<Answer<Row[]>> };

/**
 * Reads a list by ascending id, behind `from`. Rows may come and go meanwhile: each page begins with a row that was
 * seen before, so that a gap shows (the rows before it moved up), and then the page before is asked for again. Of the
 * rows that stay in the list from beginning to end, none is left out; none at all comes twice.
 * One page is asked for ahead.
 * @throws SyncError
 */
export async function* pages(
  shop: Shop,
  list: List,
  from: Place,
  sizes: PageSize,
  context: SourceContext,
): AsyncGenerator<Listed> {
  let { last, offset } = from;
  let ahead: Asked | undefined;
  let total: number | undefined;
  let back = 1;
  let failures = 0;

  const ask = (at: number): Asked => {
    const size = sizes.now();
    const query = { ...list.query, orderby: 'id', order: 'asc', per_page: String(size), offset: String(at) };
    const answer = shop.get({ ...list, query, patient: size <= SMALLEST }, z.array(Row));
    // Whoever awaits it hears of its failure; a page that is asked for ahead may never be awaited.
    answer.catch(() => undefined);
    return { offset: at, size, answer };
  };

  for (;;) {
    const asked: Asked = ahead?.offset === offset && ahead.size === sizes.now() ? ahead : ask(offset);
    const next = offset + asked.size - 1;
    ahead = total !== undefined && next + 1 < total ? ask(next) : undefined;
    let answer: Answer<Row[]>;
    try {
      answer = await asked.answer;
    } catch (error) {
      if (!isHeavy(error) || asked.size <= SMALLEST) throw error;
      sizes.tooLarge(asked.size);
      ahead = undefined;
      context.log('the shop is asked for fewer rows at a time', { list: list.path, rows: sizes.now() });
      await pause(systemClock, context.backoff_ms * 2 ** failures, context.signal);
      failures += 1;
      continue;
    }
    failures = 0;
    sizes.well();
    const { value: rows, at } = answer;
    inOrder(rows, list, shop.host);
    if (offset > 0 && last > 0 && !(rows[0] && rows[0].id <= last)) {
      offset = Math.max(0, offset - back);
      back *= 2;
      ahead = undefined;
      continue;
    }
    back = 1;
    total = answer.total;
    const fresh = rows.filter(({ id }) => id > last);
    last = fresh.at(-1)?.id ?? last;
    // Without a total, a page that is short and brings nothing new was the last one.
    const end = total === undefined ? fresh.length === 0 && rows.length < asked.size : next + 1 >= total;
    const step = total === undefined ? Math.max(1, rows.length - 1) : asked.size - 1;
    offset += end ? 0 : step;
    yield { rows: fresh, place: { last, offset }, total, at };
    if (end) return;
  }
}

/** Reading on behind an id is of no use where the shop sorts as it likes. */
function inOrder(rows: readonly Row[], { what }: List, host: string): void {
  if (rows.every((row, index) => index === 0 || row.id > rows[index - 1]!.id)) return;
  throw new SyncError({
    code: 'SOURCE_ANSWER',
    where: `woocommerce ${host}`,
    what: `The shop could not ${what}: it does not sort them by id as it was asked to.`,
    fix: 'A plugin of the shop changes how its REST API sorts: turn it off, or have it leave requests with `orderby` alone.',
  });
}
