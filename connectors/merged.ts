/**
 * Reads several streams side by side, at most `most` at a time and begun in their order, and yields what they bring as
 * it comes. Of each stream one item is fetched ahead. A stream that fails ends them all; a caller that leaves early
 * waits for what is under way.
 * @throws what the stream threw
 */
export async function* merged<Item>(
  streams: Iterable<AsyncGenerator<Item>>,
  most: number,
): AsyncGenerator<Item> {
  type Came = { stream: AsyncGenerator<Item>; result: IteratorResult<Item, unknown> };
  const waiting = streams[Symbol.iterator]();
  const open = new Map<AsyncGenerator<Item>, Promise<Came>>();
  const fetch = (stream: AsyncGenerator<Item>) =>
    void open.set(
      stream,
      stream.next().then((result) => ({ stream, result })),
    );

  function begin(): void {
    while (open.size < most) {
      const next = waiting.next();
      if (next.done) return;
      fetch(next.value);
    }
  }

  try {
    for (begin(); open.size > 0; begin()) {
      const { stream, result } = await Promise.race(open.values());
      open.delete(stream);
      if (result.done) continue;
      fetch(stream);
      yield result.value;
    }
  } finally {
    await Promise.allSettled(open.values());
    await Promise.allSettled([...open.keys()].map((stream) => stream.return(undefined)));
  }
}
