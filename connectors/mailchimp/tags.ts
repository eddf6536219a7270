import { z } from 'zod';
import type { AudienceRef, RemoteAudience, RemoteCount } from '../destination.ts';
import { SyncError } from '../error.ts';
import type { Api } from './api.ts';
import { problemOf, type Place } from './explain.ts';
import { ContactPage, Tag, TagPage, Total } from './replies.ts';

/** Left out of a tag's members by default, though they can carry tags. */
const EVERYBODY = { include_cleaned: true, include_transactional: true, include_unsubscribed: true };

/** The tags of one list, which Mailchimp calls static segments. */
export function tagsOf(api: Api, list_id: string) {
  const list: Place = { where: `mailchimp list ${list_id}` };

  function place(name: string): Place {
    return { where: `${list.where}, tag "${name}"`, tag: true };
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
    const { value, requests } = await api.ask(
      { where: place(name).where },
      z.union([Tag, z.literal('exists')]),
      () =>
        // Without `static_segment`, empty as it is, Mailchimp takes it for a rule-based segment and refuses.
        api.lists.createSegment(list_id, { name, static_segment: [] }).catch(existsAlready),
    );
    if (value !== 'exists') return { remote_id: value.remote_id, requests };
    const tag = (await find([{ name }])).get(name);
    if (tag) return { ...tag, requests };
    throw nameTaken(name, 'A segment by rules has the name, or a tag that differs in upper and lower case.');
  }

  /** With the name alone its members stay. */
  async function rename({ remote_id }: RemoteAudience, name: string): Promise<{ requests: number }> {
    const { value, requests } = await api.ask(place(name), z.union([Tag, z.literal('exists')]), () =>
      api.lists.updateSegment(list_id, remote_id, { name }).catch(existsAlready),
    );
    if (value !== 'exists') return { requests };
    throw nameTaken(name, 'Another tag or segment of the list has it.');
  }

  function nameTaken(name: string, why: string): SyncError {
    return new SyncError({
      code: 'DESTINATION_REJECTED',
      where: place(name).where,
      what: 'Mailchimp says that the name is taken.',
      why,
      fix: 'Rename that one in Mailchimp, or give the audience another `tag` in the job file.',
    });
  }

  /** Everybody with the tag. The count that Mailchimp shows with a tag leaves out who gets no campaigns. */
  async function count({ remote_id }: RemoteAudience): Promise<RemoteCount> {
    const { value } = await api.ask(place(remote_id), Total, () =>
      api.lists.getSegmentMembersList(list_id, remote_id, {
        ...EVERYBODY,
        count: 1,
        fields: ['total_items'],
      }),
    );
    return { members: value.total_items, exact: true };
  }

  function memberPages({ remote_id }: RemoteAudience, tag: Place = place(remote_id)) {
    return api.pages(tag, ContactPage, (window) =>
      api.lists.getSegmentMembersList(list_id, remote_id, {
        ...EVERYBODY,
        ...window,
        fields: ['members.email_address', 'total_items'],
      }),
    );
  }

  async function* members(audience: RemoteAudience): AsyncGenerator<string[]> {
    for await (const { items } of memberPages(audience)) yield items.map((email) => `email:${email}`);
  }

  return { place, find, create, rename, count, members, memberPages };
}

/** Mailchimp has no code for a name that is taken, only the text. */
function existsAlready(error: unknown): 'exists' {
  if (/already exists/i.test(problemOf(error, 400)?.detail ?? '')) return 'exists';
  throw error;
}
