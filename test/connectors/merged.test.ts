import { expect, test } from 'vitest';
import { merged } from '../../connectors/merged.ts';

/** A stream of so many items, which notes in `log` what becomes of it. */
async function* stream(name: string, items: number, log: string[], fails = false): AsyncGenerator<string> {
  log.push(`${name} began`);
  try {
    for (let item = 1; item <= items; item += 1) {
      await new Promise((resolve) => setImmediate(resolve));
      yield `${name}${item}`;
    }
    if (fails) throw new Error(`${name} broke`);
  } finally {
    log.push(`${name} ended`);
  }
}

test('what all streams bring comes whole, each in its own order', async () => {
  const log: string[] = [];
  const sizes = { a: 3, b: 0, c: 5, d: 1 };

  const items = await Array.fromAsync(
    merged(
      Object.entries(sizes).map(([name, size]) => stream(name, size, log)),
      2,
    ),
  );

  for (const [name, size] of Object.entries(sizes)) {
    expect(items.filter((item) => item.startsWith(name))).toEqual(
      Array.from({ length: size }, (_, index) => `${name}${index + 1}`),
    );
  }
  expect(items).toHaveLength(9);
});

test('no more are open at a time than allowed, and they begin in their order', async () => {
  const log: string[] = [];
  let [open, most] = [0, 0];

  await Array.fromAsync(
    merged(
      ['a', 'b', 'c', 'd'].map((name) => stream(name, 2, log)),
      2,
    ),
  );
  for (const line of log) {
    open += line.endsWith('began') ? 1 : -1;
    most = Math.max(most, open);
  }

  expect(most).toBe(2);
  expect(log.filter((line) => line.endsWith('began'))).toEqual(['a began', 'b began', 'c began', 'd began']);
});

test('one that fails ends them all', async () => {
  const log: string[] = [];
  const streams = [stream('a', 100, log), stream('b', 1, log, true), stream('c', 100, log)];

  await expect(Array.fromAsync(merged(streams, 2))).rejects.toThrow('b broke');

  expect(log).toEqual(['a began', 'b began', 'b ended', 'a ended']);
});

test('a caller that leaves early ends those that are open', async () => {
  const log: string[] = [];

  for await (const item of merged([stream('a', 100, log), stream('b', 100, log)], 2)) {
    expect(item).toBe('a1');
    break;
  }

  expect(log.toSorted()).toEqual(['a began', 'a ended', 'b began', 'b ended']);
});
