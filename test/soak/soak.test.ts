import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { soak } from './life.ts';
import { trendsOf } from './verdict.ts';

test(
  'thirty runs leave no file open, no table, no spooled row, and not more parts than seven did',
  { timeout: 400_000 },
  async () => {
    const folder = await mkdtemp(join(tmpdir(), 'soak-'));
    onTestFinished(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }));

    const samples = [];
    for await (const sample of soak({ folder, runs: 30, jobs: 1, every: 5, until: Infinity }))
      samples.push(sample);

    const [first, ...later] = samples;
    expect(later).toHaveLength(3);
    for (const sample of later) {
      expect(sample).toMatchObject({ tables: first!.tables, spooled: 0, 'log kB': 0 });
      // Connections that are kept for the next request come and go.
      expect(sample['program files']).toBeLessThan(first!['program files'] + 20);
      // A merge may be due; every run makes about thirty parts.
      expect(sample.parts).toBeLessThan(first!.parts + 60);
    }
  },
);

test('a measure that grows run by run is told from one that breathes, and from one that grew at first', () => {
  const samples = Array.from({ length: 60 }, (_, index) => ({
    leaks: 100 + index * 0.8,
    breathes: 100 + 30 * Math.sin(index * 2),
    settles: Math.min(100, 50 + index * 2),
    shrinks: 200 - index,
  }));
  const bound = { share: 0.1, least: 1 };
  const bounds = { leaks: bound, breathes: bound, settles: bound, shrinks: bound };

  const verdicts = trendsOf(samples, bounds).map(({ measure, flat }) => [measure, flat]);

  expect(Object.fromEntries(verdicts)).toEqual({
    leaks: false,
    breathes: true,
    settles: true,
    shrinks: true,
  });
});
