import { z } from 'zod';
import { describeContact, type Contact, type SandboxList } from './sandbox-list.ts';
import { invalid, notFound, page, parse, problem, type Route } from './sandbox-replies.ts';

const Status = z.enum(['subscribed', 'unsubscribed', 'cleaned', 'pending', 'transactional']);
const ContactChange = z.object({
  email_address: z.string(),
  status: Status.optional(),
  status_if_new: Status.optional(),
  merge_fields: z.record(z.string(), z.unknown()).default({}),
  tags: z.array(z.string()).default([]),
});
type ContactChange = z.output<typeof ContactChange>;
const ContactBatch = z.object({
  members: z.array(ContactChange),
  update_existing: z.boolean().default(false),
  sync_tags: z.boolean().default(false),
});
const TagChange = z.object({
  tags: z.array(z.object({ name: z.string(), status: z.enum(['active', 'inactive']) })),
});

/** Contacts, one at a time and up to 500 together: `/lists/{list_id}/members/…`, paths behind the list. */
export function contactRoutes(list: SandboxList): Route[] {
  function find(hash = ''): Contact {
    const contact = list.contacts.get(hash);
    if (!contact) throw notFound();
    return contact;
  }

  /** Sets what is given; a status that is not given stays. Who left cannot be subscribed again from here. */
  function put(change: ContactChange): Contact {
    const existing = list.known(change.email_address);
    const status = existing ? change.status : (change.status ?? change.status_if_new);
    if (!existing && !status) throw invalid('status_if_new is required for a new contact.');
    if (existing?.status === 'unsubscribed' && status === 'subscribed') {
      throw problem(400, 'Member In Compliance State', 'The contact unsubscribed and cannot be re-imported.');
    }
    const contact = existing ?? list.putContact(change.email_address, status ?? 'transactional');
    contact.status = status ?? contact.status;
    contact.merge_fields = { ...contact.merge_fields, ...change.merge_fields };
    contact.changed = list.time();
    return contact;
  }

  function setTag(contact: Contact, name: string, active: boolean): void {
    const tag = list.tag(name) ?? (active ? list.addSegment(name, 'static') : undefined);
    if (active) tag?.members.add(contact);
    else tag?.members.delete(contact);
  }

  function putAll(body: unknown): object {
    const { members, update_existing, sync_tags } = parse(ContactBatch, body);
    if (members.length > 500) throw invalid('At most 500 members may be sent.');
    const [created, updated]: [Contact[], Contact[]] = [[], []];
    const errors: object[] = [];
    for (const change of members) {
      const existing = list.known(change.email_address) !== undefined;
      const failed = existing && !update_existing ? 'ERROR_CONTACT_EXISTS' : refusal(change);
      if (failed) {
        const error = 'The contact was not added or updated.';
        errors.push({
          email_address: change.email_address,
          error,
          error_code: failed,
          field: '',
          field_message: '',
        });
        continue;
      }
      const contact = put(change);
      if (sync_tags) for (const tag of list.tags()) setTag(contact, tag.name, false);
      for (const name of change.tags) setTag(contact, name, true);
      (existing ? updated : created).push(contact);
    }
    return {
      new_members: created.map(describeContact),
      updated_members: updated.map(describeContact),
      errors,
      total_created: created.length,
      total_updated: updated.length,
      error_count: errors.length,
    };
  }

  function refusal(change: ContactChange): string | undefined {
    const existing = list.known(change.email_address);
    const rejoins = existing?.status === 'unsubscribed' && change.status === 'subscribed';
    return rejoins || (!change.status && !change.status_if_new) ? 'ERROR_GENERIC' : undefined;
  }

  function tagsOf(contact: Contact, query: URLSearchParams): object {
    const tags = list.tags().filter((tag) => tag.members.has(contact));
    const shown = page(tags, query).map(({ id, name, created }) => ({ id, name, date_added: created }));
    return { tags: shown, total_items: tags.length };
  }

  function setTags(contact: Contact, body: unknown): undefined {
    for (const { name, status } of parse(TagChange, body).tags) setTag(contact, name, status === 'active');
  }

  return [
    ['POST', /^$/, ({ body }) => putAll(body)],
    ['GET', /^\/members\/([0-9a-f]{32})$/, (_, [hash]) => describeContact(find(hash))],
    ['PUT', /^\/members\/[0-9a-f]{32}$/, ({ body }) => describeContact(put(parse(ContactChange, body)))],
    ['GET', /^\/members\/([0-9a-f]{32})\/tags$/, ({ query }, [hash]) => tagsOf(find(hash), query)],
    ['POST', /^\/members\/([0-9a-f]{32})\/tags$/, ({ body }, [hash]) => setTags(find(hash), body)],
  ];
}
