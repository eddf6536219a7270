/**
 * Works on items side by side, `most` at a time, and yields each result as it comes. With one at a time nothing happens
 * ahead of the caller. With several, the next item is begun while the caller is busy with a result: so what the caller
 * does with each takes no time from the work.
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
  type Ended = { task: Promise<Ended> } & ({ result: Result } | { error: unknown });
  const working = new Set<Promise<Ended>>();
  let failure: { error: unknown } | undefined;
  let more = true;
  let left = false;

  const room = () => more && !left && !failure && !stop?.aborted && working.size < most;
  async function fetch(): Promise<void> {
    while (room()) {
      const next = await iterator.next();
      if (next.done) more = false;
      else if (!left) begin(next.value);
    }
  }

  function begin(item: Item): void {
    const task: Promise<Ended> = work(item).then(
      (result) => ({ task, result }),
      (error: unknown) => ({ task, error }),
    );
    working.add(task);
  }

  const fill = () => fetch().catch((error: unknown) => void (failure ??= { error }));
  let filling = fill();
  try {
    for (;;) {
      await filling;
      if (working.size === 0) break;
      const ended = await Promise.race(working);
      working.delete(ended.task);
      if ('error' in ended) failure ??= ended;
      if (most > 1) filling = fill();
      if ('result' in ended) yield ended.result;
      if (most === 1) filling = fill();
    }
  } finally {
    left = true;
    await filling;
    await Promise.all(working);
    await iterator.return?.();
  }
  if (failure) throw failure.error;
}
