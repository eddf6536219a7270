import { loadJob } from '../job/load.ts';
import { FAIR_WITHIN, GOOD_WITHIN, missText } from '../report/verdict.ts';
import { backtestJob, type BacktestReport } from '../run/backtest.ts';
import { EXIT, type CommandContext, type ExitCode } from './command.ts';
import { money, table } from './text.ts';
import { writeWhole } from './write-whole.ts';

export type BacktestArguments = { as_of?: string; holdout_days: number; svg?: string };

/** `backtest JOB`: how well the job's model would have forecast the last part of the history. */
export async function backtest(
  context: CommandContext,
  reference: string,
  { svg, ...options }: BacktestArguments,
): Promise<ExitCode> {
  const job = await loadJob(reference, context);
  const { state, signal, log } = context;
  const report = await backtestJob(await context.engine(), job, { ...options, state, signal, log });
  if (svg) {
    // Takes longer to load than the rest of the program.
    const [{ backtestPicture }, { standAlone }] = await Promise.all([
      import('../report/pictures/backtest.ts'),
      import('../report/pictures/stand-alone.ts'),
    ]);
    await writeWhole([standAlone(backtestPicture(report, { width: 820 }), { described: true })], svg);
  }
  if (context.json) context.print(JSON.stringify(report, undefined, 2));
  else context.print([backtestText(report), ...(svg ? [`The picture is in ${svg}`] : [])].join('\n\n'));
  return EXIT.done;
}

/** A backtest for people, in 80 columns. */
function backtestText(report: BacktestReport): string {
  const { purchases, ranking } = report;
  return [
    [
      `Backtest of ${report.job}`,
      `fitted up to ${report.calibration_end}, tested on the ${report.holdout_days} days up to ${report.as_of}`,
      `${purchases.verdict}: ${missText(purchases)} (${whole(purchases.expected)}; ${whole(purchases.actual)} made)`,
    ].join('\n'),
    modelText(report),
    table(['repeat purchases up to', 'actual', 'expected'], milestones(report)),
    table(
      ['repeats before', 'customers', 'mean purchases', 'expected'],
      report.by_frequency.map((row) => [
        row.frequency,
        row.customers,
        row.actual.toFixed(2),
        row.expected.toFixed(2),
      ]),
    ),
    table(
      ['revenue from a tenth of the customers', 'share'],
      [
        ['the highest predicted value', percent(ranking.predicted)],
        ['the best possible choice', percent(ranking.best)],
        ['drawn by lot', percent(ranking.random)],
      ],
    ),
    `holdout revenue ${money(ranking.revenue)} ${report.currency}; rank correlation with the prediction ${ranking.rank_correlation?.toFixed(2) ?? 'none'}`,
    table(
      ['tenth by P(alive)', 'customers', 'P(alive)', 'bought', 'expected to'],
      report.by_p_alive.map((row) => [
        row.tenth,
        row.customers,
        percent(row.p_alive),
        percent(row.actual_buyers),
        percent(row.expected_buyers),
      ]),
    ),
    NOTES,
    ...report.warnings.map((warning) => `note: ${warning}`),
  ].join('\n\n');
}

const NOTES = `Nobody can see who is alive, so the share that bought is compared with the
share expected to. Customers with the same P(alive) stay in one tenth.
good: the total is within ${GOOD_WITHIN * 100} %; fair: within ${FAIR_WITHIN * 100} %, or what chance explains.`;

function modelText({ model, customers, later_customers }: BacktestReport): string {
  const later = later_customers ? `; ${whole(later_customers)} who came later are left out` : '';
  const name = model.name.toUpperCase().replace('_', '/');
  return [`${name} on ${whole(customers)} customers${later}`, ...(model.fallback?.split('; ') ?? [])].join(
    '\n',
  );
}

/** The last week before the holdout, and the last of all. */
function milestones({ weeks }: BacktestReport): (string | number)[][] {
  const ends = [weeks.findLast(({ holdout }) => !holdout), weeks.findLast(({ holdout }) => holdout)];
  return ends
    .filter((week) => week !== undefined)
    .map(({ week, until, actual, expected }) => [`${until}, week ${week}`, actual, Math.round(expected)]);
}

function whole(number: number): string {
  return Math.round(number).toLocaleString('en');
}

function percent(share: number | null): string {
  return share === null ? 'none' : `${(share * 100).toFixed(1)} %`;
}
