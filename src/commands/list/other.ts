import { Argument, type Command } from 'commander';
import { port } from '../arguments.ts';
import type { Shell } from '../completion.ts';
import type { Declare } from './declare.ts';

/**
 * People to forget, platforms to try things on, and what the program tells of itself.
 * @param self how this very program is called: the runtime and the file
 */
export function otherCommands(
  { command, act }: Declare,
  { program, self }: { program: Command; self: readonly string[] },
): void {
  command(
    'erase <email>',
    'removes a person from every destination and from the store, and prints a receipt',
  ).action(act(async (context, email: string) => (await import('../erase.ts')).erase(context, email)));
  command('sandbox', 'imitation Mailchimp, Klaviyo, Facebook, Shopify and WooCommerce on 127.0.0.1')
    .option('--port <number>', 'port to listen on; any free one unless given', port)
    .option('--people <file>', 'CSV with the contacts of the Mailchimp list: email, status')
    .action(
      act(async (context, options: { port?: number; people?: string }) =>
        (await import('../sandbox.ts')).sandbox(context, options),
      ),
    );
  command('schema', 'the JSON Schema of a job file').action(
    act(async (context) => (await import('../schema.ts')).schema(context)),
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
        if (code !== undefined) return (await import('../error-docs.ts')).errorDocs(context, code);
        return (await import('../docs.ts')).docs(context, program, options);
      }),
    );
  command('completion', 'a script that lets a shell complete commands, flags, jobs and segments')
    .addArgument(new Argument('<shell>', 'the shell').choices(['bash', 'zsh', 'fish']))
    .action(
      act(async (context, shell: Shell) =>
        (await import('../completion.ts')).completion(context, shell, self),
      ),
    );
  command('complete [words...]', 'what a shell could complete the last word to', undefined, {
    hidden: true,
  }).action(
    act(async (context, words: string[]) =>
      (await import('../completion.ts')).complete(context, program, words),
    ),
  );
}
