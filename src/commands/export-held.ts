import { loadJob } from '../job/load.ts';
import { nothingHeld } from '../run/approve.ts';
import { exportHeld } from '../run/export-held.ts';
import { heldRun } from '../run/held.ts';
import { EXIT, type CommandContext, type ExitCode } from './command.ts';
import { writeWhole } from './write-whole.ts';

/** `export JOB --held`: a CSV file of the members whom the plan that waits for `approve` would add, remove or update. */
export async function writeHeld(
  context: CommandContext,
  reference: string,
  { out }: { out: string },
): Promise<ExitCode> {
  const job = await loadJob(reference, context);
  const engine = await context.engine();
  const held = await heldRun(engine, job.name);
  if (!held) throw nothingHeld(job);
  await writeWhole(await exportHeld(engine, job.name, held), out);
  const changes = held.report.audiences.reduce(
    (sum, { to_add, to_remove, to_update }) => sum + to_add + to_remove + to_update,
    0,
  );
  const answer = { job: job.name, run_id: held.run_id, changes, file: out };
  context.print(
    context.json
      ? JSON.stringify(answer, undefined, 2)
      : `${changes.toLocaleString('en')} changes that wait for approve are in ${out}`,
  );
  return EXIT.done;
}
