import { loadJob } from '../job/load.ts';
import { runJob, type RunOptions } from '../run/run.ts';
import type { PropertiesReport } from '../run/properties.ts';
import type { AudienceReport, RunReport } from '../run/report.ts';
import { EXIT, exitCodeOf, type CommandContext, type ExitCode } from './command.ts';
import { statusWord } from './paint.ts';
import { heldText, rejectionNotes, sourcesText } from './pulled-text.ts';
import { fittedTable, money, problemText, table } from './text.ts';

export type RunArguments = Pick<RunOptions, 'as_of' | 'send' | 'reach' | 'reconcile'>;

/** `run JOB` and, without sending, `plan JOB`. */
export async function run(
  context: CommandContext,
  reference: string,
  options: RunArguments,
): Promise<ExitCode> {
  const job = await loadJob(reference, context);
  const report = await runJob(await context.engine(), job, {
    ...options,
    state: context.state,
    retention: context.settings.retention,
    progress: context.progress,
    signal: context.signal,
    log: context.log,
  });
  context.print(context.json ? JSON.stringify(report, undefined, 2) : runText(report, options.send));
  return exitCode(report);
}

export function exitCode(report: RunReport): ExitCode {
  if (report.error) return exitCodeOf(report.error.code);
  return report.status === 'done' ? EXIT.done : EXIT.failed;
}

/** A run for people: segments, audiences, what was left out, what went wrong. */
export function runText(report: RunReport, sent: boolean): string {
  const parts: string[] = [];
  const sources = sourcesText(report.pulled);
  if (sources) parts.push(sources);
  if (report.segments.length > 0) {
    parts.push(
      `${report.customers.toLocaleString('en')} customers as of ${report.as_of}`,
      modelText(report),
      table(
        ['segment', 'customers', 'revenue 12 months', 'mean CLV'],
        report.segments.map(({ segment, customers, revenue_12m, mean_clv_12m }) => [
          segment,
          customers,
          money(revenue_12m),
          mean_clv_12m === null ? '' : money(mean_clv_12m),
        ]),
      ),
    );
  }
  const pushed = sent && report.status !== 'held';
  if (report.audiences.length > 0) parts.push(...audienceTables(report.audiences, pushed));
  if (report.properties.length > 0) parts.push(propertiesTable(report.properties, pushed));
  const notes = [...report.warnings, ...rejectionNotes(report.pulled)];
  if (notes.length > 0) parts.push(notes.map((note) => `note: ${note}`).join('\n'));
  const own = [...report.audiences, ...report.properties].map(({ error }) => error);
  const problems = [report.error, ...own].filter((one) => one !== null);
  const texts = new Set(problems.map(problemText));
  if (report.status === 'held') parts.push(heldText(report));
  parts.push(...texts, closing(report, sent));
  return parts.join('\n\n');
}

const MODEL_NAMES = { mbg_nbd: 'MBG/NBD', bg_nbd: 'BG/NBD', nbd: 'NBD', recency: 'rules on recency' };

/** Which model the lifecycle and the CLV come from, with its parameters (time in weeks). */
function modelText({ model }: RunReport): string {
  const numbers = (parameters: Record<string, number>) =>
    Object.entries(parameters)
      .map(([name, value]) => `${name} ${value.toPrecision(4)}`)
      .join(', ');
  const fitted = model.log_likelihood === null ? '' : ` (${numbers(model.parameters)})`;
  const value = model.value
    ? `; order values: ${VALUE_NAMES[model.value.name]} (${numbers(model.value.parameters)})`
    : '';
  return `model: ${MODEL_NAMES[model.name]}${fitted}${value}${model.fallback ? `\n  because: ${model.fallback}` : ''}`;
}

const VALUE_NAMES = { gamma_gamma: 'Gamma-Gamma', own_mean: "customers' own means" };

/** A table for each destination; columns that hold nothing but 0 tell nothing. */
function audienceTables(audiences: readonly AudienceReport[], sent: boolean): string[] {
  const ranked = audiences.some(({ updated, to_update }) => updated + to_update > 0);
  const refusing = audiences.some(({ refused }) => refused > 0);
  const counted = audiences.some(({ remote_count }) => remote_count !== null);
  const headings = [
    'wanted',
    ...(sent ? ['added', 'removed'] : ['to add', 'to remove']),
    ...(ranked ? [sent ? 'updated' : 'to update'] : []),
    ...(refusing ? ['refused'] : []),
    'requests',
    ...(counted ? ['counted'] : []),
  ];
  const row = (one: AudienceReport) => [
    one.audience,
    one.wanted,
    ...(sent ? [one.added, one.removed] : [one.to_add, one.to_remove]),
    ...(ranked ? [sent ? one.updated : one.to_update] : []),
    ...(refusing ? [one.refused] : []),
    one.requests,
    ...(counted ? [one.remote_count ?? ''] : []),
  ];
  const groups = Map.groupBy(audiences, ({ destination }) => destination);
  return [...groups].map(([destination, own]) => fittedTable([destination, ...headings], own.map(row)));
}

/** What was stored of people beside their being members. */
function propertiesTable(properties: readonly PropertiesReport[], sent: boolean): string {
  const changed = sent ? ['people', 'updated'] : ['people to update'];
  return fittedTable(
    ['properties of', ...changed, 'refused', 'dropped', 'requests'],
    properties.map(({ destination, people, updated, refused, dropped, requests }) => [
      destination,
      people,
      ...(sent ? [updated] : []),
      refused,
      dropped.reduce((sum, { members }) => sum + members, 0),
      requests,
    ]),
  );
}

function closing(report: RunReport, sent: boolean): string {
  const without = report.audiences.reduce((sum, audience) => sum + audience.without_consent, 0);
  const seconds = Object.values(report.seconds).reduce((sum, stage) => sum + stage, 0);
  const consent = without > 0 ? ' People without consent are kept out of the audiences that ask for it.' : '';
  const kept = report.audiences.some(({ held_out }) => held_out > 0);
  const holdout = kept ? ' Some are held out; segments --lift compares them with those who are sent.' : '';
  return `${sent ? `Run ${report.run_id}: ${statusWord(report.status)}` : 'Nothing was sent'}, ${seconds.toFixed(1)} s.${consent}${holdout}`;
}
