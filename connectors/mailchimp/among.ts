import { createHash } from 'node:crypto';
import { z } from 'zod';
import { PAGE, type Api, type Page } from './api.ts';
import { problemOf, type Place } from './explain.ts';
import { Contact, ContactPage, ContactTags } from './replies.ts';
import type { tagsOf } from './tags.ts';

/** How to tell whether addresses belong to a set: all of the set, or each address alone. */
type Readers = { pages(): AsyncIterable<Page<string>>; one(address: string): Promise<boolean> };

export type Among = (addresses: readonly string[], anew?: boolean) => Promise<Set<string>>;

/**
 * Tells which of some addresses belong to a set, reading as little as possible. The set is read whole where that takes
 * no more pages than there are addresses (one page up to 1,000 people), and is kept from then on. Otherwise each
 * address is asked for alone. So a first fill costs one read, and a few newcomers in a large tag cost one read each.
 *
 * @returns a function of the addresses; `anew` says that what was read before may be out of date
 */
function among({ pages, one }: Readers): Among {
  let known: Set<string> | undefined;
  let last: Promise<unknown> = Promise.resolve();

  async function read(addresses: readonly string[], anew: boolean): Promise<Set<string>> {
    if (anew) known = undefined;
    if (addresses.length === 0) return new Set();
    known ??= await readWhole(addresses.length);
    const held = known ?? (await readEach(addresses));
    return new Set(addresses.filter((address) => held.has(address)));
  }

  async function readWhole(mostPages: number): Promise<Set<string> | undefined> {
    const members = new Set<string>();
    for await (const page of pages()) {
      if (Math.ceil(page.total / PAGE) > mostPages) return undefined;
      for (const address of page.items) members.add(address);
    }
    return members;
  }

  async function readEach(addresses: readonly string[]): Promise<Set<string>> {
    const belong = await Promise.all(addresses.map(one));
    return new Set(addresses.filter((_, index) => belong[index]));
  }

  // One after the other: what one reads whole the next need not.
  return (addresses, anew = false) => {
    const next = last.then(
      () => read(addresses, anew),
      () => read(addresses, anew),
    );
    last = next.catch(() => {});
    return next;
  };
}

/**
 * Who of some addresses has a tag. An answer to adding people leaves an address out both when the tag had it already
 * and when the list does not know it; only reading tells which.
 */
export function tagHolders(
  api: Api,
  tags: ReturnType<typeof tagsOf>,
  tag: { list_id: string; remote_id: string; place: Place },
): Among {
  const { list_id, remote_id, place } = tag;
  const query = { count: PAGE, fields: ['tags.id'] };
  return among({
    pages: () => tags.memberPages({ remote_id }, place),
    async one(address) {
      const { value } = await api.ask(place, z.union([ContactTags, MISSING]), () =>
        orMissing(api.lists.getListMemberTags(list_id, contactHash(address), query)),
      );
      return value !== 'missing' && value.includes(remote_id);
    },
  });
}

/** Who of some addresses was archived: such contacts look like strangers, and making them anew would bring them back. */
export function archivedContacts(api: Api, list: { list_id: string; place: Place }): Among {
  const { list_id, place } = list;
  return among({
    pages: () =>
      api.pages(place, ContactPage, (window) =>
        api.lists.getListMembersInfo(list_id, {
          ...window,
          status: 'archived',
          fields: ['members.email_address', 'total_items'],
        }),
      ),
    async one(address) {
      const { value } = await api.ask(place, z.union([Contact, MISSING]), () =>
        orMissing(api.lists.getListMember(list_id, contactHash(address), { fields: ['status'] })),
      );
      return value !== 'missing' && value.status === 'archived';
    },
  });
}

/** Contacts are addressed by hash only: an address in a path could contain anything. */
export function contactHash(address: string): string {
  return createHash('md5').update(address.toLowerCase()).digest('hex');
}

export const MISSING = z.literal('missing');

/** Where the path names a contact, 404 speaks of them. */
export function orMissing(call: Promise<unknown>): Promise<unknown> {
  return call.catch((error: unknown) => {
    if (problemOf(error, 404)) return 'missing';
    throw error;
  });
}
