import { z } from 'zod';
import type { AudienceRef, Destination, DestinationContext, RemoteAudience } from '../destination.ts';
import { SyncError } from '../error.ts';
import { connect } from './api.ts';
import type { Place } from './explain.ts';
import { push } from './push.ts';
import { Account, List, Tag, TagPage } from './replies.ts';
import type { MailchimpSettings } from './schema.ts';

/** Opens one Mailchimp list as a destination; see `Destination` for what each function promises. */
export function openMailchimp(settings: MailchimpSettings, context: DestinationContext): Destination {
  const { list_id } = settings;
  const api = connect(settings, context);
  const list: Place = { where: `mailchimp list ${list_id}` };
  const named = (name: string): Place => ({ where: `${list.where}, tag "${name}"` });

  async function check(): Promise<string[]> {
    const { value: account } = await api.ask(list, Account, () =>
      api.root.getRoot({ fields: ['account_name', 'role'] }),
    );
    if (/^viewer$/i.test(account.role)) {
      throw new SyncError({
        code: 'DESTINATION_PERMISSION',
        where: list.where,
        what: "The API key's user has the role viewer, which may read but not tag contacts.",
        fix: 'Give that user the role of manager in Mailchimp, or use the key of one who has it.',
      });
    }
    const { value } = await api.ask(list, List, () =>
      api.lists.getList(list_id, {
        fields: ['name', 'stats.total_contacts'],
        include_total_contacts: true,
      }),
    );
    return [
      `account "${account.account_name}": key accepted, role ${account.role || 'not told'}`,
      `list "${value.name}" (${list_id}): ${value.stats.total_contacts} contacts`,
    ];
  }

  async function find(audiences: readonly AudienceRef[]): Promise<Map<string, RemoteAudience>> {
    const found = new Map<string, RemoteAudience>();
    if (audiences.length === 0) return found;
    const ids = new Set<string>();
    const idsByName = new Map<string, string>();
    const pages = api.pages(list, TagPage, (window) =>
      api.lists.listSegments(list_id, {
        ...window,
        type: 'static',
        fields: ['segments.id', 'segments.name', 'total_items'],
      }),
    );
    for await (const page of pages) {
      for (const tag of page.items) {
        ids.add(tag.remote_id);
        idsByName.set(tag.name, tag.remote_id);
      }
    }
    for (const { name, remote_id } of audiences) {
      const id = remote_id !== undefined && ids.has(remote_id) ? remote_id : idsByName.get(name);
      if (id !== undefined) found.set(name, { remote_id: id });
    }
    return found;
  }

  async function create(name: string): Promise<RemoteAudience & { requests: number }> {
    const place = named(name);
    const { value, requests } = await api.ask(place, z.union([Tag, z.literal('exists')]), () =>
      // Without `static_segment`, empty as it is, Mailchimp takes it for a rule-based segment and refuses.
      api.lists.createSegment(list_id, { name, static_segment: [] }).catch(existsAlready),
    );
    if (value !== 'exists') return { remote_id: value.remote_id, requests };
    const tag = (await find([{ name }])).get(name);
    if (tag) return { ...tag, requests };
    throw new SyncError({
      code: 'DESTINATION_REJECTED',
      where: place.where,
      what: 'Mailchimp says that the name is taken, but has no tag of exactly that name.',
      why: 'A segment by rules has the name, or a tag that differs in upper and lower case.',
      fix: 'Rename that one in Mailchimp, or give the audience another `tag` in the job file.',
    });
  }

  return {
    check,
    find,
    create,
    push: (change) => push(api, change, { list_id, place: { ...named(change.audience.name), tag: true } }),
  };
}

/** Mailchimp has no code for a name that is taken, only the text. */
const NameTaken = z.object({
  response: z.object({
    body: z.object({ status: z.literal(400), detail: z.string().regex(/already exists/i) }),
  }),
});

function existsAlready(error: unknown): 'exists' {
  if (NameTaken.safeParse(error).success) return 'exists';
  throw error;
}
