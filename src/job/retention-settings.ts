import { z } from 'zod';
import { days } from './duration.ts';

/** Below this a member whom a platform refused could be forgotten while they are left alone (a month at most). */
const LEAST_LEDGER_DAYS = 60;

/** How long what is kept, in days. What the next run builds on stays, however old it is. */
export const RetentionSettings = z.strictObject({
  runs: days()
    .prefault('400d')
    .describe(
      'Reports of runs. The newest stay. A job that has not run for so long loses what was computed of its customers.',
    ),
  assignments: z
    .strictObject({
      daily: days().prefault('92d').describe('So far back one run of every day is kept.'),
      weekly: days()
        .prefault('366d')
        .describe('So far back the last run of every week is kept, and of every month.'),
      monthly: days()
        .prefault('1830d')
        .describe('So far back the last run of every month is kept; nothing from before.'),
    })
    .prefault({})
    .describe(
      "Who was in which segment, for flows and `explain`. Days that are gone are computed again from the orders when they are asked for. All runs of the last two days stay, and each job's newest.",
    ),
  ledger: days()
    .refine((count) => count >= LEAST_LEDGER_DAYS, `Write ${LEAST_LEDGER_DAYS}d or more`)
    .prefault('366d')
    .describe(
      'What platforms acknowledged: who joined and left audiences when. Who is in an audience stays, and since when.',
    ),
  orders: days()
    .optional()
    .describe(
      'Orders, and customers of whom nothing younger is known; for ever unless given. The models learn from them: with less than three years predictions get worse, and customers who come back later count as new.',
    ),
  events: days()
    .optional()
    .describe(
      'Visits, opened e-mails and other events; for ever unless given. Engagement looks at the last 12 months.',
    ),
});
export type Retention = z.output<typeof RetentionSettings>;
