import { jobFiles, loadJob } from '../job/load.ts';
import { erase as eraseFrom, type Erasure } from '../run/erase.ts';
import { EXIT, type CommandContext, type ExitCode } from './command.ts';
import { problemText } from './text.ts';

/** `erase EMAIL`: removes a person from every destination of every job and from the store; prints a receipt. */
export async function erase(context: CommandContext, address: string): Promise<ExitCode> {
  const files = await jobFiles(context.jobs);
  const jobs = await Promise.all(files.map((file) => loadJob(file, context)));
  const receipt = await eraseFrom(await context.engine(), jobs, address, context);
  const at = new Date().toISOString();
  context.print(context.json ? JSON.stringify({ at, ...receipt }, undefined, 2) : receiptText(receipt, at));
  return receipt.complete ? EXIT.done : EXIT.failed;
}

function receiptText({ identities, destinations, deleted, complete }: Erasure, at: string): string {
  const rows = Object.entries(deleted).map(([table, count]) => `${count} of ${table}`);
  return [
    `Receipt of an erasure, ${at}`,
    `known by ${identities} identities (addresses, customer ids, phone numbers)`,
    ...destinations.map(({ job, destination, done, error }) =>
      error
        ? `${job}, ${destination}: not done\n${problemText(error)}`
        : `${job}, ${destination}: ${done.join('; ') || 'did not hold them'}`,
    ),
    complete
      ? `deleted from the store: ${rows.join(', ') || 'nothing was there'}; tombstones keep them from coming back`
      : 'The store keeps the person until every destination has let go of them: run the same command again.',
  ].join('\n');
}
