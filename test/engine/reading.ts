import { ClickHouseError } from '@clickhouse/client';
import { expect } from 'vitest';

/** What the engine refused the work with. */
export async function refusal(work: Promise<unknown>): Promise<ClickHouseError> {
  const error = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(ClickHouseError);
  return error as ClickHouseError;
}

/** Reads to the end; the number of rows. */
export async function readAll(rows: AsyncIterable<object[]>): Promise<number> {
  let count = 0;
  for await (const chunk of rows) count += chunk.length;
  return count;
}

/** What the work was refused with, if it was. */
export async function thrown(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => undefined,
    (error: unknown) => error,
  );
}
