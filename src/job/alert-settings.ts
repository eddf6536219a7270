import { z } from 'zod';
import { milliseconds } from './duration.ts';

/** What can be wrong, as alerts call it. */
export const ALERT_KINDS = [
  'failed',
  'held',
  'missed',
  'stale',
  'drift',
  'token',
  'broken',
  'channel',
] as const;
export type AlertKind = (typeof ALERT_KINDS)[number];

const address = z
  .string()
  .regex(/^[^\r\n<>]*<?[^\s@<>]+@[^\s@<>]+>?$/, 'Write an e-mail address, such as ops@shop.example');

const smtpUrl = z
  .string()
  .regex(/^smtps?:\/\/[^\s?#]+$/, 'Write an address such as smtps://user:password@smtp.example.com')
  .refine((text) => URL.canParse(text), { error: 'Write signs such as @ or # in a password as %40 or %23' })
  .meta({ secret: true });

const SmtpSettings = z.strictObject({
  host: z.string().min(1).describe('Name of the mail server.'),
  port: z
    .int()
    .min(1)
    .max(65_535)
    .optional()
    .describe('Its port; 587 unless given, 465 with `tls: implicit`, 25 with `tls: none`.'),
  user: z.string().optional().describe('User to log in as; nobody unless given.'),
  password: z.string().optional().meta({ secret: true }).describe('Password of that user.'),
  tls: z
    .enum(['starttls', 'implicit', 'none'])
    .default('starttls')
    .describe('How the connection is encrypted: from its beginning (implicit), after STARTTLS, or not.'),
});
export type Smtp = string | z.output<typeof SmtpSettings>;

const every = {
  name: z
    .string()
    .regex(/^[a-z0-9]+(-[a-z0-9]+)*$/, 'Write small letters, digits and single dashes')
    .optional()
    .describe('Name of the channel in reports; its type unless given, the second webhook webhook-2.'),
  on: z
    .array(z.enum([...ALERT_KINDS, 'recovered']))
    .min(1)
    .default([...ALERT_KINDS])
    .describe(
      'What is told through it; everything unless given. Whatever was told is told again as `recovered` once it is over, named here or not.',
    ),
  remind: milliseconds()
    .prefault('1d')
    .describe('What is still wrong is told again after so long, such as 12h or 1d.'),
  timeout: z.int().min(1).max(120).default(10).describe('Seconds that an answer may take.'),
};

const url = z.url({ protocol: /^https?$/ }).meta({ secret: true });

const Webhook = z.strictObject({
  type: z.literal('webhook').describe('Kind of channel.'),
  ...every,
  url: url.describe('Address that gets a JSON document for each alert.'),
  headers: z
    .record(
      z.string().regex(/^[\w-]+$/, 'Write the name of a header, such as Authorization'),
      z
        .string()
        .regex(/^[ -~]*$/, 'Write one line of plain letters and signs')
        .meta({ secret: true }),
    )
    .default({})
    .describe('Headers of the request, such as Authorization; each value is a secret.'),
});

const Slack = z.strictObject({
  type: z.literal('slack').describe('Kind of channel.'),
  ...every,
  url: url.describe('Incoming webhook of Slack, or of a chat that takes the same: Mattermost, Rocket.Chat.'),
});

const Email = z.strictObject({
  type: z.literal('email').describe('Kind of channel.'),
  ...every,
  to: z.array(address).min(1).describe('Who gets the mail.'),
  from: address.describe('Sender of the mail.'),
  smtp: z
    .union([smtpUrl, SmtpSettings])
    .describe(
      'Mail server, as smtps://user:password@host or smtp://host:port, which is a secret, or as settings.',
    ),
});

export const ALERT_TYPES = {
  webhook: 'a JSON document for each alert',
  slack: 'a Slack-compatible incoming webhook',
  email: 'e-mail by SMTP',
} as const;

/** Where alerts go. Every channel comes out with a name of its own in the list. */
export const AlertSettings = z
  .array(z.discriminatedUnion('type', [Webhook, Slack, Email]))
  .superRefine((channels, context) => {
    for (const [index, { name }] of channels.entries()) {
      if (name === undefined || channels.findIndex((other) => other.name === name) === index) continue;
      const message = `Another channel is called "${name}" too`;
      context.addIssue({ code: 'custom', path: [index, 'name'], message, input: name });
    }
  })
  .transform((channels) => {
    const taken = new Set(channels.map(({ name }) => name));
    return channels.map((channel) => ({ ...channel, name: channel.name ?? freeName(channel.type, taken) }));
  });

export type AlertChannel = z.output<typeof AlertSettings>[number];

/** The first of `webhook`, `webhook-2`, `webhook-3` that is not taken; it is then. */
function freeName(type: string, taken: Set<string | undefined>): string {
  let name = type;
  for (let number = 2; taken.has(name); number += 1) name = `${type}-${number}`;
  taken.add(name);
  return name;
}
