import { hash } from 'node:crypto';
import { z } from 'zod';
import type { Cursor, SourceDefinition } from '../source.ts';
import { accountSettings } from './account.ts';

const DAY_MS = 86_400_000;
/** What is read again before the mark: Mailchimp notes what happens at once, so this is for clocks that differ. */
export const LAG_MS = 2 * DAY_MS;
/** Opens and clicks count for 12 months; the second year lets dates in the past be computed. */
const FIRST_PULL_MS = 2 * 365 * DAY_MS;

const settings = z.strictObject({
  api_key: accountSettings.api_key,
  list_id: z
    .string()
    .min(1)
    .optional()
    .describe(
      'Only campaigns of this audience (list), and what its contacts consented to. Without it campaigns of all lists are read, and no contacts.',
    ),
  contacts: z
    .boolean()
    .default(true)
    .describe(
      'Whether the status of the contacts of `list_id` is read, as their consent to e-mail marketing.',
    ),
  start: z.iso
    .date()
    .optional()
    .describe('Day before which no opens, clicks and bounces are read; two years ago when absent.'),
  base_url: accountSettings.base_url,
});
export type MailchimpSourceSettings = z.output<typeof settings>;

/** What people did with campaigns (opens, clicks, bounces), and whether they may be written to. */
export const mailchimpSource: SourceDefinition<MailchimpSourceSettings> = {
  type: 'mailchimp',
  title: 'Mailchimp campaigns and contacts',
  settings,
  /** List ids are unique across Mailchimp; nothing but the key tells whole accounts apart. */
  identity: ({ api_key, list_id }) => `mailchimp:${list_id ?? hash('sha256', api_key)}`,
  /** Each campaign has a mark of its own; what the part `activity` says is where those without one begin. */
  cursors({ list_id, contacts, start }) {
    const first = start === undefined ? Date.now() - FIRST_PULL_MS : Date.parse(start);
    const cursors: Record<string, Cursor> = {
      activity: { field: 'timestamp', lag_ms: LAG_MS, start: new Date(first).toISOString() },
    };
    if (list_id && contacts) cursors.contacts = { field: 'last_changed', lag_ms: LAG_MS };
    return cursors;
  },
  async open(given, context) {
    const { openMailchimpSource } = await import('./pull.ts');
    return openMailchimpSource(given, context);
  },
};
