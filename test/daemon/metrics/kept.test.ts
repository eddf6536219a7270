import { expect, test } from 'vitest';
import { kept } from '../../../src/daemon/metrics/kept.ts';

const nothing = () => {};

test('what was just read is not read anew, and those who ask at the same time wait for one reading', async () => {
  let reads = 0;
  const ask = kept(async () => (reads += 1), nothing);

  const answers = await Promise.all([ask(), ask()]);
  answers.push(await ask());

  expect(answers).toEqual([1, 1, 1].map((value) => ({ value, up: true })));
});

test('what was last read stands while reading fails, which is told once', async () => {
  const failures: unknown[] = [];
  let broken = false;
  const read = async () => {
    if (broken) throw new Error('gone');
    return 'read';
  };
  const ask = kept(read, (error) => failures.push(error), { fresh_ms: 0 });
  await ask();

  broken = true;
  const answers = [await ask(), await ask()];
  broken = false;
  const mended = await ask();

  expect(answers).toEqual([1, 2].map(() => ({ value: 'read', up: false })));
  expect(mended).toEqual({ value: 'read', up: true });
  expect(failures).toEqual([new Error('gone')]);
});

test('a reading that takes long is not waited for, and is there for the next who ask', async () => {
  const slow = Promise.withResolvers<string>();
  const ask = kept(() => slow.promise, nothing, { patience_ms: 1 });

  const early = await ask();
  slow.resolve('read');
  await slow.promise;

  expect(early).toEqual({ value: undefined, up: false });
  expect(await ask()).toEqual({ value: 'read', up: true });
});
