import { loadJob } from '../job/load.ts';
import { approveHeld } from '../run/approve.ts';
import { type CommandContext, type ExitCode } from './command.ts';
import { exitCode, runText } from './run.ts';

/** `approve JOB`: sends the plan that was held, exactly that one, once. */
export async function approve(context: CommandContext, reference: string): Promise<ExitCode> {
  const job = await loadJob(reference, context);
  const { state, progress, signal, log } = context;
  const report = await approveHeld(await context.engine(), job, { state, progress, signal, log });
  context.print(context.json ? JSON.stringify(report, undefined, 2) : runText(report, true));
  return exitCode(report);
}
