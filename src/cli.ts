#!/usr/bin/env node
import { existsSync } from 'node:fs';
import { enableCompileCache } from 'node:module';
import { resolve } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { Argument, Command, CommanderError, Option, type CommandOptions } from 'commander';
import { SyncError } from '../connectors/index.ts';
import {
  holdout,
  isoDate,
  months,
  PICTURES,
  port,
  REPORT_FORMATS,
  type PictureName,
  type ReportFormat,
} from './commands/arguments.ts';
import { EXIT, exitCodeOf, type CommandContext, type ExitCode } from './commands/command.ts';
import { fold } from './commands/fold.ts';
import type { InitOptions } from './commands/init/init.ts';
import type { Shell } from './commands/completion.ts';
import { openLog } from './commands/log.ts';
import { showsColours } from './commands/paint.ts';
import { openProgressLine } from './commands/progress-line.ts';
import { problemText } from './commands/text.ts';
import { openEngine, type Engine, type EngineSettings } from './engine/engine.ts';
import { framesOf } from './engine/frames.ts';
import { createTables } from './engine/tables.ts';
import { mask } from './job/mask.ts';
import { JobFileError } from './job/problems.ts';
import { loadSettings, SETTINGS_FILE } from './job/settings.ts';
import { asProblem } from './run/problem.ts';

type Flags = { json?: boolean; state: string; jobs: string };
type InitFlags = Omit<InitOptions, 'columns' | 'destination'> & { columns?: string; destination?: string };
type Action<Arguments extends unknown[]> = (context: CommandContext, ...rest: Arguments) => Promise<ExitCode>;

// Compiled code is kept among the temporary files, so that commands after the first start sooner.
enableCompileCache();

const program = new Command('segment-sync')
  .description(
    'Computes who each customer of a shop is and keeps Mailchimp, Klaviyo and Facebook audiences equal to it.',
  )
  .exitOverride()
  .showSuggestionAfterError();

const AS_OF = new Option('--as-of <date>', 'compute as of the end of this day (YYYY-MM-DD)').argParser(
  isoDate,
);
const JOB = 'path of a job file, or the name of a job in the jobs folder';

command('demo', 'the whole path on the sample shop against the sandbox, then says where to look').action(
  act(async (context) => (await import('./commands/demo.ts')).demo(context)),
);
command('init', 'looks at your orders, asks a few questions, and writes a job file for them')
  .option(
    '--source <place>',
    'a file (CSV, Parquet, lines of JSON), or the URL of a PostgreSQL, MySQL or MariaDB database',
  )
  .addOption(
    new Option('--format <format>', 'what the file is, where its name and first line do not tell').choices([
      'shopify',
      'csv',
      'parquet',
      'jsonl',
    ]),
  )
  .option('--encoding <name>', 'of a file of text, where it is not found, as windows-1250')
  .option('--columns <pairs>', 'FIELD=COLUMN, separated by commas, where a column is not found')
  .addOption(
    new Option('--dates <order>', 'order of day, month and year in the file').choices([
      'iso',
      'ymd',
      'dmy',
      'mdy',
    ]),
  )
  .addOption(new Option('--decimal <sign>', 'what stands before cents in the file').choices(['.', ',']))
  .option('--table <name>', 'table of a database that holds the orders')
  .option('--name <name>', 'what the job shall be called; as the file unless given')
  .option('--destination <names>', 'csv, mailchimp, klaviyo, facebook, separated by commas; csv unless given')
  .option('--timezone <zone>', "where the shop's days begin and end; this machine's zone unless given")
  .option('--currency <code>', 'of all figures; what the orders are in unless given')
  .option('--schedule <cron>', "when `start` runs it, as '0 5 * * *'")
  .option('--out <file>', 'job file to write; NAME.yaml in the jobs folder unless given')
  .option('--force', 'replace a file that is there')
  .option('--yes', 'ask nothing: take flags and what is found')
  .action(
    act(async (context, { columns, destination, ...options }: InitFlags) => {
      const { columnsOf, destinationsOf } = await import('./commands/init/flags.ts');
      const { init } = await import('./commands/init/init.ts');
      const destinations = destination === undefined ? undefined : destinationsOf(destination);
      return init(context, {
        ...options,
        columns: columns ? columnsOf(columns) : {},
        destination: destinations,
      });
    }),
  );
