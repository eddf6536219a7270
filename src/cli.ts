#!/usr/bin/env node
import { existsSync } from 'node:fs';
import { enableCompileCache } from 'node:module';
import { resolve } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { Command, CommanderError } from 'commander';
import { SyncError } from '../connectors/index.ts';
import { EXIT, exitCodeOf, type CommandContext, type ExitCode } from './commands/command.ts';
import { fold } from './commands/fold.ts';
import { dailyCommands } from './commands/list/daily.ts';
import { commandsOf, type Action } from './commands/list/declare.ts';
import { lookingCommands } from './commands/list/looking.ts';
import { otherCommands } from './commands/list/other.ts';
import { openLog } from './commands/log.ts';
import { showsColours } from './commands/paint.ts';
import { openProgressLine } from './commands/progress-line.ts';
import { problemText } from './commands/text.ts';
import { openEngine, type Engine, type EngineSettings } from './engine/engine.ts';
import { framesOf } from './engine/frames.ts';
import { createTables } from './engine/tables.ts';
import { keepHeapSmall } from './heap.ts';
import { mask } from './job/mask.ts';
import { JobFileError } from './job/problems.ts';
import { loadSettings, SETTINGS_FILE } from './job/settings.ts';
import { asProblem } from './run/problem.ts';

type Flags = { json?: boolean; state: string; jobs: string };

// Compiled code is kept among the temporary files, so that commands after the first start sooner.
enableCompileCache();
keepHeapSmall();

const program = new Command('segment-sync')
  .description(
    'Computes who each customer of a shop is and keeps Mailchimp, Klaviyo and Facebook audiences equal to it.',
  )
  .exitOverride()
  .showSuggestionAfterError();

const declare = { command: commandsOf(program), act };
dailyCommands(declare);
lookingCommands(declare);
otherCommands(declare, { program, self: [process.execPath, resolve(process.argv[1]!)] });

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
