import { z } from 'zod';
import type { DestinationDefinition } from '../destination.ts';

/** Newest Marketing API, served since 29 July 2026. Checked 2026-11-22. */
export const API_VERSION = 'v26.0';

/** Most people that one request may add or remove. */
export const ROWS_PER_REQUEST = 10_000;

/** Fewest people a lookalike's seed must have, in the lookalike's country. */
export const LEAST_SEED = 100;

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
  replace: z
    .enum(['never', 'when_cheaper'])
    .default('never')
    .describe(
      'Whether an audience of up to 10,000 people is written whole where that takes fewer requests. It takes out everyone this job did not put in.',
    ),
  orphans: z
    .enum(['keep', 'remove'])
    .default('keep')
    .describe('What becomes of lookalikes made by this program that the job file names no more.'),
  base_url: z
    .url({ protocol: /^https?$/ })
    .optional()
    .describe('Scheme, host and port to call instead of https://graph.facebook.com.'),
});
export type FacebookSettings = z.output<typeof Settings>;

const Share = z
  .number()
  .min(0.01)
  .max(0.2)
  .refine(
    (share) => Math.abs(share * 100 - Math.round(share * 100)) < 1e-9,
    'must be a whole number of hundredths, for example 0.01',
  );
const Band = z
  .strictObject({
    from: Share.describe('Share of the country to leave out, the most similar people.'),
    to: Share.describe('Share of the country to end at.'),
  })
  .refine(({ from, to }) => from < to, 'must go from a smaller share to a greater one');

const Lookalike = z.strictObject({
  countries: z
    .array(z.string().regex(/^[A-Z]{2}$/, 'must be a country code of two capitals, for example RO'))
    .min(1)
    .describe('Countries to find people in.'),
  ratio: z
    .union(
      [Share, Band],
      'must be a share from 0.01 to 0.20 in hundredths, or from and to, each such a share',
    )
    .describe(
      'Share of the people of those countries, the most similar first: 0.01 to 0.20, or from and to.',
    ),
  name: z
    .string()
    .min(1)
    .optional()
    .describe("What it is called; the audience's name with countries and share unless given."),
  allow_international_seeds: z
    .boolean()
    .default(false)
    .describe('Whether the audience may have fewer than 100 people in those countries.'),
});
export type LookalikeSettings = z.output<typeof Lookalike>;

const AudienceSettings = z.strictObject({
  value: z
    .string()
    .min(1)
    .optional()
    .describe('Profile field that says what a member is worth, for example clv_12m: a value-based audience.'),
  lookalikes: z.array(Lookalike).optional().describe('Lookalike audiences to make of this audience.'),
});

/** Reads what an entry of `audiences` says beside its segment and name, whatever else stands there. */
export function audienceSettings(settings: unknown): z.output<typeof AudienceSettings> {
  return AudienceSettings.strip().parse(settings ?? {});
}

/** Keeps customer-list custom audiences of one ad account equal to segments. */
export const facebook: DestinationDefinition<FacebookSettings> = {
  type: 'facebook',
  title: 'Facebook custom audiences',
  audience_word: 'audience',
  settings: Settings,
  identifiers: ['email', 'phone'],
  consent: { channel: 'ads', rule: 'not_refused' },
  account: (settings) => settings.ad_account_id,
  audience_settings: AudienceSettings,
  value_field: (settings) => audienceSettings(settings).value,
  least_members: (settings) => (audienceSettings(settings).lookalikes?.length ? LEAST_SEED : undefined),
  floor: ({ create, add, remove }) =>
    (create ? 1 : 0) + Math.ceil(add / ROWS_PER_REQUEST) + Math.ceil(remove / ROWS_PER_REQUEST),
  link: ({ ad_account_id, base_url }) =>
    base_url
      ? undefined
      : `https://adsmanager.facebook.com/adsmanager/audiences?act=${ad_account_id.replace('act_', '')}`,
  open: async (settings, context) => {
    const { openFacebook } = await import('./destination.ts');
    return openFacebook(settings, context);
  },
};

/** Scheme, host and port that calls go to. */
export function originOf({ base_url }: Pick<FacebookSettings, 'base_url'>): string {
  return new URL(base_url ?? 'https://graph.facebook.com').origin;
}
