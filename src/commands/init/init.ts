import { stat } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join, relative, resolve } from 'node:path';
import { SyncError } from '../../../connectors/index.ts';
import { parseJob } from '../../job/load.ts';
import { EXIT, type CommandContext, type ExitCode } from '../command.ts';
import { writeWhole } from '../write-whole.ts';
import { jobText, SAMPLES, SECRETS, type Destination } from './job-text.ts';
import { look, nameOf, type Look } from './look.ts';
import type { Columns } from './mapping.ts';
import { previewOf } from './preview.ts';
import type { Questions } from './questions.ts';
import { sourceOf, type Source } from './source.ts';
import { closing, previewText, type Draft } from './told.ts';
import type { DateOrder } from './values.ts';

export type InitOptions = {
  source?: string;
  format?: string;
  encoding?: string;
  columns: Columns;
  dates?: DateOrder;
  decimal?: '.' | ',';
  table?: string;
  name?: string;
  destination?: Destination[];
  timezone?: string;
  currency?: string;
  schedule?: string;
  out?: string;
  force?: boolean;
  yes?: boolean;
};

/** Every night, when the day before is complete. */
const NIGHTLY = '0 5 * * *';

/**
 * `init`: looks at what orders there are and writes a job file for them, with a sentence at every setting. At a terminal
 * it asks; else, and with `--yes`, flags and what it finds must do.
 * @throws SyncError `ARGUMENT_WRONG` naming the flag to give where something cannot be known
 */
export async function init(context: CommandContext, options: InitOptions): Promise<ExitCode> {
  const questions = context.asks && !options.yes ? (await import('./questions.ts')).AT_TERMINAL : undefined;
  const place =
    options.source ??
    (await questions?.text('Where are the orders? A file, or the URL of a database', '', filled));
  if (!place) throw missing('source', 'Where the orders are is not said', 'a file, or the URL of a database');
  const found = await look(context, { ...options, source: place });
  if ('url' in found) for (const secret of secretsIn(found.url)) context.secrets.add(secret);
  const source = await sourceOf(context, found, options, questions);
  const made = await draft(context, found, source, options, questions);
  const preview = await previewOf(context, made.job, source);
  if (questions) {
    context.print(previewText(preview, source));
    if (!(await questions.agree(`Write ${made.file}?`))) {
      context.print('Nothing was written. What stands in which column, --columns can say.');
      return EXIT.failed;
    }
  }
  await writeWhole([made.text], made.file);
  const told = {
    file: made.file,
    job: made.job.name,
    source: source.settings,
    secrets: made.secrets,
    preview,
  };
  if (context.json) context.print(JSON.stringify({ ...told, notes: source.notes }, undefined, 2));
  else
    context.print(
      [...(questions ? [] : [previewText(preview, source)]), closing(context, made)].join('\n\n'),
    );
  return EXIT.done;
}

/** The job file as it will be, proved to be one. */
async function draft(
  context: CommandContext,
  found: Look,
  source: Source,
  options: InitOptions,
  questions: Questions | undefined,
): Promise<Draft> {
  const name =
    options.name ??
    (await questions?.text('What shall the job be called?', nameOf(found), slug)) ??
    nameOf(found);
  const file = resolve(options.out ?? join(context.jobs, `${name}.yaml`));
  if (!options.force && (await isThere(file))) throw exists(file);
  const currency = await currencyOf(source, options.currency, questions);
  const here = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const timezone =
    options.timezone ?? (await questions?.text('In which time zone is the shop?', here, zone)) ?? here;
  const destinations: Destination[] =
    options.destination ?? (questions ? await askDestinations(questions) : ['csv']);
  const schedule =
    options.schedule ??
    ((await questions?.agree('Run it every morning at 5, once `segment-sync start` runs?', true)) === false
      ? undefined
      : NIGHTLY);
  const lists = resolve('out', name);
  const folder = dirname(file);
  const path = 'path' in found ? { path: placeFrom(folder, found.path) } : {};
  const { type, format, ...rest } = source.settings;
  const text = jobText(
    {
      name,
      timezone,
      currency,
      schedule,
      others: source.currencies.filter((code) => code !== currency),
      source: { type, ...(format ? { format } : {}), ...path, ...rest },
      unknown_states: source.unknown_states,
      destinations,
      lists: `${placeFrom(folder, lists)}/`,
    },
    'path' in found ? basename(found.path) : `a database (${found.type})`,
    (await isThere(join(folder, '../job.schema.json'))) ? '../job.schema.json' : undefined,
  );
  const own = 'url' in found ? { [source.secret!.name]: found.url } : {};
  const wanted = Object.assign({}, ...destinations.map((type) => SECRETS[type])) as Record<string, string>;
  const samples = Object.assign({}, ...destinations.map((type) => SAMPLES[type])) as Record<string, string>;
  const job = parseJob(text, { file, env: { ...samples, ...context.env, ...own } });
  const secrets = { ...(source.secret ? { [source.secret.name]: source.secret.what } : {}), ...wanted };
  return { file, text, job, secrets, lists: destinations.includes('csv') ? lists : undefined };
}

async function askDestinations(questions: Questions): Promise<Destination[]> {
  const options = [
    { value: 'csv', label: 'CSV files only', hint: 'needs no account' },
    { value: 'mailchimp', label: 'Mailchimp tags, and CSV files' },
    { value: 'klaviyo', label: 'Klaviyo lists, and CSV files' },
    { value: 'facebook', label: 'Facebook custom audiences, and CSV files' },
  ] as const;
  const chosen = await questions.choose<Destination>('Where shall the groups go?', options, 'csv');
  return chosen === 'csv' ? ['csv'] : [chosen, 'csv'];
}

async function currencyOf(
  { currencies: [most] }: Source,
  given: string | undefined,
  questions: Questions | undefined,
): Promise<string> {
  const found = given ?? most;
  if (found) return found;
  const asked = await questions?.text(
    'In which currency are the amounts? Three letters, such as EUR',
    '',
    filled,
  );
  if (asked) return asked.toUpperCase();
  throw missing('currency', 'In which currency the amounts are is not said', 'three letters, such as EUR');
}

/** Relative where it lies in this folder, so that the two can be moved together; else the full path. */
function placeFrom(folder: string, path: string): string {
  const inside = !relative('.', path).startsWith('..') && !isAbsolute(relative('.', path));
  return (inside ? relative(folder, path) : path).replaceAll('\\', '/');
}

async function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

function secretsIn(url: string): string[] {
  const password = URL.canParse(url) ? new URL(url).password : '';
  return [url, password, decodeURIComponent(password)].filter((secret) => secret !== '');
}

function filled(answer: string): string | undefined {
  return answer.trim() === '' ? 'Please write something.' : undefined;
}

function slug(answer: string): string | undefined {
  return /^[a-z0-9]+(-[a-z0-9]+)*$/.test(answer) ? undefined : 'Small letters, digits and single dashes.';
}

function zone(answer: string): string | undefined {
  return ['UTC', ...Intl.supportedValuesOf('timeZone')].includes(answer)
    ? undefined
    : 'Such as Europe/Bucharest.';
}

function missing(flag: string, what: string, form: string): SyncError {
  return new SyncError({ code: 'ARGUMENT_WRONG', what: `${what}.`, fix: `Say it with --${flag}: ${form}.` });
}

function exists(file: string): SyncError {
  return new SyncError({
    code: 'ARGUMENT_WRONG',
    what: `There is a file ${file} already; it was left as it is.`,
    fix: 'Give another --name or --out, or replace it with --force.',
  });
}
