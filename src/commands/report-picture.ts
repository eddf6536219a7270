import { SyncError } from '../../connectors/index.ts';
import type { Job } from '../job/load.ts';
import { MODELS, type ModelName } from '../job/segments.ts';
import { didYouMean } from '../job/suggest.ts';
import type { TrendPicture } from '../report/pictures/trend.ts';
import type { BacktestReport } from '../run/backtest.ts';
import type { Overview } from '../run/overview.ts';
import { flowsData, lifecycleData, mapData, movesData, trendData } from '../run/picture-data.ts';
import type { PictureName } from './arguments.ts';

type Known = {
  job: Job;
  overview: Overview;
  days: TrendPicture['days'];
  tested(): Promise<BacktestReport>;
};

/** Wide enough for a slide; with its margins it is 860 wide. */
const SIZE = { width: 820 };

/**
 * Draws a single picture as a file of its own.
 * @param model whose flows, moves or trend; the job's first unless given
 * @throws SyncError `ARGUMENT_WRONG` where the job has no such model, or nothing to draw
 */
export async function drawPicture(
  known: Known,
  name: PictureName,
  model: string | undefined,
  png: boolean,
): Promise<string | Buffer> {
  const { standAlone } = await import('../report/pictures/stand-alone.ts');
  const svg = await DRAW[name](known, () => modelOf(known.job, model));
  if (svg === undefined) throw nothing(name);
  const file = standAlone(svg, { described: name === 'backtest' });
  if (!png) return file;
  const { rastered } = await import('../report/pictures/raster.ts');
  return rastered(file);
}

/** Each loads what it draws with: that takes longer than the rest of the program. */
const DRAW: Record<PictureName, (known: Known, model: () => ModelName) => Promise<string | undefined>> = {
  async map({ job, overview }) {
    const { mapPicture } = await import('../report/pictures/map.ts');
    const data = mapData(job, overview);
    return data && mapPicture(data, SIZE);
  },
  async lifecycle({ job, overview }) {
    const { lifecyclePicture } = await import('../report/pictures/lifecycle.ts');
    const data = lifecycleData(job, overview);
    return data && lifecyclePicture(data, SIZE);
  },
  async flows({ job, overview }, model) {
    const { flowsPicture } = await import('../report/pictures/flows.ts');
    const data = flowsData(job, overview, model());
    return data && flowsPicture(data, SIZE);
  },
  async moves({ job, overview }, model) {
    const { movesPicture } = await import('../report/pictures/moves.ts');
    const data = movesData(job, overview, model());
    return data && movesPicture(data, SIZE);
  },
  async trend({ job, overview, days }, model) {
    const { trendPicture } = await import('../report/pictures/trend.ts');
    const data = trendData(job, overview, model(), days);
    return data && trendPicture(data, SIZE);
  },
  async backtest({ tested }) {
    const { backtestPicture } = await import('../report/pictures/backtest.ts');
    return backtestPicture(await tested(), SIZE);
  },
};

function modelOf(job: Job, wanted: string | undefined): ModelName {
  const models = (Object.keys(MODELS) as ModelName[]).filter((model) => job.segments[model]);
  const model = wanted === undefined ? models[0] : models.find((model) => model === wanted);
  if (model) return model;
  throw new SyncError({
    code: 'ARGUMENT_WRONG',
    what: `The job ${job.name} has no model ${wanted ? `${wanted} ` : ''}whose segments could be drawn.`,
    fix: [didYouMean(wanted ?? '', models), `It may have: ${Object.keys(MODELS).join(', ')}.`]
      .filter(Boolean)
      .join(' '),
  });
}

const NOTHING: Record<PictureName, string> = {
  map: 'The job has no value_engagement, or no customers.',
  lifecycle: 'The job has no lifecycle, or no customers.',
  flows: 'Nobody was a customer on either day.',
  moves: 'Nobody made a move that has a value between the two days.',
  trend: 'The store has a single day of this job.',
  backtest: '',
};

function nothing(name: PictureName): SyncError {
  return new SyncError({
    code: 'ARGUMENT_WRONG',
    what: `There is nothing to draw as ${name}.`,
    why: NOTHING[name],
    fix: 'Name another picture, or other days with --as-of and --since.',
  });
}
