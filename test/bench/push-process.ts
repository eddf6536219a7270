/**
 * A process that does nothing but plan and push the members of one audience, day by day, and tells what that took. Its
 * argument is a `PushTask` as JSON; who is a customer and of the segment is made by the engine itself.
 */
import { destinations } from '../../connectors/index.ts';
import { openEngine, type Engine } from '../../src/engine/engine.ts';
import { createTables } from '../../src/engine/tables.ts';
import { keepHeapSmall } from '../../src/heap.ts';
import { parseJob } from '../../src/job/load.ts';
import { planDestinations, pushDestinations } from '../../src/run/destinations.ts';
import { newRun } from '../../src/run/new-run.ts';
import type { RunContext } from '../../src/run/run.ts';
import { ownerPid } from '../engine/state-dir.ts';
import { seconds } from './figure.ts';
import { forgetPeak, ownPeak, peakOf } from './memory.ts';
import { destinationText, type PlatformName } from './moves.ts';

/** Who is in the audience on a day: so many customers from a number on. */
type Day = { from: number; members: number };
export type PushTask = { state: string; url: string; platform: PlatformName; days: readonly Day[] };

/** Times in seconds, memory in MB; `foretold` are the requests of the plan. */
export type Pushed = { plan: number; push: number; requests: number; foretold: number; floor: number };
export type PushMeasured = {
  days: Pushed[];
  /** What this process held before, and at most. */
  own_rest: number;
  own_peak: number;
  engine_peak: number;
};

keepHeapSmall();
const task = JSON.parse(process.argv[2]!) as PushTask;
const job = parseJob(
  `
name: push
currency: EUR
sources: [{ type: csv, path: none.csv, columns: { order_id: id, email: mail, ordered_at: date, total: amount } }]
destinations: [${destinationText(task.platform, task.url, 'lifecycle.active')}]
`,
  { file: 'push.yaml', env: {} },
);
const engine = await openEngine({ state: task.state, idle_seconds: 1 });
try {
  await createTables(engine);
  const [today, ...later] = task.days;
  const first = await fill(engine, today!);
  const enginePid = ownerPid(task.state)!;
  forgetPeak(enginePid);
  const own_rest = ownPeak();
  const days = [await push(first)];
  for (const day of later) days.push(await push(await fill(engine, day)));
  const measured: PushMeasured = { days, own_rest, own_peak: ownPeak(), engine_peak: peakOf(enginePid) };
  console.log(JSON.stringify(measured));
} finally {
  await engine.close();
}

/** Customers from a number on, as a run leaves them before it plans. */
async function fill(engine: Engine, { from, members }: Day): Promise<RunContext> {
  const { signal } = new AbortController();
  const run = await newRun(engine, job, { as_of: '2026-11-15', log: () => undefined, signal, cut: signal });
  const params = { job: job.name, run: run.run_id, from, members };
  const customer = `concat('email:shopper', toString(number), '@example.com') AS customer`;
  const numbers = 'FROM numbers({from:UInt32}, {members:UInt32})';
  await engine.command(
    `INSERT INTO profiles (job, run_id, customer, email, first_name, last_name, city, zip, country, email_consent)
     SELECT {job:String}, {run:String}, ${customer}, substring(customer, 7), concat('First', toString(number % 5000)),
       concat('Last', toString(number % 70000)), concat('City', toString(number % 900)), toString(number % 99999), 'RO', 'yes'
     ${numbers}`,
    params,
  );
  await engine.command(
    `INSERT INTO assignments (job, run_id, as_of, customer, segments)
     SELECT {job:String}, {run:String}, '2026-11-15', ${customer}, ['lifecycle.active', 'value_tier.high'] ${numbers}`,
    params,
  );
  return run;
}

async function push(run: RunContext): Promise<Pushed> {
  const planning = { took: 0 };
  const pushing = { took: 0 };
  let planned: Awaited<ReturnType<typeof planDestinations>> = [];
  planning.took = await seconds(async () => {
    planned = await planDestinations(run, job.destinations, { send: true });
  });
  const { remote_id, to_add, to_remove, requests: foretold } = planned[0]!.plans[0]!;
  let sent: Awaited<ReturnType<typeof pushDestinations>> = [];
  pushing.took = await seconds(async () => {
    sent = await pushDestinations(run, planned);
  });
  const [audience] = sent.flatMap(({ audiences }) => audiences);
  if (audience?.error || audience?.added !== to_add || audience.removed !== to_remove)
    throw new Error(JSON.stringify(audience));
  const create = remote_id === undefined && to_add > 0;
  const floor =
    to_add + to_remove === 0
      ? 0
      : destinations[task.platform]!.floor({ create, add: to_add, remove: to_remove });
  const { requests } = audience;
  return { plan: planning.took, push: pushing.took, requests, foretold, floor };
}
