import { loadJob } from '../job/load.ts';
import { exportSegment } from '../run/export-segment.ts';
import { EXIT, type CommandContext, type ExitCode } from './command.ts';
import { writeWhole } from './write-whole.ts';

/** `export JOB`: a CSV file of the customers of one or more segments. */
export async function writeSegment(
  context: CommandContext,
  reference: string,
  { out, ...options }: { segment: string; out: string; columns?: string[] },
): Promise<ExitCode> {
  const job = await loadJob(reference, context);
  const { rows, ...found } = await exportSegment(await context.engine(), job, options);
  await writeWhole(rows, out);
  const answer = { job: job.name, ...found, file: out };
  context.print(
    context.json
      ? JSON.stringify(answer, undefined, 2)
      : `${answer.customers.toLocaleString('en')} customers as of ${answer.as_of} are in ${out}`,
  );
  return EXIT.done;
}
