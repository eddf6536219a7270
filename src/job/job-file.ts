import { validateDetailed } from 'node-cron';
import { z } from 'zod';
import { CONSENT_RULES, type DestinationDefinition, type SourceDefinition } from '../../connectors/index.ts';
import { AlertSettings } from './alert-settings.ts';
import { milliseconds } from './duration.ts';
import { AudienceGuard, GuardSettings } from './guard-settings.ts';
import { PLACEHOLDERS } from './segments.ts';
import { SegmentSettings } from './segment-settings.ts';

/** The kinds of source and destination a job file may name, keyed by `type`. */
export type Connectors = {
  sources: Record<string, SourceDefinition>;
  destinations: Record<string, DestinationDefinition>;
};

const TIMEZONES: readonly string[] = ['UTC', ...Intl.supportedValuesOf('timeZone')];
const CURRENCIES: ReadonlySet<string> = new Set(Intl.supportedValuesOf('currency'));

const name = z.string().regex(/^[a-z0-9]+(-[a-z0-9]+)*$/, 'Write small letters, digits and single dashes');

const schedule = z.string().refine((text) => !scheduleProblem(text), {
  error: (issue) => scheduleProblem(String(issue.input)),
});

const timezone = z.string().refine(isTimezone, {
  error: 'Write the name of a time zone, such as Europe/Bucharest or UTC',
  params: { options: TIMEZONES },
});

const currency = z.string().refine((code) => CURRENCIES.has(code), {
  error: 'Write a currency as three capital letters, such as EUR',
  params: { options: CURRENCIES },
});

const rate = z
  .union([z.string().regex(/^\d+(\.\d+)?$/, 'Write a decimal number, such as 0.2012'), z.number()])
  .refine((value) => Number(value) > 0, { error: 'A rate must be greater than zero' })
  .transform(decimal);

const Identity = z.strictObject({
  phone: z
    .enum(['alone', 'join', 'apart'])
    .default('alone')
    .describe(
      'alone: a record with nothing but a phone number is that of the one customer who is known to use it; join: customers with the same number are one; apart: such records are a customer of their own.',
    ),
  same_ids: z
    .array(z.array(name).min(2))
    .default([])
    .describe('Lists of sources (by name) whose customer ids are those of one system.'),
});

/** @returns the Zod object of a job file that may use these connectors */
export function jobFile({ sources, destinations }: Connectors) {
  return z.strictObject({
    name: name.describe('Name of the job, as commands and reports call it.'),
    schedule: schedule
      .optional()
      .describe(
        'When the job runs by itself, as five cron fields: "0 5 * * *" is every day at five o\'clock.',
      ),
    catch_up: z
      .enum(['once', 'skip', 'all'])
      .default('once')
      .describe(
        'What happens to runs missed while the program was off: one run, none, or every one of them.',
      ),
    timezone: timezone
      .default('UTC')
      .describe('Time zone of the schedule, of days, and of dates that name no zone.'),
    currency: currency.describe('Currency of every figure, as three letters (ISO 4217).'),
    exchange_rates: z
      .record(currency, rate)
      .default({})
      .describe(
        'What one unit of another currency is worth in the currency of the job, for orders paid in it.',
      ),
    sources: z
      .array(oneOf(Object.values(sources).map(sourceEntry)))
      .min(1)
      .describe('Where orders, customers and events come from.'),
    identity: Identity.prefault({}).describe(
      'Which records are those of one customer, beside those with the same e-mail address, or the same customer id of one source.',
    ),
    segments: SegmentSettings.describe(
      'The models that sort customers into segments; lifecycle and value_engagement unless given.',
    ),
    destinations: z
      .array(oneOf(Object.values(destinations).map(destinationEntry)))
      .min(1)
      .describe('Where segments are kept as audiences.'),
    guard: GuardSettings.prefault({}).describe(
      'How much a run may change of an audience unasked. A plan that changes more is held: nothing of it is sent until `approve`.',
    ),
    alerts: AlertSettings.optional().describe(
      'Where the daemon tells what is wrong; the `alerts` of the settings file unless given, and nobody with [].',
    ),
    stale_after: milliseconds()
      .optional()
      .describe(
        'An audience is stale when it was last brought up to date longer ago than this, such as 36h. Unless given: three times the longest wait between two runs of the schedule, and at least 2d; without a schedule never.',
      ),
  });
}

/** @returns the settings of a source as they stand in a job file */
export function sourceEntry(definition: SourceDefinition) {
  return (definition.settings as z.ZodObject).safeExtend({
    type: z.literal(definition.type).describe('Kind of source.'),
    name: name
      .optional()
      .describe(
        `Name of the source in reports; ${definition.type} unless given, the second ${definition.type}-2.`,
      ),
  });
}

