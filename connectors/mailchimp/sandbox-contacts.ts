import { z } from 'zod';
import { wrongField } from './sandbox-fields.ts';
import { contactHash, describeContact, type Contact, type SandboxList } from './sandbox-list.ts';
import { invalid, invalidFields, notFound, page, parse, problem, type Route } from './sandbox-replies.ts';

const Status = z.enum(['subscribed', 'unsubscribed', 'cleaned', 'pending', 'transactional']);
const ContactUpdate = z.object({
  status: Status.optional(),
  merge_fields: z.record(z.string(), z.unknown()).default({}),
});
const ContactChange = ContactUpdate.extend({
  email_address: z.string(),
  status_if_new: Status.optional(),
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

type Refusal = { title: string; detail: string; code?: string; field?: string };

/** Contacts, one at a time and up to 500 together: `/lists/{list_id}/members/…`, paths behind the list. */
export function contactRoutes(list: SandboxList): Route[] {
  function find(hash = ''): Contact {
    const contact = list.contacts.get(hash);
    if (!contact) throw notFound();
    return contact;
  }

  /**
   * Sets what is given; a status that is not given stays. Only an archived contact is taken for a new one, which the
   * documents leave open: it is the answer that does harm.
   */
  function put(change: ContactChange, query: URLSearchParams): Contact {
    const refused = refusal(change, query);
    if (refused?.field) {
      throw invalidFields([{ field: `merge_fields.${refused.field}`, message: refused.detail }]);
    }
    if (refused) throw problem(400, refused.title, refused.detail);
    const existing = existingContact(change.email_address);
    const status = existing ? change.status : (change.status ?? change.status_if_new);
    const contact = existing ?? list.putContact(change.email_address, status ?? 'transactional');
    if (status === 'subscribed' && contact.status !== 'subscribed') contact.opted = list.time();
    contact.status = status ?? contact.status;
    const known = list.fields.map(({ tag }) => tag);
    const values = Object.entries(change.merge_fields).filter(([tag]) => known.includes(tag));
    contact.merge_fields = { ...contact.merge_fields, ...Object.fromEntries(values) };
    contact.changed = list.time();
    return contact;
  }

  function existingContact(email: string): Contact | undefined {
    const contact = list.known(email);
    return contact?.status === 'archived' ? undefined : contact;
  }

  function refusal(change: ContactChange, query: URLSearchParams): Refusal | undefined {
    const { email_address: email, status, status_if_new } = change;
    const existing = existingContact(email);
    if (!/^[^@\s]+@[^@\s]+\.[^@\s]+$/.test(email)) {
      return { title: 'Invalid Resource', detail: `${email} looks fake or invalid.` };
    }
    if (list.forgotten.has(contactHash(email))) {
      const detail = `${email} was permanently deleted and cannot be re-imported.`;
      return { title: 'Forgotten Email Not Subscribed', detail };
    }
    if (!existing && !status && !status_if_new) {
      return { title: 'Invalid Resource', detail: `${email} is not on this list.` };
    }
    if (existing?.status === 'unsubscribed' && status === 'subscribed') {
      const detail = `${email} is in a compliance state and cannot be subscribed.`;
      return { title: 'Member In Compliance State', detail };
    }
    const held = query.get('skip_merge_validation') === 'true' ? undefined : (existing?.merge_fields ?? {});
    const wrong = wrongField(list.fields, change.merge_fields, held);
    return wrong && { title: 'Invalid Resource', detail: wrong.message, field: wrong.tag };
  }

  function setTag(contact: Contact, name: string, active: boolean): void {
    const tag = list.tag(name) ?? (active ? list.addSegment(name, 'static') : undefined);
    if (active) tag?.members.add(contact);
    else tag?.members.delete(contact);
  }

  function putAll(body: unknown, query: URLSearchParams): object {
    const { members, update_existing, sync_tags } = parse(ContactBatch, body);
    if (members.length > 500) throw invalid('At most 500 members may be sent.');
    const [created, updated]: [Contact[], Contact[]] = [[], []];
    const errors: object[] = [];
    for (const change of members) {
      const existing = existingContact(change.email_address) !== undefined;
      const failed =
        existing && !update_existing
          ? { title: '', detail: 'The contact is on the list already.', code: 'ERROR_CONTACT_EXISTS' }
          : refusal(change, query);
      if (failed) {
        errors.push({
          email_address: change.email_address,
          error: failed.detail,
          error_code: failed.code ?? 'ERROR_GENERIC',
          field: failed.field ?? '',
          field_message: failed.field ? failed.detail : '',
        });
        continue;
      }
      const contact = put(change, query);
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

  function patch(hash: string | undefined, body: unknown, query: URLSearchParams): object {
    const { email } = find(hash);
    const change = parse(ContactUpdate, body);
    return describeContact(put({ ...change, email_address: email, tags: [] }, query));
  }

  function listed(query: URLSearchParams): object {
    const status = query.get('status');
    const since = Date.parse(query.get('since_last_changed') ?? '');
    const shown = [...list.contacts.values()]
      .filter((contact) => (status ? contact.status === status : contact.status !== 'archived'))
      .filter(({ changed }) => !(Date.parse(changed) <= since));
    if (query.get('sort_field') === 'last_changed') {
      const direction = query.get('sort_dir') === 'DESC' ? -1 : 1;
      shown.sort((a, b) => direction * a.changed.localeCompare(b.changed));
    }
    return { members: page(shown, query).map(describeContact), total_items: shown.length };
  }

  function archive(contact: Contact): undefined {
    contact.status = 'archived';
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
    ['POST', /^$/, ({ body, query }) => putAll(body, query)],
    ['GET', /^\/members$/, ({ query }) => listed(query)],
    ['GET', /^\/members\/([0-9a-f]{32})$/, (_, [hash]) => describeContact(find(hash))],
    [
      'PUT',
      /^\/members\/[0-9a-f]{32}$/,
      ({ body, query }) => describeContact(put(parse(ContactChange, body), query)),
    ],
    ['PATCH', /^\/members\/([0-9a-f]{32})$/, ({ body, query }, [hash]) => patch(hash, body, query)],
    ['DELETE', /^\/members\/([0-9a-f]{32})$/, (_, [hash]) => archive(find(hash))],
    [
      'POST',
      /^\/members\/([0-9a-f]{32})\/actions\/delete-permanent$/,
      (_, [hash]) => list.forget(contactHash(find(hash).email)) as undefined,
    ],
    ['GET', /^\/members\/([0-9a-f]{32})\/tags$/, ({ query }, [hash]) => tagsOf(find(hash), query)],
    ['POST', /^\/members\/([0-9a-f]{32})\/tags$/, ({ body }, [hash]) => setTags(find(hash), body)],
  ];
}
