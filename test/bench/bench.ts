/**
 * `npm run bench`: figures as ratios taken in one run, so that they mean the same on any machine.
 * `--orders N` sets the size of the generated shop (default 100,000), `--full` takes ten million orders for the
 * segments instead of one, changes and pushes of a million members instead of a hundred thousand and less, and compares
 * ten million with the ledger instead of one, `--json` prints one JSON document.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { destinations, sandboxes, serveSandbox } from '../../connectors/index.ts';
import { openEngine } from '../../src/engine/engine.ts';
import { createTables } from '../../src/engine/tables.ts';
import { parseJob } from '../../src/job/load.ts';
import type { AudienceReport, RunReport } from '../../src/run/report.ts';
import { runJob } from '../../src/run/run.ts';
import { CLV_NOTES, clvFigures } from './clv.ts';
import { databaseFigures } from './databases.ts';
import { diffFigures } from './diff.ts';
import { type Figure, figureTable, seconds } from './figure.ts';
import { pageFigures } from './page.ts';
import { paceFigures } from './pace.ts';
import { peerFigures } from './peers.ts';
import { planFigures } from './plan.ts';
import { pushFigures } from './push.ts';
import { requestFigures } from './requests.ts';
import { segmentFigures } from './segments.ts';
import { AS_OF, jobText, writeShop } from './shop.ts';
import { sourceFigures } from './sources.ts';
import { warmFitFigure } from './warm-fit.ts';

const { values } = parseArgs({
  options: {
    orders: { type: 'string', default: '100000' },
    full: { type: 'boolean', default: false },
    json: { type: 'boolean' },
  },
});
const ORDERS = Number(values.orders);
const { full } = values;
/** Changes whose requests are counted. */
const SIZES = [10, 1_000, 100_000];

const folder = await mkdtemp(join(tmpdir(), 'bench-'));
const platforms = await Promise.all(Object.values(sandboxes).map((open) => open({})));
const sandbox = await serveSandbox(platforms);
const engine = await openEngine({ state: join(folder, 'state'), idle_seconds: 1 });
try {
  await createTables(engine);
  await writeShop(join(folder, 'orders.csv'), ORDERS);
  const job = parseJob(jobText(sandbox.url), { file: join(folder, 'job.yaml'), env: {} });
  const options = { state: folder, as_of: AS_OF, signal: new AbortController().signal, log: () => undefined };

  const first = await runJob(engine, job, { ...options, send: true });
  const bare = await seconds(() =>
    engine.query(
      'SELECT count() FROM (SELECT email, count(), sum(goods), max(ordered_at) FROM orders GROUP BY email)',
    ),
  );
  const second = await runJob(engine, job, { ...options, send: true });
  const databases = await databaseFigures(folder, full ? 5_000_000 : 200_000);
  const figures = [
    ...speed(first, bare),
    ...requests('first push', first.audiences),
    ...requests('unchanged second push', second.audiences),
    {
      work: 'memory of this process',
      measured: `${Math.round(process.resourceUsage().maxRSS / 1024)} MB at most`,
      against: '700 MB',
      ratio: process.resourceUsage().maxRSS / 1024 / 700,
    },
    await warmFitFigure(),
    ...(await segmentFigures(folder, full ? 10_000_000 : 1_000_000)),
    ...(await pageFigures(folder, full ? 10_000_000 : 1_000_000)),
    ...(await planFigures(folder)),
    ...(await sourceFigures(folder, full ? 10_000_000 : 1_000_000)),
    ...(await peerFigures(folder)),
    ...(await requestFigures(folder, full ? [...SIZES, 1_000_000] : SIZES)),
    ...(await paceFigures(folder)),
    ...(await diffFigures(folder, full ? 10_000_000 : 1_000_000)),
    ...(await pushFigures(folder, full ? 1_000_000 : 50_000)),
    ...(await clvFigures(folder)),
    ...databases.figures,
  ];
  if (values.json) console.log(JSON.stringify(figures, undefined, 2));
  else
    console.log(
      `${ORDERS.toLocaleString('en')} orders\n\n${figureTable(figures)}\n\n${[...databases.missing, CLV_NOTES].join('\n\n')}`,
    );
} finally {
  await engine.close();
  await sandbox.close();
  await rm(folder, { recursive: true, force: true, maxRetries: 20 });
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
