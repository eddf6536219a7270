import { closest } from 'fastest-levenshtein';
import { SyncError } from '../../connectors/index.ts';
import { loadJob } from '../job/load.ts';
import { MODELS, matchSegments, segmentsOf, type ModelName } from '../job/segments.ts';
import { lastRun } from '../run/state.ts';
import { EXIT, type CommandContext, type ExitCode } from './command.ts';
import { writeWhole } from './write-whole.ts';

export type ExportArguments = { segment: string; out: string; columns?: string[] };

/** Text columns that a spreadsheet could take for a formula get a leading apostrophe; phone numbers are left alone. */
const TEXTS = ['customer_id', 'email', 'first_name', 'last_name', 'city', 'region', 'zip', 'country'];
const OTHERS = [
  ...[
    'phone',
    'email_consent',
    'sms_consent',
    'ads_consent',
    'orders',
    'purchase_days',
    'first_order',
    'last_order',
  ],
  ...['last_visit', 'days_since_order', 'days_since_active', 'revenue', 'revenue_12m'],
];

/**
 * `export JOB`: a CSV file of the customers of one or more segments, from the job's last run or plan: who they are,
 * their segment in every model, their numbers.
 */
export async function exportSegment(
  context: CommandContext,
  reference: string,
  options: ExportArguments,
): Promise<ExitCode> {
  const job = await loadJob(reference, context);
  const segments = matchSegments(options.segment, segmentsOf(job.segments));
  if (segments.length === 0) {
    const known = segmentsOf(job.segments).map(({ name }) => name);
    throw argument(
      `No segment is called ${options.segment}.`,
      `Did you mean ${closest(options.segment, known)}?`,
    );
  }
  const models = Object.keys(MODELS).filter((model) => job.segments[model as ModelName]);
  const columns = chosenColumns(options.columns, models);
  const engine = await context.engine();
  const last = await lastRun(engine, job.name, 'segmented');
  if (!last) {
    throw argument(
      `The job ${job.name} has not run yet.`,
      `Run it first: segment-sync plan ${job.name} sends nothing.`,
    );
  }
  const rows = await engine.bytes(
    `SELECT ${columns.join(', ')} FROM (${exportedSql(models)}) ORDER BY customer FORMAT CSVWithNames`,
    { job: job.name, run: last.run_id, segments: segments.map(({ name }) => name) },
  );
  await writeWhole(rows, options.out);
  const [count] = await engine.query<{ customers: number }>(
    `SELECT toUInt32(count()) AS customers FROM (${exportedSql(models)})`,
    { job: job.name, run: last.run_id, segments: segments.map(({ name }) => name) },
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

function chosenColumns(wished: readonly string[] | undefined, models: readonly string[]): string[] {
  const all = [
    'email',
    'customer_id',
    ...models,
    ...[...TEXTS, ...OTHERS].filter((c) => c !== 'email' && c !== 'customer_id'),
  ];
  if (!wished) return all;
  const unknown = wished.find((column) => !all.includes(column));
  if (unknown === undefined) return [...wished];
  throw argument(
    `There is no column ${unknown}.`,
    `Did you mean ${closest(unknown, all)}? There are: ${all.join(', ')}.`,
  );
}

function exportedSql(models: readonly string[]): string {
  const segment = (model: string) => `anyIf(segment, model = '${model}') AS ${model}`;
  const safe = (column: string) =>
    `if(match(${column}, '^[=+@\\\\-\\t\\r]'), concat('\\'', ${column}), ${column}) AS ${column}`;
  return `SELECT customer, ${models.join(', ')}, ${OTHERS.join(', ')},
      ${TEXTS.filter((column) => column !== 'customer_id')
        .map(safe)
        .join(', ')},
      if(shown_id != '', shown_id, replaceRegexpOne(customer, '^email:', '')) AS customer_id
    FROM (SELECT customer_id AS shown_id, * EXCEPT customer_id FROM profiles
          WHERE job = {job:String} AND run_id = {run:String}) AS p
    INNER JOIN (
      SELECT customer, ${models.map(segment).join(', ')}, groupArray(concat(model, '.', segment)) AS names
      FROM assignments WHERE job = {job:String} AND run_id = {run:String} GROUP BY customer
      HAVING hasAny(names, {segments:Array(String)})
    ) AS a USING (customer)`;
}

function argument(what: string, fix: string): SyncError {
  return new SyncError({ code: 'ARGUMENT_WRONG', what, fix });
}
