import { Option } from 'commander';
import { isoDate, port } from '../arguments.ts';
import type { InitOptions } from '../init/init.ts';
import { AS_OF, JOB, startEngine, type Declare } from './declare.ts';

type InitFlags = Omit<InitOptions, 'columns' | 'destination'> & { columns?: string; destination?: string };

/** From the demo and the first job file to what a job's runs left behind. */
export function dailyCommands({ command, act }: Declare): void {
  command('demo', 'the whole path on the sample shop against the sandbox, then says where to look').action(
    act(async (context) => (await import('../demo.ts')).demo(context)),
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
    .option(
      '--destination <names>',
      'csv, mailchimp, klaviyo, facebook, separated by commas; csv unless given',
    )
    .option('--timezone <zone>', "where the shop's days begin and end; this machine's zone unless given")
    .option('--currency <code>', 'of all figures; what the orders are in unless given')
    .option('--schedule <cron>', "when `start` runs it, as '0 5 * * *'")
    .option('--out <file>', 'job file to write; NAME.yaml in the jobs folder unless given')
    .option('--force', 'replace a file that is there')
    .option('--yes', 'ask nothing: take flags and what is found')
    .action(
      act(async (context, { columns, destination, ...options }: InitFlags) => {
        const { columnsOf, destinationsOf } = await import('../init/flags.ts');
        const { init } = await import('../init/init.ts');
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
        ) => (await import('../check/check.ts')).check(context, job, { offline, alerts, audit }),
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
        return (await import('../run.ts')).run(context, job, { as_of: asOf, send: false });
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
          return (await import('../run.ts')).run(context, job, options);
        },
      ),
    );
  command('approve <job>', 'sends the plan that a guard held, exactly that one, once', JOB).action(
    act(async (context, job: string) => {
      startEngine(context);
      return (await import('../approve.ts')).approve(context, job);
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
        (await import('../start.ts')).start(context, options),
      ),
    );
  command('status [job]', 'last and next runs, audiences and what they hold').action(
    act(async (context, job: string | undefined) => (await import('../status.ts')).status(context, job)),
  );
}
