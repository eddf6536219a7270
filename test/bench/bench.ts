/**
 * `npm run bench`: figures as ratios taken in one run, so that they mean the same on any machine.
 * `--orders N` sets the size of the generated shop (default 100,000), `--json` prints one JSON document.
 */
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { finished } from 'node:stream/promises';
import { parseArgs } from 'node:util';
import { destinations, sandboxes, serveSandbox } from '../../connectors/index.ts';
import { money, table } from '../../src/commands/text.ts';
import { openEngine } from '../../src/engine/engine.ts';
import { createTables } from '../../src/engine/tables.ts';
import { parseJob } from '../../src/job/load.ts';
import type { AudienceReport, RunReport } from '../../src/run/report.ts';
import { runJob } from '../../src/run/run.ts';
import { clvFigures } from './clv.ts';
import type { Figure } from './figure.ts';

const { values } = parseArgs({
  options: {
    orders: { type: 'string', default: '100000' },
    json: { type: 'boolean' },
  },
});
const ORDERS = Number(values.orders);
const CUSTOMERS = Math.ceil(ORDERS / 8);
const AS_OF = '2026-11-15';

const folder = await mkdtemp(join(tmpdir(), 'bench-'));
const platforms = await Promise.all(Object.values(sandboxes).map((open) => open({})));
const sandbox = await serveSandbox(platforms);
const engine = await openEngine({ state: join(folder, 'state'), idle_seconds: 1 });
try {
  await createTables(engine);
  await writeShop(join(folder, 'orders.csv'));
  const job = parseJob(jobText(sandbox.url), { file: join(folder, 'job.yaml'), env: {} });
  const options = { state: folder, as_of: AS_OF, signal: new AbortController().signal, log: () => undefined };

  const first = await runJob(engine, job, { ...options, send: true });
  const bare = await seconds(() =>
    engine.query(
      'SELECT count() FROM (SELECT email, count(), sum(goods), max(ordered_at) FROM orders GROUP BY email)',
    ),
  );
  const second = await runJob(engine, job, { ...options, send: true });
  report([
    ...speed(first, bare),
    ...requests('first push', first.audiences),
    ...requests('unchanged second push', second.audiences),
    ...(await clvFigures(engine)),
    {
      work: 'memory of this process',
      measured: `${Math.round(process.resourceUsage().maxRSS / 1024)} MB at most`,
      against: '700 MB',
      ratio: process.resourceUsage().maxRSS / 1024 / 700,
    },
  ]);
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

function report(figures: readonly Figure[]): void {
  if (values.json) return console.log(JSON.stringify(figures, undefined, 2));
  console.log(`${ORDERS.toLocaleString('en')} orders\n`);
  console.log(
    table(
      ['work', 'measured', 'against', 'ratio'],
      figures.map(({ work, measured, against, ratio }) => [work, measured, against, money(String(ratio))]),
    ),
  );
}

async function seconds(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return (performance.now() - start) / 1000;
}

/** A small generator with a seed of its own, so that two runs see the same shop. */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

async function writeShop(path: string): Promise<void> {
  const random = randomFrom(7);
  const out = createWriteStream(path);
  out.write('id,mail,date,amount,consent\n');
  for (let order = 0; order < ORDERS; order += 1) {
    const who = Math.floor(random() ** 2 * CUSTOMERS);
    const day = new Date(Date.UTC(2026, 10, 15) - Math.floor(random() * 1000) * 86_400_000);
    const amount = (5 + random() * 200).toFixed(2);
    const row = `o${order},shopper${who}@example.com,${day.toISOString()},${amount},yes\n`;
    if (!out.write(row)) await once(out, 'drain');
  }
  out.end();
  await finished(out);
}

function jobText(url: string): string {
  return `
name: bench
currency: EUR
sources:
  - type: csv
    path: orders.csv
    columns: { order_id: id, email: mail, ordered_at: date, total: amount, accepts_marketing: consent }
destinations:
  - { type: mailchimp, api_key: sandbox-us1, list_id: sandbox, base_url: '${url}', audiences: [{ segment: value_engagement.* }] }
  - { type: klaviyo, api_key: sandbox, base_url: '${url}', audiences: [{ segment: lifecycle.* }] }
  - { type: facebook, access_token: sandbox, ad_account_id: act_1, base_url: '${url}', audiences: [{ segment: lifecycle.* }] }
  - { type: csv, path: out, audiences: [{ segment: lifecycle.* }] }
`;
}
