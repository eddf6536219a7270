import { SyncError } from '../../connectors/index.ts';
import { loadJob, type Job } from '../job/load.ts';
import { playbookOf, type Play } from '../job/playbook.ts';
import { didYouMean } from '../job/suggest.ts';
import { overviewOf, type Overview } from '../run/overview.ts';
import { EXIT, type CommandContext, type ExitCode } from './command.ts';
import { flowsText, historyText, movesText, playbookText, segmentsText } from './segments-text.ts';

export type SegmentsArguments = {
  as_of?: string;
  since?: string;
  /** How many ends of months to compute besides. */
  backfill: number;
  anew?: boolean;
  model?: string;
  flows?: boolean;
  moves?: boolean;
  playbook?: boolean;
};

/** The answer of `segments --json`; what to do about a segment by its full name. */
export type SegmentsAnswer = Overview & { playbook: Record<string, Play> };

/**
 * `segments JOB`: every segment in numbers, the flows between two days and what moves are worth. With `flows`,
 * `moves` or `playbook` people get these alone; `--json` always tells all.
 */
export async function segments(
  context: CommandContext,
  reference: string,
  { backfill, flows, moves, playbook, model, ...days }: SegmentsArguments,
): Promise<ExitCode> {
  const job = await loadJob(reference, context);
  const models = chosenModels(job, model);
  const { state, signal, log } = context;
  const engine = await context.engine();
  const found = await overviewOf(engine, job, { ...days, months: backfill, models, state, signal, log });
  const overview = narrowed(job, found, models);
  if (context.json) context.print(JSON.stringify(overview, undefined, 2));
  else {
    const parts = [
      ...(flows || moves || playbook ? [] : [segmentsText(overview)]),
      ...(flows ? [flowsText(overview)] : []),
      ...(moves ? [movesText(overview)] : []),
      ...(playbook ? [playbookText(overview)] : []),
      ...(backfill > 0 ? [historyText(overview)] : []),
    ];
    context.print(parts.join('\n\n'));
  }
  return EXIT.done;
}

function chosenModels(job: Job, wanted: string | undefined): string[] {
  const models = Object.keys(job.segments);
  if (wanted === undefined) return models;
  if (models.includes(wanted)) return [wanted];
  throw new SyncError({
    code: 'ARGUMENT_WRONG',
    what: `The job ${job.name} has no model ${wanted}.`,
    fix: [didYouMean(wanted, models), `It has: ${models.join(', ')}.`].filter(Boolean).join(' '),
  });
}

function narrowed(job: Job, overview: Overview, models: readonly string[]): SegmentsAnswer {
  const chosen = (segment: string) => models.includes(segment.split('.')[0]!);
  const own = <Row extends { segment: string }>(rows: Row[]) => rows.filter(({ segment }) => chosen(segment));
  const history = overview.history.map((day) => ({ ...day, segments: own(day.segments) }));
  const playbook = Object.fromEntries([...playbookOf(job.segments)].filter(([segment]) => chosen(segment)));
  return { ...overview, segments: own(overview.segments), history, playbook };
}
