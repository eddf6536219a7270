import type { Engine } from '../engine/engine.ts';
import { findCuts, type CutRule } from './cuts.ts';
import { facts } from './facts.ts';
import type { Assign, RunIds } from './model.ts';

type Level = 'high' | 'medium' | 'low';

export type ValueEngagementSettings = {
  value: CutRule & { window: number };
  engagement: CutRule;
  /** The segment of each cell, value before engagement. */
  grid: Record<Level, Record<Level, string>>;
};

/**
 * The Value-Engagement segments. Value is the revenue in the window (a year by default), engagement the days since
 * the latest order or visit, fewer being more. Each is low, medium or high; the grid says which segment each of the nine
 * cells is.
 *
 * Those who bought nothing in the window are of low value; the value axis is cut among the others, because in most
 * shops more than a third bought nothing this year and a quantile over all would be zero.
 */
export async function valueEngagement(
  engine: Engine,
  ids: RunIds,
  settings: ValueEngagementSettings,
): Promise<Assign> {
  const columns = ['revenue_window', 'days_since_active'];
  const spent = `${facts(['revenue_window'])} WHERE revenue_window > 0`;
  const [value, engagement] = await Promise.all([
    findCuts(engine, settings.value, 'revenue_window', spent, ids),
    findCuts(engine, settings.engagement, 'days_since_active', facts(['days_since_active']), ids),
  ]);
  const cuts = {
    value: value ?? { low: '0.0001', high: '0.0001' },
    engagement: engagement ?? { low: '0', high: '0' },
  };
  return {
    segment: SEGMENT,
    columns,
    params: {
      value_engagement_grid: CELLS.map(([value, engagement]) => settings.grid[value][engagement]),
      value_engagement_value_low: cuts.value.low,
      value_engagement_value_high: cuts.value.high,
      value_engagement_recent: cuts.engagement.low,
      value_engagement_long_ago: cuts.engagement.high,
    },
    limits: cuts,
  };
}

const VALUE = `multiIf(
  revenue_window <= 0 OR revenue_window < toDecimal64({value_engagement_value_low:String}, 4), 'low',
  revenue_window > toDecimal64({value_engagement_value_high:String}, 4), 'high', 'medium')`;

const ENGAGEMENT = `multiIf(days_since_active < toFloat64({value_engagement_recent:String}), 'high',
  days_since_active > toFloat64({value_engagement_long_ago:String}), 'low', 'medium')`;

const LEVELS = ['high', 'medium', 'low'] as const;
const CELLS = LEVELS.flatMap((value) => LEVELS.map((engagement) => [value, engagement] as const));

const SEGMENT = `transform(concat(${VALUE}, ' ', ${ENGAGEMENT}),
  [${CELLS.map((cell) => `'${cell.join(' ')}'`).join(', ')}], {value_engagement_grid:Array(String)}, '')`;
