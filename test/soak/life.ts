import { join } from 'node:path';
import { openEngine } from '../../src/engine/engine.ts';
import { createTables } from '../../src/engine/tables.ts';
import type { Retention } from '../../src/job/retention-settings.ts';
import { runJob } from '../../src/run/run.ts';
import { tidy } from '../../src/run/tidy.ts';
import { openOwnSandbox } from '../bench/own-sandbox.ts';
import { measure, type Measures } from './measure.ts';
import { openSoakShop } from './shop.ts';
import { simulateClock } from './simulated-clock.ts';

const DAY_MS = 86_400_000;
/** Seldom, since the days are so short that tidying would be most of the work. */
const TIDY_DAYS = 5;
/** Short, so that what is forgotten and what is kept are in balance before the half of a long life. */
const RETENTION: Retention = {
  runs: 30,
  assignments: { daily: 15, weekly: 45, monthly: 120 },
  ledger: 60,
  orders: undefined,
  events: undefined,
};

/**
 * Runs the jobs day by day, and looks now and then.
 * @param options `every` so many days it looks; `until` is a time by the real clock, at which it ends before all runs
 *   are done
 * @throws Error where a run does not end as done
 */
export async function* soak(options: {
  folder: string;
  runs: number;
  jobs: number;
  every: number;
  until: number;
}): AsyncGenerator<Measures & { runs: number; seconds: number }> {
  const state = join(options.folder, 'state');
  const clock = simulateClock();
  await using sandbox = await openOwnSandbox();
  const engine = await openEngine({ state, idle_seconds: 1, max_memory: '2GiB' });
  const signal = new AbortController().signal;
  const quiet = { state, signal, log: () => {} };
  try {
    await createTables(engine);
    const shops = await Promise.all(
      Array.from({ length: options.jobs }, (_, index) => openSoakShop(options.folder, sandbox.url, index)),
    );
    let started = clock.real();
    let runs = 0;
    let seen = 0;
    for (let day = 1; runs < options.runs && clock.real() < options.until; day += 1) {
      clock.advance(DAY_MS);
      await Promise.all(
        shops.map(async ({ job, turn }) => {
          await turn(Date.now());
          // Every second day somebody looks at the plan first.
          for (const send of day % 2 === 0 ? [false, true] : [true]) {
            const report = await runJob(engine, job, { ...quiet, send });
            if (report.error || (send && report.status !== 'done')) {
              throw new Error(JSON.stringify(report.error ?? report.audiences));
            }
            runs += 1;
          }
        }),
      );
      if (day % TIDY_DAYS === 0) await tidy(engine, RETENTION, { ...quiet, now: Date.now() });
      if (day % options.every > 0) continue;
      const seconds = (clock.real() - started) / 1000 / (runs - seen);
      yield { runs, ...(await measure(engine, state)), seconds };
      started = clock.real();
      seen = runs;
    }
  } finally {
    clock.restore();
    await engine.close();
  }
}
