/**
 * Groups an iterable into arrays of at most `size` items and, where `bytes` is given, at most `bytes.limit` bytes.
 * One item over the byte limit travels alone.
 */
export async function* batches<T>(
  items: AsyncIterable<T>,
  size: number,
  bytes?: { limit: number; of(item: T): number },
): AsyncGenerator<T[]> {
  let batch: T[] = [];
  let weight = 0;
  for await (const item of items) {
    const itemWeight = bytes?.of(item) ?? 0;
    if (batch.length === size || (bytes && batch.length > 0 && weight + itemWeight > bytes.limit)) {
      yield batch;
      batch = [];
      weight = 0;
    }
    batch.push(item);
    weight += itemWeight;
  }
  if (batch.length > 0) yield batch;
}
