import { Readable } from 'node:stream';
import { loadJob } from '../job/load.ts';
import { withFoundAudiences } from '../run/audiences.ts';
import { notRunYet } from '../run/overview.ts';
import { countRefused, REFUSED_THERE, refusedParams } from '../run/refused.ts';
import { lastRun } from '../run/state.ts';
import { EXIT, type CommandContext, type ExitCode } from './command.ts';
import { asText, memberText } from '../run/export-columns.ts';
import { writeWhole } from './write-whole.ts';

/** A row for each member and audience. */
const ROWS = `SELECT {name:String} AS destination, ifNull(audience, '') AS audience, change,
    ${memberText('key')} AS member, ${asText('reason')} AS reason, since, next_try
  FROM (SELECT * EXCEPT member, member AS key FROM (${REFUSED_THERE}))
  ORDER BY audience, change, member SETTINGS format_csv_null_representation = ''`;

/**
 * `export JOB --refused`: a CSV file of the members whom platforms refuse, with the audience, the platform's reason,
 * since when, and when they are offered again (empty: at the next run).
 */
export async function writeRefused(
  context: CommandContext,
  reference: string,
  { out }: { out: string },
): Promise<ExitCode> {
  const job = await loadJob(reference, context);
  const engine = await context.engine();
  const { destinations } = await withFoundAudiences(engine, job);
  if (!(await lastRun(engine, job.name, 'finished'))) throw notRunYet(job.name);
  async function* rows(): AsyncGenerator<Buffer> {
    for (const [index, destination] of destinations.entries()) {
      const params = await refusedParams(engine, job.name, destination);
      const format = index === 0 ? 'CSVWithNames' : 'CSV';
      yield* await engine.bytes(`${ROWS} FORMAT ${format}`, { ...params, name: destination.name });
    }
  }
  await writeWhole(Readable.from(rows(), { objectMode: false }), out);
  const groups = await countRefused(engine, job.name, destinations);
  const refused = groups.reduce((sum, { members }) => sum + members, 0);
  const answer = { job: job.name, refused, file: out };
  context.print(
    context.json
      ? JSON.stringify(answer, undefined, 2)
      : `${refused.toLocaleString('en')} refusals are in ${out}`,
  );
  return EXIT.done;
}
