import { SyncError } from '../../connectors/index.ts';
import { loadJob } from '../job/load.ts';
import type { Estimate, LiftReport, SegmentLift } from '../report/lift.ts';
import { withFoundAudiences } from '../run/audiences.ts';
import { holdoutsOf, liftOf } from '../run/lift.ts';
import { lastRun } from '../run/state.ts';
import { EXIT, type CommandContext, type ExitCode } from './command.ts';
import { money, table } from './text.ts';

/** `segments JOB --lift`: what being sent was worth so far, by the customers who were held out. */
export async function lift(context: CommandContext, reference: string): Promise<ExitCode> {
  const written = await loadJob(reference, context);
  const engine = await context.engine();
  const job = await withFoundAudiences(engine, written);
  if (holdoutsOf(job).size === 0) {
    throw new SyncError({
      code: 'ARGUMENT_WRONG',
      where: `job ${job.name}`,
      what: 'No audience of this job has a holdout, so there is nobody to compare with.',
      fix: 'Write holdout: 0.1 beside the segment of an audience; those who are sent from then on are compared.',
    });
  }
  const last = await lastRun(engine, job.name, 'segmented');
  if (!last) {
    throw new SyncError({
      code: 'ARGUMENT_WRONG',
      what: `The job ${job.name} has not run yet.`,
      fix: `Run it first: segment-sync run ${job.name}.`,
    });
  }
  const report = await liftOf(engine, job, last);
  context.print(context.json ? JSON.stringify(report, undefined, 2) : liftText(report));
  return EXIT.done;
}

function liftText(report: LiftReport): string {
  const head = `What being sent was worth, as of ${report.as_of}; money in ${report.currency}`;
  return [head, ...report.segments.map(segmentText)].join('\n\n');
}

function segmentText({ segment, holdout, since, treated, held_out, difference }: SegmentLift): string {
  const share = `${segment}: ${percent(holdout)} held out`;
  if (!since) return `${share}; nobody has entered it long enough to be compared`;
  if (!treated || !held_out || !difference) {
    const missing = treated ? 'held out' : 'sent';
    return `${share} since ${since}; of those who entered since, nobody is ${missing}`;
  }
  const both = [treated, held_out];
  const days = both.map((lot) => lot.days.toFixed(0));
  const rows = [
    ['customers', ...both.map(({ customers }) => customers.toLocaleString('en')), '', ''],
    ['days observed, mean', ...days, '', ''],
    [
      'bought again',
      ...both.map(({ repeat_rate }) => percent(repeat_rate)),
      ...withInterval(difference.repeat_rate, percent),
    ],
    [
      'purchases each',
      ...both.map(({ purchases }) => purchases.toFixed(3)),
      ...withInterval(difference.purchases, (figure) => figure.toFixed(3)),
    ],
    [
      'revenue each',
      ...both.map(({ revenue }) => money(revenue)),
      ...withInterval(difference.revenue, money),
    ],
  ];
  return [
    `${share} since ${since}`,
    table(['', 'sent', 'held out', 'difference', '95 % interval'], rows),
    inAll(difference.revenue_in_all),
  ].join('\n');
}

function inAll(estimate: Estimate<string>): string {
  const [value, interval] = withInterval(estimate, money);
  if (!interval) return `In all, being sent brought ${value}.`;
  const shown = Number(estimate.low) > 0 || Number(estimate.high) < 0;
  return `In all, being sent brought ${value},\nwith 95 % certainty ${interval}${shown ? '' : ': it may be chance'}.`;
}

function withInterval<Figure>(
  { value, low, high }: Estimate<Figure>,
  text: (figure: Figure) => string,
): [string, string] {
  return [text(value), low === null || high === null ? '' : `${text(low)} to ${text(high)}`];
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}
