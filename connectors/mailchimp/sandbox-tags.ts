import { z } from 'zod';
import {
  describeContact,
  SANDBOX_LIST,
  type Contact,
  type SandboxList,
  type Segment,
} from './sandbox-list.ts';
import { invalid, notFound, page, parse, type Route } from './sandbox-replies.ts';

const Emails = z.array(z.string());
const NewSegment = z.object({
  name: z.string(),
  static_segment: Emails.optional(),
  options: z.unknown().optional(),
});
const SegmentChange = z.object({ name: z.string().optional(), static_segment: Emails.optional() });
const Batch = z.object({ members_to_add: Emails.default([]), members_to_remove: Emails.default([]) });

/** Segments and who is in them: `/lists/{list_id}/segments…`, paths behind the list. */
export function tagRoutes(list: SandboxList): Route[] {
  function find(id = ''): Segment {
    const segment = list.segments.get(Number(id));
    if (!segment) throw notFound();
    return segment;
  }

  /** Unknown addresses are passed over. Returns those who were not in it before. */
  function addTo({ members }: Segment, emails: readonly string[]): Contact[] {
    return emails.flatMap((email) => {
      const contact = list.contact(email);
      if (!contact || members.has(contact)) return [];
      members.add(contact);
      return [contact];
    });
  }

  function removeFrom({ members }: Segment, emails: readonly string[]): Contact[] {
    const contacts = emails.flatMap((email) => list.known(email) ?? []);
    return contacts.filter((contact) => members.delete(contact));
  }

  function create(body: unknown): object {
    const { name, static_segment, options } = parse(NewSegment, body);
    if (!static_segment && !options) {
      throw invalid('Must provide either an "options" field or a "static_segment" field');
    }
    if ([...list.segments.values()].some((segment) => segment.name === name)) {
      throw invalid('Sorry, that tag already exists.');
    }
    const segment = list.addSegment(name, static_segment ? 'static' : 'saved');
    addTo(segment, static_segment ?? []);
    return describe(segment);
  }

  function update(segment: Segment, body: unknown): object {
    const { name, static_segment } = parse(SegmentChange, body);
    if ([...list.segments.values()].some((other) => other !== segment && other.name === name)) {
      throw invalid('Sorry, that tag already exists.');
    }
    segment.name = name ?? segment.name;
    if (static_segment) {
      segment.members.clear();
      addTo(segment, static_segment);
    }
    return describe(segment);
  }

  function batch(segment: Segment, body: unknown): object {
    const { members_to_add, members_to_remove } = parse(Batch, body);
    if (segment.type !== 'static') {
      throw invalid(`A Static Segment with an id of ${segment.id} does not exist for this list.`);
    }
    if (members_to_add.length > 500 || members_to_remove.length > 500) {
      throw invalid(
        'Maximum allowed member items exceeded, please provide at most 500 items in members_to_add field or members_to_remove field',
      );
    }
    const malformed = members_to_add.filter((email) => !/^[^@\s]+@[^@\s]+$/.test(email));
    const added = addTo(
      segment,
      members_to_add.filter((email) => !malformed.includes(email)),
    );
    const removed = removeFrom(segment, members_to_remove);
    return {
      members_added: added.map(describeContact),
      members_removed: removed.map(describeContact),
      errors: malformed.length > 0 ? [{ email_addresses: malformed, error: 'Invalid email address' }] : [],
      total_added: added.length,
      total_removed: removed.length,
      error_count: malformed.length,
    };
  }

  function members(segment: Segment, query: URLSearchParams): object {
    const hidden = ['unsubscribed', 'cleaned', 'transactional']
      .filter((status) => query.get(`include_${status}`) !== 'true')
      .concat('archived');
    const shown = [...segment.members].filter((contact) => !hidden.includes(contact.status));
    return { members: page(shown, query).map(describeContact), total_items: shown.length };
  }

  function listed(query: URLSearchParams): object {
    const type = query.get('type');
    const shown = [...list.segments.values()].filter((segment) => !type || segment.type === type);
    return { segments: page(shown, query).map(describe), list_id: SANDBOX_LIST, total_items: shown.length };
  }

  function describe({ id, name, type, members: contacts, created }: Segment): object {
    const active = [...contacts].filter((contact) => contact.status === 'subscribed');
    return { id, name, member_count: active.length, type, created_at: created, updated_at: created };
  }

  return [
    ['GET', /^\/segments$/, ({ query }) => listed(query)],
    ['POST', /^\/segments$/, ({ body }) => create(body)],
    ['GET', /^\/segments\/(\d+)$/, (_, [id]) => describe(find(id))],
    ['PATCH', /^\/segments\/(\d+)$/, ({ body }, [id]) => update(find(id), body)],
    ['DELETE', /^\/segments\/(\d+)$/, (_, [id]) => void list.segments.delete(find(id).id)],
    ['POST', /^\/segments\/(\d+)$/, ({ body }, [id]) => batch(find(id), body)],
    ['GET', /^\/segments\/(\d+)\/members$/, ({ query }, [id]) => members(find(id), query)],
  ];
}
