import { createHash } from 'node:crypto';
import { SyncError } from '../error.ts';
import { PAGE, type Api } from './api.ts';
import type { Place } from './explain.ts';
import { ContactTags, TagMemberPage } from './replies.ts';

/**
 * Tells which of some addresses are in a tag, reading as little as possible. An answer to adding people leaves an
 * address out both when the tag had it already and when the list does not know it; only reading tells which.
 *
 * The tag is read whole where that takes no more pages than there are addresses (one page up to 1,000 people), and
 * is kept for the rest of the push, in which who is added shows in the answers. Otherwise each address is asked
 * for alone. So a first fill costs one read, and a few newcomers in a large tag cost one read each.
 *
 * @returns `among`; its `anew` says that what was read before may be out of date
 */
export function tagMembers(api: Api, tag: { list_id: string; remote_id: string; place: Place }) {
  let known: Set<string> | undefined;

  async function among(addresses: readonly string[], anew: boolean): Promise<Set<string>> {
    if (anew) known = undefined;
    if (addresses.length === 0) return new Set();
    known ??= await readWhole(addresses.length);
    const held = known ?? (await readEach(addresses));
    return new Set(addresses.filter((address) => held.has(address)));
  }

  async function readWhole(mostPages: number): Promise<Set<string> | undefined> {
    const members = new Set<string>();
    const pages = api.pages(tag.place, TagMemberPage, (window) =>
      api.lists.getSegmentMembersList(tag.list_id, tag.remote_id, {
        ...window,
        fields: ['members.email_address', 'total_items'],
        // Left out by default, though they can carry tags.
        include_cleaned: true,
        include_transactional: true,
        include_unsubscribed: true,
      }),
    );
    for await (const page of pages) {
      if (Math.ceil(page.total / PAGE) > mostPages) return undefined;
      for (const address of page.items) members.add(address);
    }
    return members;
  }

  async function readEach(addresses: readonly string[]): Promise<Set<string>> {
    const members = new Set<string>();
    for (const address of addresses) {
      const tags = await tagsOf(address);
      if (tags.includes(tag.remote_id)) members.add(address);
    }
    return members;
  }

  /** Contacts are addressed by hash only: an address in a path could contain anything. */
  async function tagsOf(address: string): Promise<string[]> {
    const hash = createHash('md5').update(address).digest('hex');
    const query = { count: PAGE, fields: ['tags.id'] };
    try {
      const { value } = await api.ask(tag.place, ContactTags, () =>
        api.lists.getListMemberTags(tag.list_id, hash, query),
      );
      return value;
    } catch (error) {
      // Here 404 speaks of the contact, not of the tag.
      if (error instanceof SyncError && error.problem.code === 'AUDIENCE_GONE') return [];
      throw error;
    }
  }

  return { among };
}
