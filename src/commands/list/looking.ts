import { Option } from 'commander';
import {
  holdout,
  isoDate,
  months,
  PICTURES,
  REPORT_FORMATS,
  type PictureName,
  type ReportFormat,
} from '../arguments.ts';
import { AS_OF, JOB, startEngine, type Declare } from './declare.ts';

/** What the last runs know of customers and segments. */
export function lookingCommands({ command, act }: Declare): void {
  command(
    'export <job>',
    'a CSV file of the customers of a segment, of refused members, or of a held plan, from the last run',
    JOB,
  )
    .requiredOption('--out <file>', 'file to write')
    .option('--segment <segment>', 'for example lifecycle.at_risk; a * stands for any text', '*')
    .option('--columns <names>', 'columns, separated by commas', (names: string) =>
      names.split(',').map((name) => name.trim()),
    )
    .addOption(
      new Option('--refused', 'instead, the members whom platforms refuse, with the reasons').conflicts([
        'segment',
        'columns',
      ]),
    )
    .addOption(
      new Option(
        '--held',
        'instead, whom the plan that waits for approve would remove, add and update',
      ).conflicts(['segment', 'columns', 'refused']),
    )
    .action(
      act(
        async (
          context,
          job: string,
          options: { out: string; segment: string; columns?: string[]; refused?: boolean; held?: boolean },
        ) => {
          if (options.refused)
            return (await import('../export-refused.ts')).writeRefused(context, job, options);
          if (options.held) return (await import('../export-held.ts')).writeHeld(context, job, options);
          return (await import('../export.ts')).writeSegment(context, job, options);
        },
      ),
    );
  command(
    'segments <job>',
    'every segment in numbers, who moved between them, and what moves are worth; sends nothing',
    JOB,
  )
    .addOption(
      new Option('--as-of <date>', "look at the end of this day instead of the last run's").argParser(
        isoDate,
      ),
    )
    .option('--since <date>', 'compare with the end of this day; a month before unless given', isoDate)
    .option('--backfill <months>', 'also compute so many ends of months before', months, 0)
    .option('--anew', 'compute past days again, for records that were added since')
    .option('--model <model>', 'only this model; custom are the lists')
    .option('--flows', 'who moved from where to where')
    .option('--moves', 'what each move is worth, the biggest gain first')
    .option('--playbook', 'what to do about each segment, the most urgent first')
    .option('--lift', 'instead, compare held-out customers with those who were sent')
    .action(
      act(
        async (
          context,
          job: string,
          {
            asOf,
            lift,
            ...options
          }: {
            asOf?: string;
            lift?: boolean;
            backfill: number;
            since?: string;
            anew?: boolean;
            model?: string;
            flows?: boolean;
            moves?: boolean;
            playbook?: boolean;
          },
        ) =>
          lift
            ? (await import('../lift.ts')).lift(context, job)
            : (await import('../segments.ts')).segments(context, job, { ...options, as_of: asOf }),
      ),
    );
  command(
    'report <job>',
    'who the customers are and who moved, with pictures, as one HTML file; or one of the pictures',
    JOB,
  )
    .requiredOption('--out <file>', 'file to write: .html, .svg or .png')
    .addOption(
      new Option('--as-of <date>', "tell of the end of this day instead of the last run's").argParser(
        isoDate,
      ),
    )
    .option('--since <date>', 'compare with the end of this day; a month before unless given', isoDate)
    .addOption(
      new Option('--format <format>', 'what to write, where the name of the file does not say').choices(
        REPORT_FORMATS,
      ),
    )
    .addOption(new Option('--picture <picture>', 'only this one, as SVG or PNG').choices(PICTURES))
    .option('--model <model>', "whose flows, moves or trend to draw; the job's first unless given")
    .option('--no-backtest', 'leave out the test of the forecast, which takes about as long as a run')
    .action(
      act(
        async (
          context,
          job: string,
          {
            asOf,
            ...options
          }: {
            asOf?: string;
            out: string;
            since?: string;
            format?: ReportFormat;
            picture?: PictureName;
            model?: string;
            backtest: boolean;
          },
        ) => (await import('../report.ts')).report(context, job, { ...options, as_of: asOf }),
      ),
    );
  command(
    'explain <job> [email]',
    'one customer: orders, numbers, why each segment, where they were sent',
    JOB,
  )
    .option('--id <id>', 'name the customer by their customer_id, as export shows it')
    .action(
      act(async (context, job: string, email: string | undefined, { id }: { id?: string }) => {
        startEngine(context);
        return (await import('../explain.ts')).explain(context, job, { email, id });
      }),
    );
  command('backtest <job>', 'how well the model would have forecast the last part of the history', JOB)
    .addOption(AS_OF)
    .option('--holdout <time>', 'length of that part, such as 90d or 13w', holdout, 90)
    .option('--svg <file>', 'picture to write')
    .action(
      act(
        async (
          context,
          job: string,
          { asOf, holdout, svg }: { asOf?: string; holdout: number; svg?: string },
        ) =>
          (await import('../backtest.ts')).backtest(context, job, {
            as_of: asOf,
            holdout_days: holdout,
            svg,
          }),
      ),
    );
}
