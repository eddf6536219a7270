import { z } from 'zod';
import { CustomSettings } from './custom-settings.ts';
import { days } from './duration.ts';
import {
  amounts,
  cuts,
  cutsProblem,
  cutsRule,
  EngagementAxis,
  onlyUnknownKeys,
  scores,
  ValueAxis,
  withPlaces,
} from './cuts-settings.ts';
import { PlaySettings } from './playbook.ts';
import { MODELS, type ModelName } from './segments.ts';

function labels<M extends ModelName>(model: M) {
  const names = Object.keys(MODELS[model]) as [keyof (typeof MODELS)[M] & string];
  return z
    .partialRecord(z.enum(names), z.string().trim().min(1))
    .optional()
    .describe(`Your own label for a segment, written as segment: label. Segments: ${names.join(', ')}.`);
}

function playbook<M extends ModelName>(model: M) {
  const names = Object.keys(MODELS[model]) as [keyof (typeof MODELS)[M] & string];
  return z
    .partialRecord(z.enum(names), PlaySettings)
    .optional()
    .describe(
      'Your own words for what to do about a segment, written as segment: { priority, meaning, email, ads, outreach }; what you leave out stays as it is.',
    );
}

const LifecycleSettings = z
  .strictObject({
    model: z
      .enum(['mbg_nbd', 'bg_nbd', 'recency'])
      .default('mbg_nbd')
      .describe(
        'How customers are judged: by a lifetime-value model of the shop itself (mbg_nbd or bg_nbd), or by the days since their latest order (recency).',
      ),
    horizon: days().prefault('365d').describe('How far ahead expected purchases are counted.'),
    at_risk_below: z
      .number()
      .min(0)
      .max(1)
      .default(0.6)
      .describe('A customer is at risk when the probability that they still buy is below this.'),
    lost_below: z
      .number()
      .min(0)
      .max(1)
      .default(0.25)
      .describe('A customer counts as lost when that probability is below this.'),
    at_risk_after: days()
      .optional()
      .describe(
        'For recency: no order for this long is at risk; unless given, nine of ten repeat orders of the shop come sooner.',
      ),
    lost_after: days()
      .optional()
      .describe('For recency: no order for this long counts as lost; twice at_risk_after unless given.'),
    top_share: z
      .number()
      .min(0)
      .max(1)
      .default(0.1)
      .describe('Share of the customers neither at risk nor lost who are top: 0.1 is the best tenth.'),
    backtest: z
      .boolean()
      .default(true)
      .describe(
        'Whether every run also forecasts the last 90 days from those before, and warns when the model misses them.',
      ),
    labels: labels('lifecycle'),
    playbook: playbook('lifecycle'),
  })
  .refine(({ at_risk_after, lost_after }) => !at_risk_after || !lost_after || at_risk_after < lost_after, {
    path: ['at_risk_after'],
    error: 'Must be shorter than lost_after',
    when: onlyUnknownKeys,
  })
  .refine(({ at_risk_below, lost_below }) => lost_below < at_risk_below, {
    path: ['lost_below'],
    error: 'Must be smaller than at_risk_below',
    when: onlyUnknownKeys,
  });

const VALUE_ENGAGEMENT = Object.keys(MODELS.value_engagement) as [keyof typeof MODELS.value_engagement];

type Cell = keyof typeof MODELS.value_engagement;

function gridRow(value: string, segments: { high: Cell; medium: Cell; low: Cell }) {
  const cell = (engagement: 'high' | 'medium' | 'low') =>
    z
      .enum(VALUE_ENGAGEMENT)
      .default(segments[engagement])
      .describe(`Segment of customers of ${value} value and ${engagement} engagement.`);
  return z
    .strictObject({ high: cell('high'), medium: cell('medium'), low: cell('low') })
    .prefault({})
    .describe(`Segments of customers of ${value} value, by their engagement.`);
}

const Grid = z.strictObject({
  high: gridRow('high', {
    high: 'true_champions',
    medium: 'faithful_supporters',
    low: 'spenders_at_risk',
  }),
  medium: gridRow('medium', {
    high: 'excited_shoppers',
    medium: 'average_buyers',
    low: 'average_buyers',
  }),
  low: gridRow('low', { high: 'curious_entrants', medium: 'average_buyers', low: 'silent_quitters' }),
});

const ValueEngagementSettings = z.strictObject({
  value: ValueAxis.prefault({}).describe('How customers are cut by what they spent.'),
  engagement: EngagementAxis.prefault({}).describe(
    'How customers are cut by how lately they ordered or visited.',
  ),
  grid: Grid.prefault({}).describe(
    'Which segment each cell is, value before engagement; cells that you leave out stay as they are. A segment without a cell stays empty.',
  ),
  labels: labels('value_engagement'),
  playbook: playbook('value_engagement'),
});

function weight(usual: number, signal: string) {
  return z.number().min(0).default(usual).describe(`Weight of ${signal}; 0 leaves it out.`);
}

const Weights = z
  .strictObject({
    recency: weight(3, 'how few days ago the latest order was'),
    purchases: weight(3, 'the number of days with an order'),
    visits: weight(1, 'visits in the last 12 months'),
    opens: weight(1, 'opened e-mails in the last 12 months'),
    clicks: weight(2, 'clicks in e-mails in the last 12 months'),
    reviews: weight(2, 'reviews in the last 12 months'),
    referrals: weight(2, 'referrals in the last 12 months'),
  })
  .refine((weights) => Object.values(weights).some((weight) => weight > 0), {
    error: 'At least one signal needs a weight above 0',
    when: onlyUnknownKeys,
  });

const EngagementSettings = z
  .strictObject({
    weights: Weights.prefault({}).describe(
      'How much each signal counts against the others; what asks more of a customer counts more, and opened e-mails count little because mail programs open them too.',
    ),
    cuts,
    at: scores,
    labels: labels('engagement'),
    playbook: playbook('engagement'),
  })
  .refine((axis) => !cutsProblem(axis), cutsRule)
  .transform(withPlaces);

const ValueTierSettings = z
  .strictObject({
    cuts,
    at: amounts,
    labels: labels('value_tier'),
    playbook: playbook('value_tier'),
  })
  .refine((axis) => !cutsProblem(axis), cutsRule)
  .transform(withPlaces);

export const SegmentSettings = z
  .strictObject({
    lifecycle: LifecycleSettings.optional().describe(
      'Where customers stand: top, active, at risk or lost, by how surely they still buy and what they will spend.',
    ),
    value_engagement: ValueEngagementSettings.optional().describe(
      'What customers spend against how lately they came by, in seven groups.',
    ),
    engagement: EngagementSettings.optional().describe(
      'How much customers take part: high, medium or low by a score of what they do (orders, visits, e-mails, reviews, referrals) against what the others do.',
    ),
    value_tier: ValueTierSettings.optional().describe(
      'What customers are worth: the revenue of the last 12 months and of the next 12 as predicted, less what serving and winning them cost where a source says so.',
    ),
    custom: CustomSettings.optional().describe(
      'Segments of your own, by rules, by SQL or by category; a customer may be in several.',
    ),
  })
  .refine((models) => Object.keys(models).length > 0, {
    error: `Name at least one model: ${[...Object.keys(MODELS), 'custom'].join(', ')}`,
    when: onlyUnknownKeys,
  })
  .prefault({ lifecycle: {}, value_engagement: {} });
