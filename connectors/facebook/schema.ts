import { z } from 'zod';
import type { DestinationDefinition } from '../destination.ts';

/** Newest Marketing API, served since 29 July 2026. Checked 2026-11-22. */
export const API_VERSION = 'v26.0';

/** Most people that one request may add or remove. */
export const ROWS_PER_REQUEST = 10_000;

const Settings = z.strictObject({
  access_token: z
    .string()
    .min(1)
    .meta({ secret: true })
    .describe('System user token with the permission ads_management.'),
  ad_account_id: z
    .string()
    .regex(/^(act_)?\d+$/, 'must be the number of an ad account, with or without act_ before it')
    .transform((id) => (id.startsWith('act_') ? id : `act_${id}`))
    .describe('Ad account that holds the audiences, for example act_123 or "123".'),
  base_url: z
    .url({ protocol: /^https?$/ })
    .optional()
    .describe('Scheme, host and port to call instead of https://graph.facebook.com.'),
});
export type FacebookSettings = z.output<typeof Settings>;

/** Keeps customer-list custom audiences of one ad account equal to segments. */
export const facebook: DestinationDefinition<FacebookSettings> = {
  type: 'facebook',
  title: 'Facebook custom audiences',
  audience_word: 'audience',
  settings: Settings,
  identifiers: ['email', 'phone'],
  consent: { channel: 'ads', rule: 'not_refused' },
  account: (settings) => settings.ad_account_id,
  floor: ({ create, add, remove }) =>
    (create ? 1 : 0) + Math.ceil(add / ROWS_PER_REQUEST) + Math.ceil(remove / ROWS_PER_REQUEST),
  open: async (settings, context) => {
    const { openFacebook } = await import('./destination.ts');
    return openFacebook(settings, context);
  },
};
