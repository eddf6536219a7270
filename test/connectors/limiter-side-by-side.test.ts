import { setImmediate } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { sideBySide } from '../../connectors/side-by-side.ts';

/** Work whose end the test decides, and a source that notes what was fetched of it. */
function bench(count: number) {
  const fetched: number[] = [];
  let closed = false;
  const ends = new Map<number, PromiseWithResolvers<number>>();
  async function* items(): AsyncGenerator<number> {
    try {
      for (let item = 1; item <= count; item += 1) {
        fetched.push(item);
        yield item;
      }
    } finally {
      closed = true;
    }
  }
  const work = (item: number) => {
    const end = Promise.withResolvers<number>();
    ends.set(item, end);
    return end.promise;
  };
  return { fetched, items, work, end: (item: number) => ends.get(item)!, closed: () => closed };
}

test('so many at a time are begun, and results come as they come', async () => {
  const { fetched, items, work, end } = bench(4);
  const results = sideBySide(items(), work, { most: 2 });

  const first = results.next();
  await expect.poll(() => fetched).toEqual([1, 2]);
  end(2).resolve(20);
  expect(await first).toEqual({ done: false, value: 20 });
  // While the caller is busy with the result.
  await expect.poll(() => fetched).toEqual([1, 2, 3]);
  const second = results.next();
  end(1).resolve(10);
  expect(await second).toMatchObject({ value: 10 });
});

test('what ends makes room at once, though the caller takes its time; so many results may wait for it', async () => {
  const { fetched, items, work, end } = bench(20);
  const results = sideBySide(items(), work, { most: 3 });
  const first = results.next();
  await expect.poll(() => fetched).toEqual([1, 2, 3]);

  end(1).resolve(1);
  await first;
  for (const item of [2, 3]) {
    end(item).resolve(item);
    await expect.poll(() => fetched).toContain(item + 3);
  }
  for (const item of [4, 5, 6]) end(item).resolve(item);
  await setImmediate();
  expect(fetched).toEqual([1, 2, 3, 4, 5, 6]);

  for (let taken = 1; taken <= 3; taken += 1) await results.next();
  await expect.poll(() => fetched).toContain(7);
});

test('one at a time means nothing ahead of the caller', async () => {
  const { fetched, items, work, end } = bench(3);
  const results = sideBySide(items(), work, { most: 1 });

  const first = results.next();
  await expect.poll(() => fetched).toEqual([1]);
  end(1).resolve(1);
  await first;

  expect(fetched).toEqual([1]);
});

test('after a failure what was under way is still told, and the failure last', async () => {
  const { fetched, items, work, end } = bench(9);
  const results = sideBySide(items(), work, { most: 3 });

  const first = results.next();
  await expect.poll(() => fetched).toEqual([1, 2, 3]);
  end(2).reject(new Error('down'));
  end(1).resolve(1);
  end(3).resolve(3);

  expect(await first).toMatchObject({ value: 1 });
  expect(await results.next()).toMatchObject({ value: 3 });
  await expect(results.next()).rejects.toThrow('down');
  expect(fetched).toEqual([1, 2, 3]);
});

test('a source that fails ends it the same way', async () => {
  async function* failing(): AsyncGenerator<number> {
    yield 1;
    throw new Error('lost');
  }
  const results = sideBySide(failing(), async (item) => item, { most: 3 });

  expect(await results.next()).toMatchObject({ value: 1 });
  await expect(results.next()).rejects.toThrow('lost');
});

test('a wish to stop ends it without failure, after what was under way', async () => {
  const { fetched, items, work, end } = bench(9);
  const stop = new AbortController();
  const results = sideBySide(items(), work, { most: 2, stop: stop.signal });

  const first = results.next();
  await expect.poll(() => fetched).toEqual([1, 2]);
  stop.abort();
  end(1).resolve(1);
  end(2).resolve(2);

  expect(await first).toMatchObject({ value: 1 });
  expect(await results.next()).toMatchObject({ value: 2 });
  expect(await results.next()).toMatchObject({ done: true });
  expect(fetched).toEqual([1, 2]);
});

test('a caller that leaves early waits for those under way, and the source is closed', async () => {
  const { fetched, items, work, end, closed } = bench(9);
  const results = sideBySide(items(), work, { most: 2 });
  const first = results.next();
  await expect.poll(() => fetched).toEqual([1, 2]);
  end(1).resolve(1);
  await first;
  await expect.poll(() => fetched).toEqual([1, 2, 3]);

  let left = false;
  const leaving = results.return(undefined).then(() => (left = true));
  await Promise.resolve();
  end(2).resolve(2);
  await Promise.resolve();
  expect(left).toBe(false);
  end(3).resolve(3);
  await leaving;

  expect(closed()).toBe(true);
  expect(fetched).toEqual([1, 2, 3]);
});