command(
  'check [job]',
  'what is in order and what is not, with the cure: runtime, store, settings, schedule, last run, data, credentials',
)
  .option('--offline', 'leave the platforms alone')
  .option('--alerts', 'send a test message through every alert channel')
  .addOption(
    new Option('--audit', 'also ask npm what is known against the packages it runs with').conflicts(
      'offline',
    ),
  )
  .action(
    act(
      async (
        context,
        job: string | undefined,
        {
          offline = false,
          alerts = false,
          audit = false,
        }: { offline?: boolean; alerts?: boolean; audit?: boolean },
      ) => (await import('./commands/check/check.ts')).check(context, job, { offline, alerts, audit }),
    ),
  );
command(
  'plan <job>',
  'who would be added and removed, and how many requests it would take; sends nothing',
  JOB,
)
  .addOption(AS_OF)
  .action(
    act(async (context, job: string, { asOf }: { asOf?: string }) => {
      startEngine(context);
      return (await import('./commands/run.ts')).run(context, job, { as_of: asOf, send: false });
    }),
  );
command('run <job>', 'one run: pull, segment, and make every audience equal its segment', JOB)
  .addOption(AS_OF)
  .option(
    '--reconcile',
    'first read who is in the audiences, where the platforms tell, and put back who was lost',
  )
  .addOption(
    new Option('--full', 'read the sources from the beginning, not only what is new').conflicts('since'),
  )
  .option('--since <date>', 'read again what changed in the sources since this day', isoDate)
  .action(
    act(
      async (
        context,
        job: string,
        {
          asOf,
          reconcile,
          full,
          since,
        }: { asOf?: string; reconcile?: boolean; full?: boolean; since?: string },
      ) => {
        startEngine(context);
        const reach = since === undefined ? (full ? 'all' : 'new') : { since };
        const options = { as_of: asOf, send: true, reach, reconcile } as const;
        return (await import('./commands/run.ts')).run(context, job, options);
      },
    ),
  );
command('approve <job>', 'sends the plan that a guard held, exactly that one, once', JOB).action(
  act(async (context, job: string) => {
    startEngine(context);
    return (await import('./commands/approve.ts')).approve(context, job);
  }),
);
command('start', 'the daemon: every job of the jobs folder at its time')
  .option(
    '--port <number>',
    'serve the web page, /healthz, /readyz and /metrics on this port of 127.0.0.1',
    port,
  )
  .option('--host <address>', 'address to listen on', '127.0.0.1')
  .action(
    act(async (context, options: { port?: number; host: string }) =>
      (await import('./commands/start.ts')).start(context, options),
    ),
  );
command('status [job]', 'last and next runs, audiences and what they hold').action(
  act(async (context, job: string | undefined) =>
    (await import('./commands/status.ts')).status(context, job),
  ),
);
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
          return (await import('./commands/export-refused.ts')).writeRefused(context, job, options);
        if (options.held) return (await import('./commands/export-held.ts')).writeHeld(context, job, options);
        return (await import('./commands/export.ts')).writeSegment(context, job, options);
      },
    ),
  );
command(
  'segments <job>',
  'every segment in numbers, who moved between them, and what moves are worth; sends nothing',
  JOB,
)
  .addOption(
    new Option('--as-of <date>', "look at the end of this day instead of the last run's").argParser(isoDate),
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
          ? (await import('./commands/lift.ts')).lift(context, job)
          : (await import('./commands/segments.ts')).segments(context, job, { ...options, as_of: asOf }),
    ),
  );
