import { z } from 'zod';
import { days } from './duration.ts';

/** Lets a rule over several settings speak even when a stranger stands among them. */
export function onlyUnknownKeys(payload: { issues: readonly { code: string }[] }): boolean {
  return payload.issues.every((issue) => issue.code === 'unrecognized_keys');
}

const CUTS = ['quantiles', 'natural_breaks', 'absolute'] as const;
const THIRDS: [number, number] = [0.3333, 0.6667];

type Axis = { cuts: (typeof CUTS)[number]; at?: [number, number] };

/** @returns what is wrong with where an axis is cut, or undefined */
export function cutsProblem({ cuts, at }: Axis): string | undefined {
  if (cuts === 'natural_breaks') return at && 'Natural breaks find their own places; leave `at` out';
  if (!at) return cuts === 'absolute' ? 'Absolute cuts need `at`, two of them' : undefined;
  if (cuts === 'quantiles' && !at.every((share) => share > 0 && share < 1))
    return 'Quantiles are cut at two shares between 0 and 1, for example [0.3333, 0.6667]';
  return at[0] < at[1] ? undefined : 'The first must be smaller than the second';
}

export const cutsRule = {
  path: ['at'],
  error: (issue: { input?: unknown }) => cutsProblem(issue.input as Axis),
  when: onlyUnknownKeys,
};

export function withPlaces<A extends Axis>(axis: A): A & { at: [number, number] } {
  return { ...axis, at: axis.at ?? THIRDS };
}

export const cuts = z
  .enum(CUTS)
  .default('quantiles')
  .describe(
    'How low, medium and high are told apart: shares of the customers, gaps found in the figures, or fixed figures.',
  );

export const amounts = z
  .tuple([z.number().min(0), z.number().min(0)])
  .optional()
  .describe(
    'Where low ends and where high begins: two shares of the customers ([0.3333, 0.6667] unless given), or two amounts of money for absolute cuts.',
  );

export const scores = z
  .tuple([z.number().min(0).max(100), z.number().min(0).max(100)])
  .optional()
  .describe(
    'Where low ends and where high begins: two shares of the customers ([0.3333, 0.6667] unless given), or two scores from 0 to 100 for absolute cuts.',
  );

export const ValueAxis = z
  .strictObject({
    cuts,
    at: amounts,
    window: days().prefault('365d').describe('Orders of this long count towards the value of a customer.'),
  })
  .refine((axis) => !cutsProblem(axis), cutsRule)
  .transform(withPlaces);

const dayCount = z.union([days(), z.number().positive()]);

export const EngagementAxis = z
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
