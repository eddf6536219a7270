import { join } from 'node:path';
import { destinations, sandboxes, serveSandbox } from '../../connectors/index.ts';
import { openEngine } from '../../src/engine/engine.ts';
import { createTables } from '../../src/engine/tables.ts';
import { parseJob } from '../../src/job/load.ts';
import type { AudienceReport, RunReport } from '../../src/run/report.ts';
import { runJob } from '../../src/run/run.ts';
import { seconds, type Figure } from './figure.ts';
import { AS_OF, jobText, writeShop } from './shop.ts';

/** A run of a shop of so many orders and the next one, which finds nothing to send. */
export async function wholeRunFigures(folder: string, orders: number): Promise<Figure[]> {
  const platforms = await Promise.all(Object.values(sandboxes).map((open) => open({})));
  const sandbox = await serveSandbox(platforms);
  const engine = await openEngine({ state: join(folder, 'state'), idle_seconds: 1 });
  try {
    await createTables(engine);
    await writeShop(join(folder, 'orders.csv'), orders);
    const job = parseJob(jobText(sandbox.url), { file: join(folder, 'job.yaml'), env: {} });
    const { signal } = new AbortController();
    const options = { state: folder, as_of: AS_OF, signal, log: () => undefined };
    const first = await runJob(engine, job, { ...options, send: true });
    const bare = await seconds(() =>
      engine.query(
        'SELECT count() FROM (SELECT email, count(), sum(goods), max(ordered_at) FROM orders GROUP BY email)',
      ),
    );
    const second = await runJob(engine, job, { ...options, send: true });
    return [
      ...speed(first, bare),
      ...requests('first push', first.audiences),
      ...requests('unchanged second push', second.audiences),
    ];
  } finally {
    await engine.close();
    await sandbox.close();
  }
}

/** The engine's own time for the heart of the work, grouping all orders by customer, is what the stages stand against. */
function speed(run: RunReport, bare: number): Figure[] {
  if (run.error) throw new Error(JSON.stringify(run.error));
  return (['pull', 'profile', 'segment', 'plan', 'push'] as const).map((stage) => ({
    work: `${stage}, ${run.customers.toLocaleString('en')} customers`,
    measured: `${run.seconds[stage].toFixed(2)} s`,
    against: `bare GROUP BY ${bare.toFixed(3)} s`,
    ratio: run.seconds[stage] / bare,
  }));
}

/** Requests that wrote, against the floor of the platform for that change. */
function requests(what: string, audiences: readonly AudienceReport[]): Figure[] {
  return Object.values(destinations).map(({ type, floor }) => {
    const mine = audiences.filter(({ destination }) => destination === type);
    const sent = mine.reduce((sum, audience) => sum + audience.requests, 0);
    const least = mine.reduce((sum, { added, removed, remote_id }) => {
      const created = what === 'first push' && remote_id !== null && added > 0;
      return added + removed === 0 ? sum : sum + floor({ create: created, add: added, remove: removed });
    }, 0);
    return {
      work: `${what}, ${type}`,
      measured: `${sent} requests`,
      against: `floor ${least}`,
      ratio: least ? sent / least : 1 + sent,
    };
  });
}
