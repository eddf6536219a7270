import { hash } from 'node:crypto';
import { z } from 'zod';
import { EVENT_TYPES } from '../records.ts';
import type { Cursor, SourceDefinition } from '../source.ts';
import { Settings } from './schema.ts';

const DAY_MS = 86_400_000;
/** What is read again before the mark of a metric: integrations send events late, with the time at which they happened. */
export const LAG_MS = 3 * DAY_MS;
/** Opens and clicks count for 12 months; the second year lets dates in the past be computed. */
const FIRST_PULL_MS = 2 * 365 * DAY_MS;

const settings = z.strictObject({
  api_key: z
    .string()
    .min(1)
    .meta({ secret: true })
    .describe('Private API key with the scopes events:read, metrics:read and profiles:read.'),
  metrics: z
    .record(z.string().min(1), z.enum([...EVENT_TYPES, 'ignore']))
    .default({})
    .describe(
      'What the events of a metric are, by its name in Klaviyo, for instance `Submitted review: review`. Adds to Opened Email (open), Clicked Email (click), Bounced Email (bounce), Active on Site (visit) and Viewed Product (view); `ignore` leaves one of these out.',
    ),
  profiles: z
    .boolean()
    .default(true)
    .describe('Whether profiles are read, for their consent to e-mail and to text messages.'),
  start: z.iso.date().optional().describe('Day before which no events are read; two years ago when absent.'),
  base_url: Settings.shape.base_url,
});
export type KlaviyoSourceSettings = z.output<typeof settings>;

/** What people did: e-mails opened and clicked, visits, and whatever else the account has metrics of. */
export const klaviyoSource: SourceDefinition<KlaviyoSourceSettings> = {
  type: 'klaviyo',
  title: 'Klaviyo events and consent',
  settings,
  /** Nothing but the key tells accounts apart, so with a new key all is read anew. */
  identity: ({ api_key }) => `klaviyo:${hash('sha256', api_key)}`,
  /** Each metric has a mark of its own; what the part `events` says is where those without one begin. */
  cursors({ start, profiles }) {
    const first = start === undefined ? Date.now() - FIRST_PULL_MS : Date.parse(start);
    const cursors: Record<string, Cursor> = {
      events: { field: 'datetime', lag_ms: LAG_MS, start: new Date(first).toISOString() },
    };
    if (profiles) cursors.profiles = { field: 'updated', lag_ms: DAY_MS };
    return cursors;
  },
  async open(given, context) {
    const { openKlaviyoSource } = await import('./pull.ts');
    return openKlaviyoSource(given, context);
  },
};