/** @returns the settings of a destination as they stand in a job file, with those that every destination has */
export function destinationEntry(definition: DestinationDefinition) {
  return definition.settings.safeExtend({
    type: z.literal(definition.type).describe('Kind of destination.'),
    name: name
      .optional()
      .describe(
        `Name of the destination in reports; ${definition.type} unless given, the second ${definition.type}-2.`,
      ),
    consent: z
      .enum(CONSENT_RULES)
      .default(definition.consent.rule)
      .describe(
        `Who is left out: those without a recorded yes to ${CHANNELS[definition.consent.channel]}, those with a recorded no, or nobody.`,
      ),
    orphans: z.enum(['keep', 'remove']).default('keep').describe(orphansText(definition)),
    ...(definition.properties ? { properties: propertiesOf(definition.properties.word) } : {}),
    ...(definition.columns ? { columns: columnsOf(definition.columns) } : {}),
    audiences: z
      .array(
        (definition.audience_settings ?? z.object({})).strict().safeExtend({
          segment: z
            .string()
            .max(100)
            .describe(
              'Segment to keep, such as lifecycle.top; a * stands for any text: lifecycle.* is all of them.',
            ),
          [definition.audience_word]: template
            .default('{label}')
            .describe(
              `Name of the ${definition.audience_word}, with {label}, {segment}, {model} and {job} filled in.`,
            ),
          holdout: z
            .number()
            .min(0)
            .max(0.5)
            .optional()
            .describe(
              'Share of the segment that is kept out of every destination of the job, always the same customers, so that `segments --lift` can tell what being sent is worth: 0.1 is a tenth.',
            ),
          guard: AudienceGuard.optional().describe('What `guard` of the job says, otherwise for this entry.'),
        }),
      )
      .min(1)
      .describe(`Which segments are kept, each as its own ${definition.audience_word}.`),
  });
}

/** A destination may have an `orphans` of its own, of what it makes out of audiences; the two are one setting. */
function orphansText({ audience_word: word, settings }: DestinationDefinition): string {
  const own = (settings.shape.orphans as z.ZodType | undefined)?.description;
  const text = `What becomes of ${word}s that the job file names no more: they are kept as they are, or the members this job put there are taken out; the ${word} itself stays.`;
  return own ? `${text} ${own}` : text;
}

const named = z.union([z.array(z.string()).min(1), z.record(z.string().min(1), z.string())]).optional();

function columnsOf(standard: readonly string[]) {
  return named.describe(
    `What every line says of a customer: profile fields, models (the name of the segment; of custom, all names), custom.name (true or false) and extra.name, as a list, or as a mapping of headings to them. Unless given: ${standard.join(', ')} and every model of the job.`,
  );
}

function propertiesOf(word: string) {
  return named.describe(
    `What every member has there as a ${word}: profile fields, models (the label of the segment), custom.name (true or false) and extra.name, as a list, or as a mapping of names to them. Only values that changed are sent.`,
  );
}

const CHANNELS = { email: 'e-mail marketing', ads: 'advertising' } as const;

const template = z
  .string()
  .trim()
  .min(1)
  .refine((text) => !unknownPlaceholder(text), {
    error: (issue) => `${unknownPlaceholder(String(issue.input))} means nothing here; there are ${KNOWN}`,
  });
const KNOWN = PLACEHOLDERS.map((word) => `{${word}}`).join(', ');

function unknownPlaceholder(text: string): string | undefined {
  return text.match(/\{[^}]*\}?/g)?.find((found) => !KNOWN.split(', ').includes(found));
}

function oneOf(options: z.ZodObject[]) {
  return z.discriminatedUnion('type', options as [z.ZodObject, ...z.ZodObject[]]);
}

function scheduleProblem(text: string): string | undefined {
  if (text.trim().split(/\s+/).length !== 5)
    return 'A schedule has five fields: minute, hour, day of month, month, day of week';
  const [error] = validateDetailed(text).errors;
  const field = error?.field.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
  return error && `A schedule cannot have the ${field} "${error.value}"`;
}

/** Intl takes any capitals and offsets; the engine takes the exact name only. */
function isTimezone(text: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: text });
  } catch {
    return false;
  }
  const spelling = TIMEZONES.find((zone) => zone.toLowerCase() === text.toLowerCase());
  return spelling ? spelling === text : /^[A-Z]/.test(text);
}

function decimal(value: string | number): string {
  return typeof value === 'string'
    ? value
    : value.toLocaleString('en', { useGrouping: false, maximumFractionDigits: 20 });
}
