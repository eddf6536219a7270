import { SyncError } from '../../connectors/index.ts';
import { loadJob, type Job } from '../job/load.ts';
import { playbookOf } from '../job/playbook.ts';
import { didYouMean } from '../job/suggest.ts';
import { overviewOf, type Overview } from '../run/overview.ts';
import { EXIT, type CommandContext, type ExitCode } from './command.ts';
import { playbookText, playedSegments, type PlayedSegment } from './playbook-text.ts';
import { flowsText, historyText, movesText, segmentsText } from './segments-text.ts';

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

/**
 * `segments JOB`: every segment in numbers, what to do about it, the flows between two days and what moves are worth.
 * With `flows`, `moves` or `playbook` people get these alone; `--json` always tells all.
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
  const overview = narrowed(found, models);
  const played = playedSegments(overview.segments, playbookOf(job.segments));
  if (context.json) context.print(JSON.stringify({ ...overview, playbook: played }, undefined, 2));
  else {
    const parts = [
      ...(flows || moves || playbook ? [] : [segmentsText(overview), urgentText(played)]),
      ...(playbook ? [playbookText(played)] : []),
      ...(flows ? [flowsText(overview)] : []),
      ...(moves ? [movesText(overview)] : []),
      ...(backfill > 0 ? [historyText(overview)] : []),
    ];
    context.print(parts.join('\n\n'));
  }
  return EXIT.done;
}

/** So many segments are worth a word where nobody asked for the whole playbook. */
const URGENT = 3;

function urgentText(played: readonly PlayedSegment[]): string {
  return ['What to do first (all of it: --playbook)', playbookText(played.slice(0, URGENT))].join('\n\n');
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

function narrowed(overview: Overview, models: readonly string[]): Overview {
  const own = <Row extends { segment: string }>(rows: Row[]) =>
    rows.filter(({ segment }) => models.includes(segment.split('.')[0]!));
  const history = overview.history.map((day) => ({ ...day, segments: own(day.segments) }));
  return { ...overview, segments: own(overview.segments), history };
}
