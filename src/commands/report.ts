import { extname } from 'node:path';
import { SyncError } from '../../connectors/index.ts';
import type { Engine } from '../engine/engine.ts';
import { loadJob, type Job } from '../job/load.ts';
import { modelsOf } from '../job/segments.ts';
import { backtestJob, type BacktestReport } from '../run/backtest.ts';
import { HOLDOUT_DAYS } from '../run/forecast.ts';
import { overviewOf, type Overview } from '../run/overview.ts';
import type { RunReport } from '../run/report.ts';
import { reportOf } from '../run/run-list.ts';
import { lastRun } from '../run/state.ts';
import { storedDays } from '../run/stored-days.ts';
import { REPORT_FORMATS, type PictureName, type ReportFormat } from './arguments.ts';
import { EXIT, type CommandContext, type ExitCode } from './command.ts';
import { drawPicture } from './report-picture.ts';
import { writeWhole } from './write-whole.ts';

export type ReportArguments = {
  out: string;
  as_of?: string;
  since?: string;
  /** What the name of the file says unless given. */
  format?: ReportFormat;
  /** For `svg` and `png`. */
  picture?: PictureName;
  /** The model whose flows, moves or trend are drawn; the job's first unless given. */
  model?: string;
  /** Whether the forecast is tested, which takes about as long as a run. */
  backtest: boolean;
};

/**
 * `report JOB`: who the customers are, who moved, what that is worth and how far to trust it, as one HTML file; or one
 * picture of it.
 */
export async function report(
  context: CommandContext,
  reference: string,
  { out, backtest, picture, model, ...options }: ReportArguments,
): Promise<ExitCode> {
  const format = formatOf(out, options.format, picture);
  const job = await loadJob(reference, context);
  const found = await findings(await context.engine(), job, { ...context, ...options });
  const file = picture
    ? await drawPicture(found, picture, model, format === 'png')
    : await documentOf(found, backtest);
  await writeWhole([file], out);
  tell(context, { file: out, format, overview: found.overview, picture });
  return EXIT.done;
}

type Findings = Parameters<typeof drawPicture>[0] & { engine: Engine };

/** What a report is made of: the last run, or another day, against an earlier one. */
export async function findings(
  engine: Engine,
  job: Job,
  {
    as_of,
    since,
    state,
    signal,
    log,
  }: Pick<CommandContext, 'state' | 'signal' | 'log'> & Pick<ReportArguments, 'as_of' | 'since'>,
): Promise<Findings> {
  const models = modelsOf(job.segments);
  const overview = await overviewOf(engine, job, { as_of, since, models, months: 0, state, signal, log });
  const days = await storedDays(engine, job, overview.as_of);
  const tested = () =>
    backtestJob(engine, job, { as_of: overview.as_of, holdout_days: HOLDOUT_DAYS, state, signal, log });
  return { engine, job, overview, days, tested };
}

/** @returns the report as one HTML file */
export async function documentOf(
  { engine, job, overview, days, tested }: Findings,
  backtest: boolean,
): Promise<string> {
  const content = {
    job,
    overview,
    days,
    backtest: backtest ? await testedOrWhy(tested) : { none: 'It was not tested: --no-backtest was given.' },
    sources: await sourcesOf(engine, job),
  };
  // It brings the pictures, which take longer to load than the rest of the program.
  const { reportDocument } = await import('../web/report/document.ts');
  return reportDocument(content);
}

function tell(
  { json, print }: CommandContext,
  { overview, ...written }: { file: string; format: ReportFormat; overview: Overview; picture?: PictureName },
): void {
  const { job, as_of, since, customers } = overview;
  const { file, format, picture = null } = written;
  if (json) {
    print(JSON.stringify({ file, format, picture, job, as_of, since: since.as_of, customers }, undefined, 2));
  } else {
    const what = picture ? `The picture ${picture}` : 'The report';
    print(`${what} of ${job} as of ${as_of}, compared with ${since.as_of}, is in ${file}`);
  }
}

/** A report says why where the history cannot be tested. */
async function testedOrWhy(
  tested: () => Promise<BacktestReport>,
): Promise<BacktestReport | { none: string }> {
  try {
    return await tested();
  } catch (error) {
    if (error instanceof SyncError)
      return { none: [error.problem.what, error.problem.why].filter(Boolean).join(' ') };
    throw error;
  }
}

/** What the last run found in the sources. */
async function sourcesOf(engine: Engine, job: Job) {
  const last = await lastRun(engine, job.name, 'segmented');
  // One that was broken off tells nothing of them.
  const report: Partial<RunReport> | undefined = last && (await reportOf(engine, job.name, last.run_id));
  return last && report?.pulled ? { as_of: last.as_of, sources: report.pulled.sources } : null;
}

function formatOf(
  out: string,
  asked: ReportFormat | undefined,
  picture: PictureName | undefined,
): ReportFormat {
  const format = asked ?? REPORT_FORMATS.find((known) => extname(out).toLowerCase() === `.${known}`);
  if (!format) {
    throw wrong(`${out} does not say what to write.`, 'End it with .html, .svg or .png, or say --format.');
  }
  if ((format === 'html') === (picture !== undefined)) {
    throw picture
      ? wrong('A single picture is no HTML file.', 'Write it as .svg or .png, or leave out --picture.')
      : wrong(
          `${format.toUpperCase()} holds a single picture.`,
          'Name it with --picture, or write .html for all of them.',
        );
  }
  return format;
}

function wrong(what: string, fix: string): SyncError {
  return new SyncError({ code: 'ARGUMENT_WRONG', what, fix });
}
