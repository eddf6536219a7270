import { overdueSince } from '../../daemon/due.ts';
import { nextRuns } from '../../daemon/schedule.ts';
import type { Job } from '../../job/load.ts';
import { heldRun } from '../../run/held.ts';
import { isDaemonRunning } from '../../run/lock.ts';
import { pastOf } from '../../run/scheduled-runs.ts';
import type { RunReport } from '../../run/report.ts';
import { lastRun } from '../../run/state.ts';
import type { CommandContext } from '../command.ts';
import { look, type Finding, type Warning } from './finding.ts';

/** What a job's schedule asks for, how its last run ended, and what that run found in the sources. */
export async function checkPast(context: CommandContext, job: Job): Promise<Finding[]> {
  return [
    await look(`schedule of ${job.name}`, () => scheduleFacts(context, job)),
    await look(`last run of ${job.name}`, () => lastRunFacts(context, job)),
    await look(`data of ${job.name}`, () => dataFacts(context, job)),
  ];
}

async function scheduleFacts(context: CommandContext, job: Job) {
  const next = nextRuns(job, 5);
  if (next.length === 0) return { facts: ['no schedule: it runs when you run it'] };
  const engine = await context.engine();
  const past = (await pastOf(engine, [job.name])).get(job.name)!;
  const overdue = overdueSince(job, past, Date.now());
  const warnings: Warning[] = [];
  if (overdue !== undefined) {
    const what = `it was due at ${new Date(overdue).toISOString()}, and no run stands for that time`;
    warnings.push({ what, fix: 'See whether `segment-sync start` runs, and what it logs.' });
  }
  // Where the store is a server, the daemon may be on another machine.
  if (!engine.server && !(await isDaemonRunning(context.state))) {
    const what = 'no daemon keeps this store, so nothing runs it at its time';
    warnings.push({ what, fix: 'Keep `segment-sync start` running, or run the job yourself.' });
  }
  return { facts: [`next runs (UTC): ${next.join(', ')}`], warnings };
}

async function lastRunFacts(context: CommandContext, job: Job) {
  const engine = await context.engine();
  const last = await lastRun(engine, job.name, 'finished');
  if (!last) return { facts: ['it has not run yet'] };
  const { status = 'failed', error } = JSON.parse(last.detail) as Partial<RunReport>;
  const warnings: Warning[] = [];
  if (await heldRun(engine, job.name)) {
    const fix = `Look at \`segment-sync status ${job.name}\`, then \`segment-sync approve ${job.name}\` or mend the source.`;
    warnings.push({ what: 'a plan is held and waits for approve', fix });
  } else if (status !== 'done') {
    const what = `it ended as ${status} at ${last.at}${error ? `: ${error.code} ${error.what ?? ''}`.trimEnd() : ''}`;
    warnings.push({ what, fix: error?.fix ?? `\`segment-sync status ${job.name}\` tells what was left.` });
  }
  return { facts: status === 'done' ? [`${status} at ${last.at}, as of ${last.as_of}`] : [], warnings };
}

/** A month without an order between months with some is more likely a hole in the data than in the sales. */
function silentMonths(months: readonly { month: string; orders: number }[]): string[] {
  const there = new Set(months.map(({ month }) => month));
  const [first, last] = [months[0]?.month, months.at(-1)?.month];
  if (!first || !last) return [];
  const silent: string[] = [];
  for (let at = new Date(`${first}-01T00:00:00Z`); at.toISOString().slice(0, 7) < last;) {
    const month = at.toISOString().slice(0, 7);
    if (!there.has(month)) silent.push(month);
    at = new Date(Date.UTC(at.getUTCFullYear(), at.getUTCMonth() + 1, 1));
  }
  return silent;
}

async function dataFacts(context: CommandContext, job: Job) {
  const engine = await context.engine();
  const runs = await Promise.all([
    lastRun(engine, job.name, 'finished'),
    lastRun(engine, job.name, 'planned'),
  ]);
  const [newest] = runs
    .filter((run) => run !== undefined)
    .toSorted((one, other) => (one.run_id < other.run_id ? 1 : -1));
  const { pulled, warnings: told = [] } = JSON.parse(newest?.detail ?? '{}') as Partial<RunReport>;
  if (!pulled) return { facts: ['no run has read the sources yet, so nothing is known of what they hold'] };
  const facts = pulled.sources
    .filter(({ orders, events }) => orders + events > 0)
    .map(({ source, orders, events, first_order, last_order }) =>
      orders > 0
        ? `${source}: ${orders.toLocaleString('en')} orders from ${first_order} to ${last_order}`
        : `${source}: ${events.toLocaleString('en')} events`,
    );
  if (facts.length === 0) facts.push('the last pull left no order and no event');
  const warnings: Warning[] = [];
  for (const { source, rejected, reasons, orders_by_month } of pulled.sources) {
    if (rejected > 0) {
      const why = reasons[0] ? `, most since ${reasons[0].reason}` : '';
      const what = `${source}: ${rejected} rows of the last pull were rejected${why}`;
      warnings.push({
        what,
        fix: 'Correct them at the source, or its `columns`, `dates` and `decimal` in the job file.',
      });
    }
    const silent = silentMonths(orders_by_month);
    if (silent.length > 0) {
      const what = `${source}: no order in ${silent.join(', ')}`;
      warnings.push({ what, fix: 'See whether an export of that time is missing.' });
    }
  }
  for (const what of told) {
    const cure = CURES.find(([about]) => about.test(what))?.[1];
    if (ORDINARY.test(what)) facts.push(what);
    // Other notes of a run are about its model and its audiences.
    else if (cure || pulled.warnings.includes(what)) warnings.push({ what, fix: cure ?? OTHER_CURE });
  }
  return { facts, warnings };
}

/** Notes of a run that every shop has: what is no sale is not to be mended. */
const ORDINARY = /left out: (refunded in full|placed as a test|not paid, cancelled or voided)/;

/** What to do about notes of a run, by what they are about. */
const CURES: readonly (readonly [about: RegExp, fix: string])[] = [
  [/exchange_rates/, 'Add what one of it is worth to `exchange_rates` in the job file.'],
  [/unknown state/, 'Say what the words mean with `states` of the source.'],
  [/went silent|shrank/, 'See whether the source is still written, and whole.'],
  [/e-mail address|belong to nobody/, 'Map `email`, `phone` or `customer_id`, if the source has them.'],
];
const OTHER_CURE = 'Nothing to do if it is meant to be so; else correct the source or the job file.';
