/**
 * Works on items side by side, `most` at a time, and yields each result as it comes. With one at a time nothing happens
 * ahead of the caller. With several, the next item is begun as soon as one has ended, so what the caller does with each
 * result takes no time from the work; no more than `most` results wait for the caller.
 *
 * When `stop` is aborted or a piece of work fails, no further one is begun; what the others come to is still yielded,
 * and the failure thrown after it. A caller that leaves early waits for those under way.
 */
export async function* sideBySide<Item, Result>(
  items: AsyncIterable<Item>,
  work: (item: Item) => Promise<Result>,
  { most, stop }: { most: number; stop?: AbortSignal },
): AsyncGenerator<Result> {
  const iterator = items[Symbol.asyncIterator]();
  /** What ended and the caller has not taken yet. */
  const results: { result: Result }[] = [];
  let working = 0;
  let fetching = false;
  let failure: { error: unknown } | undefined;
  let more = true;
  let left = false;
  let changed = Promise.withResolvers<void>();

  const room = () => more && !left && !failure && !stop?.aborted && working < most && results.length < most;
  async function fill(): Promise<void> {
    if (fetching) return;
    fetching = true;
    try {
      while (room()) {
        const next = await iterator.next();
        if (next.done) more = false;
        else if (!left) void begin(next.value);
      }
    } catch (error) {
      failure ??= { error };
    }
    fetching = false;
    changed.resolve();
  }

  async function begin(item: Item): Promise<void> {
    working += 1;
    try {
      results.push({ result: await work(item) });
    } catch (error) {
      failure ??= { error };
    }
    working -= 1;
    if (most > 1) void fill();
    changed.resolve();
  }

  async function change(): Promise<void> {
    await changed.promise;
    changed = Promise.withResolvers();
  }

  const busy = () => working > 0 || fetching;
  try {
    void fill();
    while (results.length > 0 || busy()) {
      const ended = results.shift();
      if (ended) {
        if (most > 1) void fill();
        yield ended.result;
        if (most === 1) void fill();
      } else await change();
    }
  } finally {
    left = true;
    while (busy()) await change();
    await iterator.return?.();
  }
  if (failure) throw failure.error;
}
