const [SECOND_MS, DAY_MS] = [1_000, 86_400_000];
const WEEK_MS = 7 * DAY_MS;
const MANY_MS = 60 * DAY_MS;

/** A span of time, half open, in milliseconds since 1970; without `from` all there is before `until`. */
export type Span = { from?: number; until: number };

/** Days from a time on, weeks where they would be many, the last shorter; without a beginning all is one. */
export function spans(begin: number | undefined, until: number): Span[] {
  if (begin === undefined) return [{ until }];
  const from = Math.floor(begin / SECOND_MS) * SECOND_MS;
  const length = until - from > MANY_MS ? WEEK_MS : DAY_MS;
  const count = Math.max(0, Math.ceil((until - from) / length));
  return Array.from({ length: count }, (_, index) => ({
    from: from + index * length,
    until: Math.min(until, from + (index + 1) * length),
  }));
}

/** A time in a filter stands without quotes; it is told to the second. */
export function literal(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`;
}

/**
 * Knows up to where each part has been read without a gap, though its spans end in any order.
 * @param known the marks so far; what is read again before them moves none back
 */
export function marker(known: ReadonlyMap<string, string>) {
  const ended = new Map<string, Map<number, number>>();
  const next = new Map<string, number>();

  /**
   * @param index which of the part's spans was read to its end
   * @returns the part's new mark, where there is one
   */
  function done(part: string, index: number, { until }: Span): Record<string, string> | undefined {
    const ends = ended.get(part) ?? new Map<number, number>();
    ended.set(part, ends.set(index, until));
    let mark: number | undefined;
    for (let place = next.get(part) ?? 0; ends.has(place); place += 1) {
      mark = ends.get(place);
      ends.delete(place);
      next.set(part, place + 1);
    }
    if (mark === undefined) return undefined;
    const reached = new Date(mark).toISOString();
    return reached > (known.get(part) ?? '') ? { [part]: reached } : undefined;
  }

  return { done };
}
