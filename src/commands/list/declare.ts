import { Option, type Command, type CommandOptions } from 'commander';
import { isoDate } from '../arguments.ts';
import type { CommandContext, ExitCode } from '../command.ts';

export type Action<Arguments extends unknown[]> = (
  context: CommandContext,
  ...rest: Arguments
) => Promise<ExitCode>;

/** What a list of commands is written with. */
export type Declare = {
  /** A command of the program with the options that all have; `job` says what its first argument is. */
  command(usage: string, description: string, job?: string, settings?: CommandOptions): Command;
  /** Gives the work of a command its context, and turns what comes of it into words and an exit code. */
  act<Arguments extends unknown[]>(action: Action<Arguments>): (...all: unknown[]) => Promise<void>;
};

export const JOB = 'path of a job file, or the name of a job in the jobs folder';
export const AS_OF = new Option('--as-of <date>', 'compute as of the end of this day (YYYY-MM-DD)').argParser(
  isoDate,
);

/** @returns what makes a command of the program */
export function commandsOf(program: Command): Declare['command'] {
  return (usage, description, job, settings) => {
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
  };
}

/** The engine takes a moment to start, so it does while the command is loaded and the job file read. */
export function startEngine(context: CommandContext): void {
  context.engine().catch(() => undefined);
}
