import { z } from 'zod';
import type { SandboxReply, SandboxRequest } from '../sandbox.ts';
import { filterIn, invalid, notFound, page, read, self, sparse, time } from './sandbox-jsonapi.ts';
import type { Endpoint } from './sandbox-rates.ts';
import { showProfile } from './sandbox-profiles.ts';
import type { List, Store } from './sandbox-store.ts';

const ListBody = z.object({
  data: z.object({
    type: z.literal('list'),
    attributes: z.object({
      name: z.string().min(1),
      opt_in_process: z.enum(['single_opt_in', 'double_opt_in']).default('single_opt_in'),
    }),
  }),
});
const ListChange = z.object({
  data: z.object({
    type: z.literal('list'),
    id: z.string(),
    attributes: z.object({ name: z.string().min(1).nullish() }),
  }),
});
const Members = z.object({ data: z.array(z.object({ type: z.literal('profile'), id: z.string() })) });
const MOST_MEMBERS = 1_000;
const ONE = /^\/lists\/([^/]+)$/;
const FULL_PROFILES = /^\/lists\/([^/]+)\/profiles$/;
const PROFILES = /^\/lists\/([^/]+)\/relationships\/profiles$/;

/** Lists and who is on them. Names are not unique; an unknown profile refuses a whole change of members. */
export function listEndpoints(store: Store): Endpoint[] {
  return [
    { method: 'GET', path: /^\/lists$/, tier: 'L', handle: getLists },
    { method: 'POST', path: /^\/lists$/, tier: 'M_DAILY', handle: createList },
    { method: 'GET', path: ONE, tier: (query) => (withCount(query) ? 'XS' : 'L'), handle: getList },
    { method: 'PATCH', path: ONE, tier: 'M', handle: changeList },
    { method: 'DELETE', path: ONE, tier: 'M', handle: deleteList },
    { method: 'GET', path: FULL_PROFILES, tier: 'L', handle: getFullMembers },
    { method: 'GET', path: PROFILES, tier: 'L', handle: getMembers },
    { method: 'POST', path: PROFILES, tier: 'M', handle: changeMembers((list, id) => list.members.add(id)) },
    {
      method: 'DELETE',
      path: PROFILES,
      tier: 'M',
      handle: changeMembers((list, id) => list.members.delete(id)),
    },
  ];

  function getLists(request: SandboxRequest): SandboxReply {
    const filter = filterIn(request.query, ['id', 'name']);
    const lists = [...store.lists.values()].filter(
      (list) => !filter || filter.values.includes(filter.field === 'id' ? list.id : list.name),
    );
    if (request.query.get('sort') === '-created') lists.reverse();
    return page(request, lists, { usual: 10, most: 10 }, (list) => show(request, list));
  }

  function createList(request: SandboxRequest): SandboxReply {
    const { name, opt_in_process } = read(ListBody, request.body).data.attributes;
    const list = store.createList(name, opt_in_process);
    return { status: 201, body: { data: show(request, list), links: self(`/lists/${list.id}`) } };
  }

  function getList(request: SandboxRequest, id: string): SandboxReply {
    return { status: 200, body: { data: show(request, found(id)), links: self(`/lists/${id}`) } };
  }

  function changeList(request: SandboxRequest, id: string): SandboxReply {
    const list = found(id);
    const { data } = read(ListChange, request.body);
    if (data.id !== id) throw invalid('The id is not that of the path.', { pointer: '/data/id' });
    list.name = data.attributes.name ?? list.name;
    return { status: 200, body: { data: show(request, list), links: self(`/lists/${id}`) } };
  }

  function deleteList(_request: SandboxRequest, id: string): SandboxReply {
    store.lists.delete(found(id).id);
    return { status: 204 };
  }

  function getFullMembers(request: SandboxRequest, id: string): SandboxReply {
    const profiles = [...found(id).members].flatMap((profile) => store.profiles.get(profile) ?? []);
    return page(request, profiles, { usual: 20, most: 100 }, (profile) => {
      const shown = showProfile(request, profile);
      return { ...shown, attributes: { ...shown.attributes, joined_group_at: time(found(id).created) } };
    });
  }

  function getMembers(request: SandboxRequest, id: string): SandboxReply {
    const list = found(id);
    const filter = filterIn(request.query, ['email', 'phone_number']);
    const asked = filter?.values.flatMap((value) => store.find(filter.field, value)?.id ?? []);
    const ids = asked ? asked.filter((profile) => list.members.has(profile)) : [...list.members];
    return page(request, ids, { usual: 20, most: 100 }, (profile) => ({ type: 'profile', id: profile }));
  }

  function changeMembers(change: (list: List, profile: string) => void): Endpoint['handle'] {
    return (request, id) => {
      const list = found(id);
      const { data } = read(Members, request.body);
      if (data.length > MOST_MEMBERS)
        throw invalid(`At most ${MOST_MEMBERS} profiles.`, { pointer: '/data' });
      for (const [index, profile] of data.entries()) {
        if (!store.profiles.has(profile.id))
          throw notFound('profile', profile.id, { pointer: `/data/${index}/id` });
      }
      for (const profile of data) change(list, profile.id);
      return { status: 204 };
    };
  }

  function found(id: string): List {
    const list = store.lists.get(id);
    if (!list) throw notFound('list', id);
    return list;
  }
}

function show(request: SandboxRequest, list: List) {
  const { name, opt_in_process, members } = list;
  const attributes = sparse(request, 'list', {
    name,
    opt_in_process,
    created: time(list.created),
    updated: time(list.created),
  });
  const count = withCount(request.query) ? { profile_count: members.size } : {};
  return {
    type: 'list',
    id: list.id,
    attributes: { ...attributes, ...count },
    links: self(`/lists/${list.id}`),
  };
}

function withCount(query: URLSearchParams): boolean {
  return query.get('additional-fields[list]') === 'profile_count';
}
