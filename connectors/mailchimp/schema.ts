import { z } from 'zod';
import type { DestinationDefinition } from '../destination.ts';

/** The most addresses Mailchimp takes in one call, in each direction; more are answered with 400. */
export const MEMBERS_PER_CALL = 500;

const settings = z.strictObject({
  api_key: z
    .string()
    .regex(/^\S+-[a-z]+\d+$/, 'must end in a dash and the data centre, for example -us19')
    .describe('API key of the Mailchimp account, with its data centre at the end (…-us19).')
    .meta({ secret: true }),
  list_id: z.string().min(1).describe('Id of the Mailchimp audience (list) whose contacts get the tags.'),
  base_url: z
    .url({ protocol: /^https?$/ })
    .optional()
    .describe(
      "Scheme, host and port to call instead of Mailchimp's own; default https://<data centre>.api.mailchimp.com.",
    ),
});
export type MailchimpSettings = z.output<typeof settings>;

/** Keeps tags of one Mailchimp list equal to segments. Contacts are never created, and their status is never sent. */
export const mailchimp: DestinationDefinition<MailchimpSettings> = {
  type: 'mailchimp',
  title: 'Mailchimp tags',
  audience_word: 'tag',
  settings,
  identifiers: ['email'],
  consent: { channel: 'email', rule: 'required' },
  account: ({ list_id }) => list_id,
  floor: ({ create, add, remove }) =>
    (create ? 1 : 0) + Math.max(Math.ceil(add / MEMBERS_PER_CALL), Math.ceil(remove / MEMBERS_PER_CALL)),
  async open(given, context) {
    const { openMailchimp } = await import('./destination.ts');
    return openMailchimp(given, context);
  },
};
