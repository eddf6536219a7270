import { z } from 'zod';
import { days } from './duration.ts';
import { RuleSettings } from './custom-rules.ts';
import { PlaySettings } from './playbook.ts';

const label = z.string().trim().min(1);

const PerCategory = z.strictObject({
  of: z
    .string()
    .describe('The segment whose customers are divided: the full name, such as lifecycle.top or custom.vip.'),
  by: z
    .enum(['favourite', 'bought'])
    .default('favourite')
    .describe(
      'What makes somebody one of a category: that it is their favourite one, or that they bought in it (then one may be in several).',
    ),
  within: days()
    .optional()
    .describe("For bought: only purchases of so many last days; the run's own day is the first."),
  at_least: z
    .int()
    .min(1)
    .default(50)
    .describe('Categories of fewer customers than this have no segment of their own; they are put together.'),
  rest: label.default('Other').describe('Label of the segment of those.'),
});

export const CustomSettings = z
  .array(
    z.strictObject({
      name: z
        .string()
        .max(60)
        .regex(/^[a-z][a-z0-9_]*$/, 'Write small letters, digits and underscores, a letter first')
        .describe('Name of the segment; elsewhere it is custom.name.'),
      label: label
        .optional()
        .describe(
          'Label of the segment; unless given, its name in plain letters. Before the labels of categories it stands with a colon, if given.',
        ),
      where: RuleSettings.optional().describe(
        'Who is in the segment: a condition, or several under all, any or not.',
      ),
      sql: z.string().min(1).optional().describe('A file with one SELECT that yields who is in the segment.'),
      per_category: PerCategory.optional().describe(
        'Not one segment but one for each category: custom.name.category, and custom.name.rest.',
      ),
      playbook: PlaySettings.optional().describe(
        'What to do about the segment: { priority, meaning, email, ads, outreach }; for per_category, about each.',
      ),
    }),
  )
  .min(1);

export type CustomEntry = z.output<typeof CustomSettings>[number];

/** An entry says one of these. */
export const ENTRY_KINDS = ['where', 'sql', 'per_category'] as const;
