import { z } from 'zod';
import type { DestinationDefinition } from '../destination.ts';
import { accountSettings } from './account.ts';

/** The most addresses Mailchimp takes in one call, in each direction; more are answered with 400. */
export const MEMBERS_PER_CALL = 500;

/** What a contact that does not exist yet is made as; `skip` makes none. */
const NEW_CONTACTS = ['skip', 'subscribed', 'pending', 'transactional'] as const;

const settings = z.strictObject({
  api_key: accountSettings.api_key,
  list_id: z.string().min(1).describe('Id of the Mailchimp audience (list) whose contacts get the tags.'),
  new_contacts: z
    .enum(NEW_CONTACTS)
    .default('skip')
    .describe(
      'People who are not on the list are left out (`skip`) or made contacts: `transactional` (no campaigns), `pending` (asked by e-mail to confirm), or `subscribed` (only with `consent: required`).',
    ),
  base_url: accountSettings.base_url,
});
export type MailchimpSettings = z.output<typeof settings>;

/** Keeps tags of one Mailchimp list equal to segments. The status of a contact who exists is never sent. */
export const mailchimp: DestinationDefinition<MailchimpSettings> = {
  type: 'mailchimp',
  title: 'Mailchimp tags',
  audience_word: 'tag',
  settings,
  identifiers: ['email'],
  consent: { channel: 'email', rule: 'required' },
  account: ({ list_id }) => list_id,
  properties: {
    word: 'merge field',
    nameProblem: mergeTagProblem,
    /** Making a merge field that is missing takes a request more, once. */
    floor: (members) => Math.ceil(members / MEMBERS_PER_CALL),
  },
  /** Making new contacts takes two more for each 500 of them, which shows only while sending. */
  floor: ({ create, add, remove }) =>
    (create ? 1 : 0) + Math.max(Math.ceil(add / MEMBERS_PER_CALL), Math.ceil(remove / MEMBERS_PER_CALL)),
  /** A tag's page goes by an id that the API does not tell, so the audience's is the nearest. */
  link: ({ api_key, base_url }) =>
    base_url ? undefined : `https://${api_key.split('-').at(-1)!}.admin.mailchimp.com/audience/`,
  async open(given, context) {
    const { openMailchimp } = await import('./destination.ts');
    return openMailchimp(given, context);
  },
};

/** Names that mean something else in a campaign's text; EMAIL would change a contact's address. */
const RESERVED = ['EMAIL', 'DATE', 'LIST', 'UNSUB', 'ARCHIVE', 'FORWARD', 'REWARDS', 'INTERESTS', 'USER_URL'];

function mergeTagProblem(name: string): string | undefined {
  if (!/^[A-Z][A-Z0-9_]{0,9}$/.test(name)) {
    return 'must be a merge tag: at most 10 capital letters, digits and underscores, a letter first';
  }
  return RESERVED.includes(name) ? "is a tag of Mailchimp's own" : undefined;
}
