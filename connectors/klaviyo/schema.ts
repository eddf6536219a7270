import { z } from 'zod';
import type { DestinationDefinition } from '../destination.ts';

export const Settings = z.strictObject({
  api_key: z
    .string()
    .min(1)
    .meta({ secret: true })
    .describe(
      'Private API key with the scopes lists:read, lists:write, profiles:read and profiles:write; data-privacy:write for `erase`.',
    ),
  base_url: z.url().optional().describe('Another origin than https://a.klaviyo.com: a proxy or the sandbox.'),
});
export type Settings = z.infer<typeof Settings>;

/** Profiles in one bulk import job, and ids in one change of a list (API description of revision 2026-07-15). */
export const IMPORT_SIZE = 10_000;
export const MEMBERS_SIZE = 1_000;
/** Klaviyo takes 5 MB in a job; the rest is for what stands around the profiles. */
export const IMPORT_BYTES = 5_000_000 - 1_000;

/** Keeps Klaviyo lists equal to segments. Being on a list is no consent there, and consent is never written. */
export const klaviyo: DestinationDefinition<Settings> = {
  type: 'klaviyo',
  title: 'Klaviyo lists',
  audience_word: 'list',
  settings: Settings,
  identifiers: ['email', 'phone'],
  consent: { channel: 'email', rule: 'required' },
  /** List ids are unique across all of Klaviyo, so a ledger kept by list id needs no account beside it. */
  account: () => '',
  /** Members are taken out by profile id; looking one up costs requests. */
  remembers_ids: true,
  properties: {
    word: 'property',
    nameProblem: propertyNameProblem,
    /** Whoever has a property to clear takes a request of their own on top. */
    floor: (members) => Math.ceil(members / IMPORT_SIZE),
  },
  /**
   * Counted by members. An import job also holds at most 5 MB, so people with more than 500 bytes each on average
   * take more jobs than this; those of the usual kind take about 200.
   */
  floor: ({ create, add, remove }) =>
    (create ? 1 : 0) + Math.ceil(add / IMPORT_SIZE) + Math.ceil(remove / MEMBERS_SIZE),
  link: ({ base_url }, remote_id) =>
    base_url ? undefined : `https://www.klaviyo.com/list/${encodeURIComponent(remote_id)}`,
  async open(settings, context) {
    const { openKlaviyo } = await import('./destination.ts');
    return openKlaviyo(settings, context);
  },
};

/** Klaviyo publishes no rule but that names with a dollar sign are its own. */
function propertyNameProblem(name: string): string | undefined {
  if (name.trim() !== name || name === '') return 'must not be empty, nor begin or end with a space';
  return name.startsWith('$') ? "must not begin with $: such properties are Klaviyo's own" : undefined;
}