command(
  'report <job>',
  'who the customers are and who moved, with pictures, as one HTML file; or one of the pictures',
  JOB,
)
  .requiredOption('--out <file>', 'file to write: .html, .svg or .png')
  .addOption(
    new Option('--as-of <date>', "tell of the end of this day instead of the last run's").argParser(isoDate),
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
      ) => (await import('./commands/report.ts')).report(context, job, { ...options, as_of: asOf }),
    ),
  );
command('explain <job> [email]', 'one customer: orders, numbers, why each segment, where they were sent', JOB)
  .option('--id <id>', 'name the customer by their customer_id, as export shows it')
  .action(
    act(async (context, job: string, email: string | undefined, { id }: { id?: string }) => {
      startEngine(context);
      return (await import('./commands/explain.ts')).explain(context, job, { email, id });
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
        (await import('./commands/backtest.ts')).backtest(context, job, {
          as_of: asOf,
          holdout_days: holdout,
          svg,
        }),
    ),
  );
command(
  'erase <email>',
  'removes a person from every destination and from the store, and prints a receipt',
).action(act(async (context, email: string) => (await import('./commands/erase.ts')).erase(context, email)));
command('sandbox', 'imitation Mailchimp, Klaviyo, Facebook, Shopify and WooCommerce on 127.0.0.1')
  .option('--port <number>', 'port to listen on; any free one unless given', port)
  .option('--people <file>', 'CSV with the contacts of the Mailchimp list: email, status')
  .action(
    act(async (context, options: { port?: number; people?: string }) =>
      (await import('./commands/sandbox.ts')).sandbox(context, options),
    ),
  );
command('schema', 'the JSON Schema of a job file').action(
  act(async (context) => (await import('./commands/schema.ts')).schema(context)),
);
command(
  'docs [code]',
  'every table of the documentation; with the code of an error, what it means and what to do',
)
  .option(
    '--write',
    'put the tables where they belong, and write config/ERRORS.md and config/job.schema.json',
  )
  .option('--check', 'fail where they are stale')
  .action(
    act(async (context, code: string | undefined, options: { write?: boolean; check?: boolean }) => {
      if (code !== undefined) return (await import('./commands/error-docs.ts')).errorDocs(context, code);
      return (await import('./commands/docs.ts')).docs(context, program, options);
    }),
  );
command('completion', 'a script that lets a shell complete commands, flags, jobs and segments')
  .addArgument(new Argument('<shell>', 'the shell').choices(['bash', 'zsh', 'fish']))
  .action(
    act(async (context, shell: Shell) =>
      (await import('./commands/completion.ts')).completion(context, shell, [
        process.execPath,
        resolve(process.argv[1]!),
      ]),
    ),
  );
command('complete [words...]', 'what a shell could complete the last word to', undefined, {
  hidden: true,
}).action(
  act(async (context, words: string[]) =>
    (await import('./commands/completion.ts')).complete(context, program, words),
  ),
);

function command(usage: string, description: string, job?: string, settings?: CommandOptions): Command {
  const made = program
    .command(usage, settings)
    .description(description)
    .option('--json', 'print one JSON document')
    .addOption(
      new Option('--state <dir>', 'directory of the store')
        .env('SEGMENT_SYNC_STATE')
        .default('.segment-sync'),
    )
    .addOption(
      new Option('--jobs <dir>', 'folder of the job files').env('SEGMENT_SYNC_JOBS').default('config/jobs'),
    );
  if (job) made.registeredArguments[0]!.description = job;
  return made;
}

/** Wraps a command: gives it its context, turns what it throws into words and an exit code, and closes the store. */
function act<Arguments extends unknown[]>(action: Action<Arguments>) {
  return async (...all: unknown[]): Promise<void> => {
    const flags = all.at(-2) as Flags;
    const secrets = new Set<string>();
    const json = flags.json ?? false;
    const line = !json && isWatched() ? openProgressLine(process.stderr) : undefined;
    const log = openLog(line ?? process.stderr, secrets);
    const stop = new AbortController();
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      process.once(signal, () => {
        log('stopping: the batch in flight is finished and recorded', { signal });
        stop.abort();
      });
    }
    const failed = (error: unknown): ExitCode => {
      line?.clear();
      return fail(error, json, secrets);
    };
    // Node would print the error whole, and with it what it holds: requests with their keys, people.
    process.once('uncaughtException', (error) => process.exit(failed(error)));
    let engine: Promise<Engine> | undefined;
    try {
      const settings = await loadSettings({ env: process.env, secrets });
      const context: CommandContext = {
        json,
        state: resolve(flags.state),
        jobs: resolve(flags.jobs),
        env: process.env,
        node: process.versions.node,
        settings,
        settings_file: existsSync(SETTINGS_FILE) ? SETTINGS_FILE : undefined,
        signal: stop.signal,
        print(text, for_program = json) {
          line?.clear();
          say(process.stdout, text, for_program, secrets);
        },
        log,
        progress: line?.follow,
        asks: !json && process.stdin.isTTY && process.stdout.isTTY,
        secrets,
        engine: (passing) =>
          (engine ??= openStore(
            passing
              ? { state: passing, idle_seconds: 1 }
              : storeSettings(settings.engine, resolve(flags.state)),
          )),
        closeEngine: async () => (await engine)?.close(),
      };
      process.exitCode = await action(context, ...(all.slice(0, -1) as Arguments));
    } catch (error) {
      process.exitCode = failed(error);
    } finally {
      line?.clear();
      await (await engine?.catch(() => undefined))?.close();
    }
  };
}

