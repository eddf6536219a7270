import { loadJob } from '../job/load.ts';
import { nothingHeld } from '../run/approve.ts';
import { heldRun } from '../run/held.ts';
import { EXIT, type CommandContext, type ExitCode } from './command.ts';
import { memberText } from './export-columns.ts';
import { writeWhole } from './write-whole.ts';

/** A row for each member and audience, who would leave first. */
const ROWS = `SELECT {destinations:Array(String)}[at] AS destination, {audiences:Array(String)}[at] AS audience,
    op AS change, ${memberText('key')} AS member
  FROM (SELECT indexOf({indexes:Array(UInt32)}, plan_members.audience) AS at, op, member AS key
        FROM plan_members WHERE job = {job:String} AND run_id = {run:String})
  WHERE at > 0
  ORDER BY change = 'remove' DESC, destination, audience, change, member`;

/** `export JOB --held`: a CSV file of the members whom the plan that waits for `approve` would add, remove or update. */
export async function exportHeld(
  context: CommandContext,
  reference: string,
  { out }: { out: string },
): Promise<ExitCode> {
  const job = await loadJob(reference, context);
  const engine = await context.engine();
  const held = await heldRun(engine, job.name);
  if (!held) throw nothingHeld(job);
  const { run_id: run, audiences } = held;
  const params = {
    job: job.name,
    run,
    indexes: audiences.map(({ index }) => index),
    destinations: audiences.map(({ destination }) => destination),
    audiences: audiences.map(({ audience }) => audience),
  };
  await writeWhole(await engine.bytes(`${ROWS} FORMAT CSVWithNames`, params), out);
  const changes = held.report.audiences.reduce(
    (sum, { to_add, to_remove, to_update }) => sum + to_add + to_remove + to_update,
    0,
  );
  const answer = { job: job.name, run_id: run, changes, file: out };
  context.print(
    context.json
      ? JSON.stringify(answer, undefined, 2)
      : `${changes.toLocaleString('en')} changes that wait for approve are in ${out}`,
  );
  return EXIT.done;
}
