import type { Engine } from './engine.ts';

/**
 * Does several things in the engine at once, or one after the other where it has little memory. Where one fails the
 * others end first: none may go on when what it reads is dropped.
 * @returns what each came to
 * @throws what the first that failed did
 */
export async function sideBySide<Result>(
  engine: Engine,
  works: readonly (() => Promise<Result>)[],
): Promise<Result[]> {
  if (engine.has_little_memory) {
    const results: Result[] = [];
    for (const work of works) results.push(await work());
    return results;
  }
  const begun = works.map((work) => work());
  await Promise.allSettled(begun);
  return Promise.all(begun);
}
