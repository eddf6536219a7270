import { closest } from 'fastest-levenshtein';
import { SyncError } from '../../connectors/index.ts';
import { loadJob } from '../job/load.ts';
import { playbookOf } from '../job/playbook.ts';
import { matchSegments, modelsOf, segmentsOf } from '../job/segments.ts';
import { foundCategories } from '../run/categories.ts';
import { notRunYet } from '../run/overview.ts';
import { lastRun } from '../run/state.ts';
import { EXIT, type CommandContext, type ExitCode } from './command.ts';
import { columnsOf, exportedSql, playParams } from './export-columns.ts';
import { writeWhole } from './write-whole.ts';

export type ExportArguments = { segment: string; out: string; columns?: string[] };

/**
 * `export JOB`: a CSV file of the customers of one or more segments, from the job's last run or plan: who they are,
 * their segment in every model, their numbers, and what the playbook says to do.
 */
export async function exportSegment(
  context: CommandContext,
  reference: string,
  options: ExportArguments,
): Promise<ExitCode> {
  const job = await loadJob(reference, context);
  const models = modelsOf(job.segments);
  const columns = chosenColumns(options.columns, columnsOf(models));
  const engine = await context.engine();
  const known = segmentsOf(job.segments, await foundCategories(engine, job.name));
  const segments = matchSegments(options.segment, known);
  if (segments.length === 0) {
    throw argument(
      `No segment is called ${options.segment}.`,
      `Did you mean ${closest(
        options.segment,
        known.map(({ name }) => name),
      )}?`,
    );
  }
  const last = await lastRun(engine, job.name, 'segmented');
  if (!last) throw notRunYet(job.name);
  const names = segments.map(({ name }) => name);
  const plays = playParams(playbookOf(job.segments), names);
  const params = { job: job.name, run: last.run_id, segments: names, ...plays };
  const rows = await engine.bytes(
    `SELECT ${columns.join(', ')} FROM (${exportedSql(columns, models)}) ORDER BY customer
     SETTINGS format_csv_null_representation = '' FORMAT CSVWithNames`,
    params,
  );
  await writeWhole(rows, options.out);
  const [count] = await engine.query<{ customers: number }>(
    `SELECT toUInt32(count()) AS customers FROM (${exportedSql([], models)})`,
    params,
  );
  const answer = {
    job: job.name,
    run_id: last.run_id,
    as_of: last.as_of,
    customers: count!.customers,
    file: options.out,
  };
  context.print(
    context.json
      ? JSON.stringify(answer, undefined, 2)
      : `${answer.customers.toLocaleString('en')} customers as of ${answer.as_of} are in ${options.out}`,
  );
  return EXIT.done;
}

function chosenColumns(wished: readonly string[] | undefined, all: string[]): string[] {
  if (!wished) return all;
  const unknown = wished.find((column) => !all.includes(column));
  if (unknown === undefined) return [...wished];
  throw argument(
    `There is no column ${unknown}.`,
    `Did you mean ${closest(unknown, all)}? There are: ${all.join(', ')}.`,
  );
}

function argument(what: string, fix: string): SyncError {
  return new SyncError({ code: 'ARGUMENT_WRONG', what, fix });
}
