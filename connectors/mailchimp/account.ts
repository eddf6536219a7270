import { z } from 'zod';

/** Settings of all that speaks with an account, the source and the destination. */
export const accountSettings = {
  api_key: z
    .string()
    .regex(/^\S+-[a-z]+\d+$/, 'must end in a dash and the data centre, for example -us19')
    .describe('API key of the Mailchimp account, with its data centre at the end (…-us19).')
    .meta({ secret: true }),
  base_url: z
    .url({ protocol: /^https?$/ })
    .optional()
    .describe(
      "Scheme, host and port to call instead of Mailchimp's own; default https://<data centre>.api.mailchimp.com.",
    ),
};

const Account = z.object(accountSettings);
export type Account = z.output<typeof Account>;
