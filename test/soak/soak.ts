/**
 * `npm run soak -- --runs 10000`: a long life in short. Every run is a simulated day of a small shop whose orders
 * change; several jobs run side by side, and the store is tidied as the daemon does it. Prints what may grow now and then, and at the end
 * what grew over the second half; exits with 1 if anything did. `--jobs N` sets how many jobs there are, of four kinds in turn, `--every N` after
 * how many days it looks, `--minutes N` when it ends at the latest.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { table } from '../../src/commands/text.ts';
import { keepHeapSmall } from '../../src/heap.ts';
import { soak } from './life.ts';
import type { Measures } from './measure.ts';
import { trendsOf, type Bound } from './verdict.ts';

keepHeapSmall();
const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '1000' },
    jobs: { type: 'string', default: '2' },
    every: { type: 'string', default: '10' },
    minutes: { type: 'string', default: '600' },
  },
});

/** Memory of allocators and files of merges breathe; what is lost, run by run, shows over thousands of them. */
const BOUNDS: Record<keyof Measures | 'seconds', Bound> = {
  'program MB': { share: 0.1, least: 15 },
  'program files': { share: 0, least: 2 },
  'engine MB': { share: 0.1, least: 50 },
  'engine files': { share: 0.1, least: 10 },
  parts: { share: 0.15, least: 10 },
  'inactive parts': { share: 0.5, least: 50 },
  tables: { share: 0, least: 0.5 },
  rows: { share: 0.1, least: 1000 },
  'disk MB': { share: 0.1, least: 2 },
  'log kB': { share: 0, least: 1000 },
  spooled: { share: 0, least: 1 },
  seconds: { share: 0.15, least: 0.02 },
};

const folder = await mkdtemp(join(tmpdir(), 'soak-'));
const samples: (Measures & { seconds: number })[] = [];
const columns = Object.keys(BOUNDS) as (keyof typeof BOUNDS)[];
const round = (value: number) => (value < 10 ? value.toFixed(2) : value.toFixed(0));
try {
  console.log(['runs', ...columns].join('\t'));
  const options = {
    folder,
    runs: Number(values.runs),
    jobs: Number(values.jobs),
    every: Number(values.every),
    until: Date.now() + Number(values.minutes) * 60_000,
  };
  for await (const { runs, ...sample } of soak(options)) {
    samples.push(sample);
    console.log([runs, ...columns.map((name) => round(sample[name]))].join('\t'));
  }
} finally {
  await rm(folder, { recursive: true, force: true, maxRetries: 5 });
}
const trends = trendsOf(samples, BOUNDS);
console.log(
  `\n${table(
    ['over the second half', 'first of all', 'middle', 'last', 'grew by', 'verdict'],
    trends.map(({ measure, first, middle, last, growth, flat }) => [
      measure,
      round(first),
      round(middle),
      round(last),
      `${(growth * 100).toFixed(1)} %`,
      flat ? 'flat' : 'GROWS',
    ]),
  )}`,
);
process.exitCode = trends.every(({ flat }) => flat) ? 0 : 1;
