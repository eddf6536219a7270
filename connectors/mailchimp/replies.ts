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

export const TagMemberPage = z
  .object({ members: contacts, total_items: z.int() })
  .transform(({ members, total_items }) => ({ items: members, total: total_items }));

/** The tags of one contact, by id. */
export const ContactTags = z
  .object({ tags: z.array(z.object({ id: z.int() })) })
  .transform(({ tags }) => tags.map((tag) => String(tag.id)));

/** Who was added by one call, and for whom Mailchimp gave a reason why they could not be added or removed. */
export const BatchAnswer = z
  .object({
    members_added: contacts,
    errors: z.array(
      z.object({ email_addresses: z.array(address).default([]), error: z.string().default('') }),
    ),
  })
  .transform(({ members_added, errors }) => ({
    added: new Set(members_added),
    errors: new Map(errors.flatMap((entry) => entry.email_addresses.map((email) => [email, entry.error]))),
  }));
export type BatchAnswer = z.output<typeof BatchAnswer>;

/** The body of every error that Mailchimp itself answers; a proxy or a throttle answers something else. */
export const ProblemDocument = z.object({ title: z.string(), detail: z.string().default('') });
