import { z } from 'zod';
import { cursorIn, type Api } from './api.ts';
import { refusalsIn, type Call } from './explain.ts';
import { keysOf } from './lookup.ts';
import { Profiles, type Refusal } from './replies.ts';

/** The most profiles in a page of a list's (API description of revision 2026-07-15). */
const PAGE = 100;

const Answer = z.object({ unknown: z.array(z.string()) });

/**
 * Puts profiles on a list or takes them off, by id, all or nobody. Consent and suppression stay as they are.
 * @param ids at most 1,000
 * @returns `unknown`: ids Klaviyo refuses, because of which nobody was put on or taken off as far as anybody knows
 */
export async function changeMembers(
  api: Api,
  list: { where: string; id: string },
  change: 'add' | 'remove',
  ids: readonly string[],
): Promise<{ unknown: string[]; requests: number }> {
  const call: Call = {
    where: list.where,
    what: change === 'add' ? 'put people on the list' : 'take people off the list',
    scopes: ['lists:write', 'profiles:write'],
    list: true,
  };
  const { value, requests } = await api.ask(call, Answer, () => send(api, list.id, change, ids));
  return { unknown: value.unknown, requests };
}

/** The ledger keys of everybody on a list, a page at a time; who has an address and a number has both. */
export async function* memberKeys(api: Api, list: string): AsyncGenerator<string[]> {
  const call: Call = {
    where: `klaviyo list ${list}`,
    what: 'read who is on the list',
    scopes: ['lists:read', 'profiles:read'],
    list: true,
  };
  let pageCursor: string | undefined;
  do {
    const query = { pageSize: PAGE, pageCursor, fieldsProfile: ['email' as const, 'phone_number' as const] };
    const { value } = await api.ask(
      call,
      Profiles,
      async () => (await api.lists.getProfilesForList(list, query)).response.data,
    );
    yield value.data.flatMap(keysOf);
    pageCursor = cursorIn(value.links?.next);
  } while (pageCursor);
}

/** Whether one unknown id spoils the whole request is not documented; the caller sends the rest again in any case. */
async function send(
  api: Api,
  list: string,
  change: 'add' | 'remove',
  ids: readonly string[],
): Promise<unknown> {
  try {
    const body = { data: ids.map((id) => ({ type: 'profile' as const, id })) };
    const { response } =
      change === 'add'
        ? await api.lists.addProfilesToList(list, body)
        : await api.lists.removeProfilesFromList(list, body);
    // The SDK takes any 2xx for success, a proxy's login page too.
    return response.status === 204 ? { unknown: [] } : undefined;
  } catch (error) {
    const unknown = refusalsIn(error).flatMap((refusal) => refusedId(refusal, ids) ?? []);
    if (unknown.length === 0) throw error;
    return { unknown };
  }
}

function refusedId(refusal: Refusal, ids: readonly string[]): string | undefined {
  const row = /^\/data\/(\d+)(\/|$)/.exec(refusal.source?.pointer ?? '')?.[1];
  return (row === undefined ? undefined : ids[Number(row)]) ?? ids.find((id) => refusal.detail.includes(id));
}
