import { z } from 'zod';

/** Mailchimp keeps the case a contact signed up with; ours are lower case. */
const address = z.string().toLowerCase();
const contacts = z.array(z.object({ email_address: address }).transform((contact) => contact.email_address));

export const Account = z.object({ account_name: z.string().default(''), role: z.string().default('') });

export const List = z.object({ name: z.string(), stats: z.object({ total_contacts: z.int() }) });

/** Mailchimp's word for a tag is a segment of type `static`. */
export const Tag = z
  .object({ id: z.int(), name: z.string() })
  .transform(({ id, name }) => ({ remote_id: String(id), name }));

export const TagPage = z
  .object({ segments: z.array(Tag), total_items: z.int() })
  .transform(({ segments, total_items }) => ({ items: segments, total: total_items }));

export const ContactPage = z
  .object({ members: contacts, total_items: z.int() })
  .transform(({ members, total_items }) => ({ items: members, total: total_items }));

export const Total = z.object({ total_items: z.int().nonnegative() });

export const Contact = z.object({ status: z.string() });

/** The tags of one contact, by id. */
export const ContactTags = z
  .object({ tags: z.array(z.object({ id: z.int() })) })
  .transform(({ tags }) => tags.map((tag) => String(tag.id)));

/** Who was added and removed by one call, and for whom Mailchimp gave a reason why they could not be. */
export const BatchAnswer = z
  .object({
    members_added: contacts,
    members_removed: contacts,
    errors: z.array(
      z.object({ email_addresses: z.array(address).default([]), error: z.string().default('') }),
    ),
  })
  .transform(({ members_added, members_removed, errors }) => ({
    added: new Set(members_added),
    removed: new Set(members_removed),
    errors: new Map(errors.flatMap((entry) => entry.email_addresses.map((email) => [email, entry.error]))),
  }));
export type BatchAnswer = z.output<typeof BatchAnswer>;

/** What was wrong with one contact; `field` is the merge tag it is about, where it is about one. */
const ContactError = z.object({
  error: z.string().default(''),
  error_code: z.string().default(''),
  field: z.string().default(''),
  field_message: z.string().default(''),
});

/** Who was made or updated by one call, and why others were not. It is answered with 200 when all failed, too. */
export const ContactsAnswer = z
  .object({
    new_members: contacts,
    updated_members: contacts,
    errors: z.array(ContactError.extend({ email_address: address })),
  })
  .transform(({ new_members, updated_members, errors }) => ({
    done: new Set([...new_members, ...updated_members]),
    errors: new Map(errors.map(({ email_address, ...error }) => [email_address, error])),
  }));
export type ContactsAnswer = z.output<typeof ContactsAnswer>;

export const MergeField = z.object({ tag: z.string(), type: z.string() });
export type MergeField = z.output<typeof MergeField>;

export const MergeFieldPage = z
  .object({ merge_fields: z.array(MergeField), total_items: z.int() })
  .transform(({ merge_fields, total_items }) => ({ items: merge_fields, total: total_items }));

/**
 * The body of every error that Mailchimp itself answers; a proxy or a throttle answers something else. `errors` names
 * places in the request: `members.item:7.merge_fields.CLV`.
 */
export const ProblemDocument = z.object({
  title: z.string(),
  detail: z.string().default(''),
  errors: z
    .array(z.object({ field: z.string().default(''), message: z.string().default('') }))
    .optional()
    .catch(undefined),
});
export type ProblemDocument = z.output<typeof ProblemDocument>;
