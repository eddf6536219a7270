import type { z } from 'zod';
import type { AudienceRef, DestinationContext, RemoteAudience, RemoteCount } from '../destination.ts';
import { anyOf, cursorIn, type Api } from './api.ts';
import type { Call } from './explain.ts';
import { LISTS_A_DAY } from './pace.ts';
import { CountedList, List, Lists } from './replies.ts';

type Listed = z.infer<typeof Lists>['data'][number];

/** Klaviyo returns no more lists than this in a page; as many are asked for at a time. */
const PAGE = 10;
/** Oldest first: the order that decides between lists of one name. */
const ORDER = { fieldsList: ['name' as const], sort: 'created' as const };
const READ: Call = { where: 'klaviyo', what: 'read lists', scopes: ['lists:read'] };

/**
 * Looks lists up by remembered id, and by exact name those without one and those whose id is gone.
 * Names are not unique in Klaviyo: of several lists the oldest is taken, and a log line says so.
 */
export async function findLists(
  api: Api,
  context: DestinationContext,
  audiences: readonly AudienceRef[],
): Promise<Map<string, RemoteAudience>> {
  const ids = audiences.flatMap((audience) => audience.remote_id ?? []);
  const alive = new Set((await listsWhere(api, 'id', ids)).map((list) => list.id));
  const found = new Map<string, RemoteAudience>();
  for (const { name, remote_id } of audiences) {
    if (remote_id !== undefined && alive.has(remote_id)) found.set(name, { remote_id });
  }
  const names = audiences.map((audience) => audience.name).filter((name) => !found.has(name));
  const named = Map.groupBy(await listsWhere(api, 'name', names), (list) => list.attributes.name);
  for (const name of names) {
    const [oldest, ...others] = named.get(name) ?? [];
    if (others.length)
      context.log('klaviyo has several lists of one name, the oldest is taken', { list: name });
    if (oldest) found.set(name, { remote_id: oldest.id });
  }
  return found;
}

/**
 * Creates a list, with the account's own opt-in process. Every attempt looks first: creating twice makes two lists,
 * and the answer to an earlier attempt may have been lost.
 */
export async function createList(api: Api, name: string): Promise<RemoteAudience & { requests: number }> {
  const call: Call = {
    where: `klaviyo list "${name}"`,
    what: 'create the list',
    scopes: ['lists:read', 'lists:write'],
    daily: `${LISTS_A_DAY} new lists`,
  };
  let requests = 0;
  const { value } = await api.ask(call, List, async () => {
    const { response } = await api.lists.getLists({ ...ORDER, filter: anyOf('name', [name]) });
    const existing = Lists.parse(response.data).data.find((list) => list.attributes.name === name);
    if (existing) return { data: existing };
    requests += 1;
    const { response: created } = await api.lists.createList({
      data: { type: 'list', attributes: { name } },
    });
    return created.data;
  });
  return { remote_id: value.data.id, requests };
}

export async function renameList(
  api: Api,
  { remote_id: id }: RemoteAudience,
  name: string,
): Promise<{ requests: number }> {
  const call: Call = {
    where: `klaviyo list "${name}"`,
    what: 'rename the list',
    scopes: ['lists:write'],
    list: true,
  };
  const { requests } = await api.ask(call, List, async () => {
    const body = { data: { type: 'list' as const, id, attributes: { name } } };
    return (await api.lists.updateList(id, body)).response.data;
  });
  return { requests };
}

/** Counting costs: one in a second and fifteen in a minute. */
export async function countMembers(api: Api, { remote_id: id }: RemoteAudience): Promise<RemoteCount> {
  const call: Call = {
    where: `klaviyo list ${id}`,
    what: 'count the list',
    scopes: ['lists:read'],
    list: true,
  };
  const { value } = await api.ask(call, CountedList, async () => {
    const { response } = await api.lists.getList(id, { additionalFieldsList: ['profile_count'] });
    return response.data;
  });
  return { members: value.data.attributes.profile_count, exact: true };
}

/** The first page of all lists, as proof that they can be read. */
export async function readSomeLists(api: Api): Promise<void> {
  await api.ask(READ, Lists, async () => (await api.lists.getLists(ORDER)).response.data);
}

async function listsWhere(api: Api, field: 'id' | 'name', values: readonly string[]): Promise<Listed[]> {
  const lists: Listed[] = [];
  for (let at = 0; at < values.length; at += PAGE) {
    const filter = anyOf(field, values.slice(at, at + PAGE));
    let pageCursor: string | undefined;
    do {
      const page = { ...ORDER, filter, pageSize: PAGE, pageCursor };
      const { value } = await api.ask(
        READ,
        Lists,
        async () => (await api.lists.getLists(page)).response.data,
      );
      lists.push(...value.data);
      pageCursor = cursorIn(value.links?.next);
    } while (pageCursor);
  }
  return lists;
}
