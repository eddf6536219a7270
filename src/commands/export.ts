import { closest } from 'fastest-levenshtein';
import { SyncError } from '../../connectors/index.ts';
import { extrasOf, loadJob, type Job } from '../job/load.ts';
import { playbookOf } from '../job/playbook.ts';
import { sourceOf, type Property } from '../job/properties.ts';
import { matchSegments, modelsOf, segmentsOf } from '../job/segments.ts';
import { foundCategories } from '../run/categories.ts';
import { notRunYet } from '../run/overview.ts';
import { lastRun } from '../run/state.ts';
import { EXIT, type CommandContext, type ExitCode } from './command.ts';
import { columnsOf, exportedSql, isPlay, playParams, quoted } from './export-columns.ts';
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
  const names = options.columns ?? columnsOf(modelsOf(job.segments));
  const columns = readColumns(names, job);
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
  const asked = segments.map(({ name }) => name);
  const plays = playParams(playbookOf(job.segments), asked);
  const params = { job: job.name, run: last.run_id, segments: asked, ...plays };
  const rows = await engine.bytes(
    `SELECT ${names.map(quoted).join(', ')} FROM (${exportedSql(columns, names.filter(isPlay))}) ORDER BY customer
     SETTINGS format_csv_null_representation = '' FORMAT CSVWithNames`,
    params,
  );
  await writeWhole(rows, options.out);
  const [count] = await engine.query<{ customers: number }>(
    `SELECT toUInt32(count()) AS customers FROM (${exportedSql([], [])})`,
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

/** @returns what fills the named columns, but for those of the playbook */
function readColumns(names: readonly string[], { segments, sources }: Job): Property[] {
  const extras = extrasOf(sources);
  return [...new Set(names)].flatMap((name) => {
    if (isPlay(name)) return [];
    const from = sourceOf(name, { models: segments, extras });
    if (from) return [{ name, from }];
    const all = [
      ...columnsOf(modelsOf(segments)),
      ...(segments.custom ?? []).map((custom) => `custom.${custom.name}`),
      ...extras.map((extra) => `extra.${extra}`),
    ];
    throw argument(
      `There is no column ${name}.`,
      `Did you mean ${closest(name, all)}? There are: ${all.join(', ')}.`,
    );
  });
}

function argument(what: string, fix: string): SyncError {
  return new SyncError({ code: 'ARGUMENT_WRONG', what, fix });
}
