import type { Job } from '../job/load.ts';
import { segmentsOf, type ModelName } from '../job/segments.ts';
import { moneyMoves } from '../report/moves.ts';
import type { FlowsPicture } from '../report/pictures/flows.ts';
import type { LifecyclePicture } from '../report/pictures/lifecycle.ts';
import type { MapPicture } from '../report/pictures/map.ts';
import type { MovesPicture } from '../report/pictures/moves.ts';
import type { TrendPicture } from '../report/pictures/trend.ts';
import type { Overview } from './overview.ts';

/** What pictures show of an overview; `since` is null where no earlier day is known. */
type Seen = Omit<Overview, 'since' | 'history'> & { since: Pick<Overview['since'], 'as_of'> | null };

/** What people read instead of a model's name. */
export const MODEL_TITLES: Record<string, string> & Record<ModelName | 'custom', string> = {
  lifecycle: 'Lifecycle',
  value_engagement: 'Value and engagement',
  engagement: 'Engagement',
  value_tier: 'Value tier',
  custom: 'Segments of your own',
};

/** What stands where there is nothing to draw. */
type Nothing = undefined;

export function mapData(job: Job, seen: Seen): MapPicture | Nothing {
  const settings = job.segments.value_engagement;
  const segments = rowsOf(job, seen, 'value_engagement');
  return settings && seen.customers > 0 ? { ...seen, grid: settings.grid, segments } : undefined;
}

export function lifecycleData(job: Job, seen: Seen): LifecyclePicture | Nothing {
  return job.segments.lifecycle && seen.customers > 0
    ? { ...seen, segments: rowsOf(job, seen, 'lifecycle') }
    : undefined;
}

export function flowsData(job: Job, seen: Seen, model: ModelName): FlowsPicture | Nothing {
  const cells = seen.flows.find((flows) => flows.model === model)?.cells ?? [];
  if (cells.length === 0 || !seen.since) return undefined;
  return { ...titled(job, seen, model), since: seen.since.as_of, as_of: seen.as_of, cells };
}

export function movesData(job: Job, seen: Seen, model: ModelName): MovesPicture | Nothing {
  const found = seen.moves.find((moves) => moves.model === model);
  if (!found || !seen.since || moneyMoves(found.moves).length === 0) return undefined;
  const { as_of, currency, since } = seen;
  return {
    ...titled(job, seen, model),
    ...found,
    model: MODEL_TITLES[model],
    as_of,
    currency,
    since: since.as_of,
  };
}

/** @param days the oldest first; of a single day there is no trend */
export function trendData(
  job: Job,
  seen: Seen,
  model: ModelName,
  days: TrendPicture['days'],
): TrendPicture | Nothing {
  return days.length > 1 ? { ...titled(job, seen, model), days } : undefined;
}

function titled(job: Job, { categories }: Seen, model: ModelName) {
  const segments = segmentsOf(job.segments, categories)
    .filter((segment) => segment.model === model)
    .map(({ name, label }) => ({ segment: name, label }));
  return { job: job.name, model: MODEL_TITLES[model], segments };
}

function rowsOf(job: Job, seen: Seen, model: ModelName) {
  const figures = new Map(seen.segments.map((row) => [row.segment, row]));
  return titled(job, seen, model).segments.flatMap(({ segment, label }) => {
    const row = figures.get(segment);
    return row ? [{ ...row, label }] : [];
  });
}
