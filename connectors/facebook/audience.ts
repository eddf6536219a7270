import { z } from 'zod';

const Id = z.union([z.string(), z.number()]).transform(String);

/** The account holds audiences of every kind; a field that one of them has in another shape is as good as missing. */
const perhaps = <T>(shape: z.ZodType<T>) => shape.optional().catch(undefined);

const Status = z.object({ code: z.number(), description: perhaps(z.string()) });

/** What Meta says of an audience, as far as it decides anything. */
export const Audience = z.object({
  id: z.string(),
  name: z.string(),
  subtype: z.string(),
  account_id: perhaps(z.string()),
  description: perhaps(z.string()),
  is_value_based: perhaps(z.boolean()),
  delivery_status: perhaps(Status),
  operation_status: perhaps(Status),
  fields_violating_integrity_policy: perhaps(z.array(z.string())),
  /** Seconds since 1970. */
  time_created: z.number().catch(0),
  delete_time: perhaps(z.number()),
  approximate_count_lower_bound: perhaps(z.number()),
  approximate_count_upper_bound: perhaps(z.number()),
  lookalike_audience_ids: perhaps(z.array(Id)),
  /** It is read in another shape than it is written in. */
  lookalike_spec: perhaps(
    z.object({
      type: perhaps(z.string()),
      country: perhaps(z.string()),
      target_countries: perhaps(z.array(z.string())),
      ratio: perhaps(z.number()),
      starting_ratio: perhaps(z.number()),
      origin: perhaps(z.array(z.object({ id: perhaps(Id) }))),
    }),
  ),
});
export type Audience = z.output<typeof Audience>;
export const AUDIENCE_FIELDS = Object.keys(Audience.shape);

/** Operation status of an audience that Meta flagged for its integrity rules. */
const FLAGGED = 471;
/** Operation states that pass by themselves: a replacement, a rebuilding, a filling. */
const PASSING: Readonly<Record<number, string>> = {
  0: 'Meta does not tell its state yet.',
  414: 'Meta still writes it.',
  434: 'Meta tries again to build it.',
  441: 'Meta is still filling it.',
  442: 'Meta is still filling it.',
};
/** Operation states of an audience that serves nevertheless. */
const WORTH_KNOWING: Readonly<Record<number, string>> = {
  400: 'Meta warns of it without saying why.',
  411: 'Meta knows few of its people.',
  412: 'Meta counted many of its rows as invalid.',
  415: 'Its last replacement failed.',
  431: 'Meta could not refresh it.',
  450: 'It is out of date.',
  470: 'The person who made it is no longer active at Meta.',
};
/** Operation states that need a person. */
const BROKEN: Readonly<Record<number, string>> = {
  410: 'Nothing was ever uploaded to it.',
  432: 'Meta could not build it.',
  433: 'Meta could not build it.',
  471: 'Meta flagged it for its integrity rules: change its name or description in Audience Manager, or appeal.',
  500: 'Meta reports an error.',
};
/** Delivery states of an audience that ads can use, and of one with too few people. */
const READY = 200;
const TOO_FEW = 300;

export function isFlagged({ operation_status }: Audience): boolean {
  return operation_status?.code === FLAGGED;
}

export type Standing = { state: 'usable' | 'passing' | 'broken'; note?: string };

/** Says in words whether an audience can be used, from its operation and delivery status. */
export function standingOf(audience: Audience): Standing {
  const code = audience.operation_status?.code ?? READY;
  const delivery = audience.delivery_status?.code ?? READY;
  if (PASSING[code]) return { state: 'passing', note: PASSING[code] };
  if (BROKEN[code]) return { state: 'broken', note: BROKEN[code] + violating(audience) };
  if (delivery === TOO_FEW) return { state: 'passing', note: 'Meta has found too few of its people so far.' };
  if (delivery > TOO_FEW) return { state: 'broken', note: unusable(audience) };
  return { state: 'usable', note: WORTH_KNOWING[code] ?? expiry(audience) ?? inactivity(audience) };
}

function violating({ fields_violating_integrity_policy: fields = [] }: Audience): string {
  return fields.length > 0 ? ` It objects to: ${fields.join(', ')}.` : '';
}

function expiry({ operation_status, delete_time }: Audience): string | undefined {
  if (operation_status?.code !== 100 && !delete_time) return undefined;
  const when = delete_time
    ? `on ${new Date(delete_time * 1000).toISOString().slice(0, 10)}`
    : 'within 90 days';
  return `No ad set used it for two years: Meta deletes it ${when} unless one does.`;
}

function inactivity(audience: Audience): string | undefined {
  const { subtype, approximate_count_upper_bound } = audience;
  if (subtype !== 'LOOKALIKE' || approximate_count_upper_bound !== -1) return undefined;
  return 'It is inactive, since no ad set uses it.';
}

function unusable({ delivery_status }: Audience): string {
  const description = delivery_status?.description?.slice(0, 200);
  return `Ads cannot use it${description ? `; Meta says: "${description}"` : ''}.`;
}