/** Whether somebody looks on while a command goes on: no pipe, no file, no machine that builds. */
function isWatched(): boolean {
  const { CI = '', TERM } = process.env;
  return process.stderr.isTTY && TERM !== 'dumb' && ['', '0', 'false'].includes(CI);
}

/** The engine takes a moment to start, so it does while the command is loaded and the job file read. */
function startEngine(context: CommandContext): void {
  context.engine().catch(() => undefined);
}

function storeSettings(engine: CommandContext['settings']['engine'], state: string): EngineSettings {
  return engine.url ? { ...engine, url: engine.url } : { state, max_memory: engine.max_memory };
}

async function openStore(settings: EngineSettings): Promise<Engine> {
  const engine = await openEngine(settings);
  await createTables(engine);
  return engine;
}

/** Writes text and a line end; people's lines fit the terminal. */
function say(
  out: NodeJS.WriteStream,
  text: string,
  for_program: boolean,
  secrets: ReadonlySet<string>,
): void {
  const masked = mask(text, secrets);
  const shown = showsColours(out) ? masked : stripVTControlCharacters(masked);
  out.write(`${for_program ? masked : out.isTTY ? fold(shown, out.columns) : shown}\n`);
}

/** Prints what went wrong, as text on stderr or as the one JSON document on stdout. */
function fail(error: unknown, json: boolean, secrets: ReadonlySet<string> = new Set()): ExitCode {
  const problems = error instanceof JobFileError ? error.problems : [asProblem(error, '')];
  const document = JSON.stringify({ status: 'failed', errors: problems }, undefined, 2);
  if (json) say(process.stdout, document, json, secrets);
  else say(process.stderr, problems.map(problemText).join('\n\n'), json, secrets);
  if (!(error instanceof SyncError || error instanceof JobFileError))
    say(process.stderr, framesOf(error).join('\n'), json, secrets);
  return exitCodeOf(problems[0]!.code);
}

/** What commander has told on stderr already, for the document on stdout. */
function argumentError(error: CommanderError): SyncError {
  const what = error.message.startsWith('error: ')
    ? error.message.slice('error: '.length)
    : 'No command is named.';
  return new SyncError({ code: 'ARGUMENT_WRONG', what, fix: 'segment-sync help tells every command.' });
}

try {
  await program.parseAsync();
} catch (error) {
  if (!(error instanceof CommanderError)) throw error;
  process.exitCode = error.exitCode === 0 ? EXIT.done : EXIT.misconfigured;
  if (error.exitCode !== 0 && process.argv.includes('--json')) fail(argumentError(error), true);
}
