import { z } from 'zod';
import { CustomSettings } from './custom-settings.ts';
import { days } from './duration.ts';
import { MODELS, type ModelName } from './segments.ts';

/** Lets a rule over several settings speak even when a stranger stands among them. */
function onlyUnknownKeys(payload: { issues: readonly { code: string }[] }): boolean {
  return payload.issues.every((issue) => issue.code === 'unrecognized_keys');
}

function labels<M extends ModelName>(model: M) {
  const names = Object.keys(MODELS[model]) as [keyof (typeof MODELS)[M] & string];
  return z
    .partialRecord(z.enum(names), z.string().trim().min(1))
    .optional()
    .describe(`Your own label for a segment, written as segment: label. Segments: ${names.join(', ')}.`);
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

const CUTS = ['quantiles', 'natural_breaks', 'absolute'] as const;
const THIRDS: [number, number] = [0.3333, 0.6667];

type Axis = { cuts: (typeof CUTS)[number]; at?: [number, number] };

/** @returns what is wrong with where an axis is cut, or undefined */
function cutsProblem({ cuts, at }: Axis): string | undefined {
  if (cuts === 'natural_breaks') return at && 'Natural breaks find their own places; leave `at` out';
  if (!at) return cuts === 'absolute' ? 'Absolute cuts need `at`, two of them' : undefined;
  if (cuts === 'quantiles' && !at.every((share) => share > 0 && share < 1))
    return 'Quantiles are cut at two shares between 0 and 1, for example [0.3333, 0.6667]';
  return at[0] < at[1] ? undefined : 'The first must be smaller than the second';
}

const cutsRule = {
  path: ['at'],
  error: (issue: { input?: unknown }) => cutsProblem(issue.input as Axis),
  when: onlyUnknownKeys,
};

function withPlaces<A extends Axis>(axis: A): A & { at: [number, number] } {
  return { ...axis, at: axis.at ?? THIRDS };
}

const cuts = z
  .enum(CUTS)
  .default('quantiles')
  .describe(
    'How low, medium and high are told apart: shares of the customers, gaps found in the figures, or fixed figures.',
  );

const amounts = z
  .tuple([z.number().min(0), z.number().min(0)])
  .optional()
  .describe(
    'Where low ends and where high begins: two shares of the customers ([0.3333, 0.6667] unless given), or two amounts of money for absolute cuts.',
  );

const ValueAxis = z
  .strictObject({
    cuts,
    at: amounts,
    window: days().prefault('365d').describe('Orders of this long count towards the value of a customer.'),
  })
  .refine((axis) => !cutsProblem(axis), cutsRule)
  .transform(withPlaces);

const dayCount = z.union([days(), z.number().positive()]);

const EngagementAxis = z
  .strictObject({
    cuts,
    at: z
      .tuple([dayCount, dayCount])
      .optional()
      .describe(
        'Where low ends and where high begins: two shares of the customers ([0.3333, 0.6667] unless given); for absolute cuts two ages of the latest order or visit, the recent one first, such as [30d, 180d].',
      ),
  })
  .refine((axis) => !cutsProblem(axis), cutsRule)
  .transform(withPlaces);

const ValueEngagementSettings = z.strictObject({
  value: ValueAxis.prefault({}).describe('How customers are cut by what they spent.'),
  engagement: EngagementAxis.prefault({}).describe(
    'How customers are cut by how lately they ordered or visited.',
  ),
  labels: labels('value_engagement'),
});

const ValueTierSettings = z
  .strictObject({
    cuts,
    at: amounts,
    labels: labels('value_tier'),
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
