import { z } from 'zod';
import { days } from './duration.ts';

const share = (most?: number) => (most === undefined ? z.number().min(0) : z.number().min(0).max(most));

const limits = {
  max_removed_share: share(1).describe(
    'Most members that may leave an audience in one run, as a share of those it holds: 0.3 is three in ten.',
  ),
  max_added_share: share().describe(
    'Most members that may join an audience in one run, as a share of those it holds: 1 doubles it.',
  ),
  min_members: z.int().min(0).describe('Fewest members that an audience may be brought down to.'),
  from_members: z
    .int()
    .min(0)
    .describe(
      'Audiences that hold fewer members are not guarded: there a few people are a large share. Nor is a first fill.',
    ),
};

/** What a run may change of an audience without being asked; the job's, each with its default. */
export const GuardSettings = z.strictObject({
  max_removed_share: limits.max_removed_share.default(0.3),
  max_added_share: limits.max_added_share.default(1),
  min_members: limits.min_members.default(1),
  from_members: limits.from_members.default(100),
  max_new_customers: share(1)
    .default(0.5)
    .describe(
      'Most customers of a run, as a share of all, whom the last run that sent did not know: more are other names for the same people, or another shop.',
    ),
  max_silence: days()
    .optional()
    .describe(
      'Longest time, such as 7d, since the newest order of any source: after it, everybody would seem to grow cold. Unless given, a silent source is warned of and does not hold the plan.',
    ),
});

/** What one entry of `audiences` sets otherwise. */
export const AudienceGuard = z.strictObject(limits).partial();

export type Guard = z.output<typeof GuardSettings>;
