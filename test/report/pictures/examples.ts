import type { FlowsPicture } from '../../../src/report/pictures/flows.ts';
import type { MapPicture } from '../../../src/report/pictures/map.ts';
import type { MovesPicture } from '../../../src/report/pictures/moves.ts';
import { segmentsOf } from '../../../src/job/segments.ts';

/** What a picture must not take for its own language. */
const AWKWARD = 'Nuts & "bolts" <b>{x}';

const MODELS = {
  lifecycle: { labels: { lost: AWKWARD } },
  value_engagement: { labels: { true_champions: AWKWARD } },
};

export const LIFECYCLE = segmentsOf(MODELS)
  .filter(({ model }) => model === 'lifecycle')
  .map(({ name, label }, index) => ({
    segment: name,
    label,
    customers: [12, 110, 68, 1][index]!,
    share: [12, 110, 68, 1][index]! / 191,
    revenue_12m: ['24010.50', '38201', '11500', '-20'][index]!,
    mean_clv_12m: ['412.40', '120.11', '33.20', null][index]!,
  }));

export const DAY = { job: 'shop "A&B"', as_of: '2026-10-01', since: '2026-09-01', currency: 'EUR' };

export const MAP: MapPicture = {
  ...DAY,
  grid: {
    high: { high: 'true_champions', medium: 'faithful_supporters', low: 'spenders_at_risk' },
    medium: { high: 'excited_shoppers', medium: 'average_buyers', low: 'average_buyers' },
    low: { high: 'curious_entrants', medium: 'average_buyers', low: 'silent_quitters' },
  },
  segments: segmentsOf(MODELS)
    .filter(({ model }) => model === 'value_engagement')
    .map(({ name, label }, index) => ({
      segment: name,
      label,
      customers: 10 * index,
      revenue_12m: `${500 - index}.25`,
    })),
};

const cell = (from: string | null, to: string | null, customers: number) => ({
  from: from && `lifecycle.${from}`,
  to: to && `lifecycle.${to}`,
  customers,
});

export const FLOWS: FlowsPicture = {
  ...DAY,
  model: 'Lifecycle',
  segments: LIFECYCLE,
  cells: [
    cell('active', 'active', 1_000_000),
    cell('active', 'lost', 1),
    cell(null, 'top', 3),
    cell('lost', null, 2),
  ],
};

const move = (from: string, to: string, moved: number, money: string | null) => ({
  from: `lifecycle.${from}`,
  to: `lifecycle.${to}`,
  worth: money && '12.50',
  moved,
  money,
});

export const MOVES: MovesPicture = {
  ...DAY,
  model: 'Lifecycle',
  segments: LIFECYCLE,
  value: 'clv_12m',
  moves: [
    move('at_risk', 'active', 2, '25'),
    move('active', 'lost', 9, '-1250000'),
    move('lost', 'active', 0, '0'),
    move('lost', 'top', 1, null),
  ],
};
